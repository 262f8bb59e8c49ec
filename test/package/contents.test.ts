/** What `npm pack` takes along: all that its documents link to, and not what belongs to the checkout. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../support/cli.ts";

const pack = ["pack", "--dry-run", "--json", "--ignore-scripts", "--offline"];
const [packed] = JSON.parse(
  execFileSync("npm", pack, { cwd: projectRoot, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
) as readonly { readonly size: number; readonly files: readonly { readonly path: string }[] }[];
const paths = packed?.files.map(({ path }) => path) ?? [];

test("what the packed documents link to is packed too", () => {
  const pages = paths.filter((path) => path.endsWith(".md"));
  expect(pages).toContain("docs/page.md");
  const missing = pages.flatMap((page) => {
    const text = readFileSync(join(projectRoot, page), "utf8");
    return [...text.matchAll(/\]\(([^)#\s:]+)(?:#[^)]*)?\)/g)]
      .map((match) => posix.join(posix.dirname(page), match[1] ?? "").replace(/\/$/, ""))
      .filter((path) => !paths.some((one) => one === path || one.startsWith(`${path}/`)))
      .map((path) => `${page}: ${path}`);
  });
  expect(missing).toEqual([]);
});

test("the runtime of plain pages comes along, and nothing that is made by a checkout", () => {
  expect(paths).toContain("dist/browser/runtime.js");
  expect(paths).toContain("dist/browser/tfjs-backend-wasm-simd.wasm");
  const stray = /^(test|src|node_modules|examples\/browser\/dist)\/|^examples\/.*\/runs\/|^dist\.tmp/;
  expect(paths.filter((path) => stray.test(path))).toEqual([]);
});

test("the package stays small", () => {
  expect(packed?.size).toBeLessThan(4_000_000);
});

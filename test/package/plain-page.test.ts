/** The page of the documents that has no bundler, in a headless Chromium: files on a static host, on both targets. */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { serveFolder, startBrowser } from "../support/browser.ts";
import { projectRoot, temporaryPlace } from "../support/cli.ts";
import { markdownBlocks } from "../support/markdown.ts";

const place = temporaryPlace();
const page = markdownBlocks("docs/page.md").find(({ language }) => language === "html")?.text ?? "";
const askingFor = (target: string): string =>
  page.replace("openProgram(program)", `openProgram(program, { target: "${target}" })`);
let url = "";

beforeAll(async () => {
  const example = (name: string): string => readFileSync(join(projectRoot, "examples/mnist", name), "utf8");
  place.write("features.margo", example("features.margo"));
  place.write("digits.margo", example("arcface.margo").replace("train ArcFaceDigits", "train Digits"));
  await place.margo("build", "digits.margo", "--out", "cpu");
  await place.margo("build", "digits.margo", "--target", "wgsl", "--out", "gpu");
  cpSync(join(projectRoot, "dist/browser"), join(place.path, "margo"), { recursive: true });
  for (const target of ["wgsl", "tfjs"]) place.write(`${target}.html`, askingFor(target));
  ({ url } = await serveFolder(place.path));
});

describe("a page without a bundler", async () => {
  const open = await startBrowser("swiftshader");

  test.each([
    ["wgsl", /^10 scores on WebGPU, /],
    ["tfjs", /^10 scores on tfjs .*backend wasm/],
  ])("runs %s", async (target, says) => {
    const { page: opened, errors } = await open(`${url}${target}.html`);
    await expect.poll(() => opened.textContent("body"), { timeout: 60_000 }).toMatch(says);
    expect(errors.filter((error) => !error.includes("favicon") && !error.includes("404"))).toEqual([]);
  });

  test("on WebGPU loads no tfjs", async () => {
    const { page: opened } = await open("about:blank");
    const loaded: string[] = [];
    opened.on("request", (request) => loaded.push(request.url()));
    await opened.goto(`${url}wgsl.html`);
    await expect.poll(() => opened.textContent("body"), { timeout: 60_000 }).toMatch(/scores/);
    expect(loaded.filter((name) => /tfjs|wasm|cpu/.test(name))).toEqual([]);
  });

  test("says both reasons where neither backend of tfjs can be loaded", async () => {
    const { page: opened, errors } = await open("about:blank");
    // Both backends are in chunks named after their packages' folders.
    await opened.route(/\/margo\/dist-/, (route) => route.fulfill({ status: 404 }));
    await opened.goto(`${url}tfjs.html`);
    await expect
      .poll(() => errors.join("\n"), { timeout: 60_000 })
      .toMatch(/WebAssembly did not start: .*dist-\w+\.js\. Plain JavaScript neither: .*dist-\w+\.js/);
  });
});

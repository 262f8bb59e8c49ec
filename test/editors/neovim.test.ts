/**
 * A client that we did not write: headless Neovim starts the built server with the configuration of docs/editors.md and
 * does what its user would (neovim.lua). Where Neovim is not installed the test is left out with a word.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot, temporaryPlace } from "../support/cli.ts";

const place = temporaryPlace();
const installed = spawnSync("nvim", ["--version"], { encoding: "utf8" });
const version = /^NVIM v\S+/.exec(installed.stdout ?? "")?.[0];

const source = `import { dense } from "std/layers"

/// Twice the value.
fn twice(x: f32[N]) = 2*x

model M(x: f32[N, 4]) -> f32[N, 2] {
  x|>dense(2)
}

fn four(x: f32[N]) = twice(twice(y))
`;
const formatted = source.replace("2*x", "2 * x").replace("x|>dense", "x |> dense");

test(`Neovim, a client of the server: ${version ?? "not installed"}`, ({ skip }) => {
  if (version === undefined) return skip("there is no nvim on the PATH");
  const result = neovim(source);
  expect(result).toMatchObject({
    filetype: "margo",
    diagnostics: expect.stringMatching(/^10:34 there is nothing called `y` here[^:]*$/),
    hover: expect.stringContaining("Twice the value."),
    definition: "4:4",
    references: ["4:4", "10:22", "10:28"],
    formatted: linesOf(formatted),
    renamed: linesOf(formatted.replaceAll("twice", "double")),
    completion: expect.arrayContaining(["double", "four", "x"]),
    afterwards: "",
  });
});

/** What neovim.lua found out about a file with this text. */
function neovim(text: string): unknown {
  const file = place.write("project/four.margo", text);
  place.write("project/package.json", "{}");
  const command = place.write(
    "bin/margo",
    `#!/bin/sh\nexec "${process.execPath}" "${join(projectRoot, "dist/margo.js")}" "$@"\n`,
  );
  chmodSync(command, 0o755);
  const result = place.write("home/result.json", "{}");
  const script = join(import.meta.dirname, "neovim.lua");
  const args = ["--headless", "-n", "-i", "NONE", "-u", place.write("init.lua", configuration()), file];
  const env = {
    ...process.env,
    HOME: dirname(result),
    PATH: [dirname(command), process.env["PATH"] ?? ""].join(delimiter),
    MARGO_RESULT: result,
  };
  const options = { env, encoding: "utf8", cwd: dirname(file), timeout: 55_000 } as const;
  const { status, stderr } = spawnSync("nvim", [...args, "-c", `luafile ${script}`], options);
  expect(status, stderr).toBe(0);
  return JSON.parse(readFileSync(result, "utf8"));
}

/** The block of docs/editors.md, as its reader copies it. */
function configuration(): string {
  const page = readFileSync(join(projectRoot, "docs/editors.md"), "utf8");
  return /^```lua\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? "";
}

function linesOf(text: string): readonly string[] {
  return text.trimEnd().split("\n");
}

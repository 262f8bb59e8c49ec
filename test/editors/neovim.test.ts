/**
 * A client that we did not write: headless Neovim starts the built server with the configuration of docs/editors.md and
 * does what its user would (neovim.lua). Where Neovim is not installed the test is left out with a word.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryPlace } from "../support/cli.ts";
import { editorSession, formatted, installed, linesOf, renamed } from "../support/editor-session.ts";

const place = temporaryPlace();
const version = installed("nvim", /^(NVIM v\S+)/);

test(`Neovim, a client of the server: ${version ?? "not installed"}`, ({ skip }) => {
  if (version === undefined) return skip("there is no nvim on the PATH");
  const script = join(import.meta.dirname, "neovim.lua");
  const result = editorSession(place, {
    command: "nvim",
    language: "lua",
    configuration: "init.lua",
    args: (init, file) => ["--headless", "-n", "-i", "NONE", "-u", init, file, "-c", `luafile ${script}`],
  });
  expect(result).toMatchObject({
    filetype: "margo",
    diagnostics: expect.stringMatching(/^10:34 there is nothing called `y` here[^:]*$/),
    hover: expect.stringContaining("Twice the value."),
    definition: "4:4",
    references: ["4:4", "10:22", "10:28"],
    formatted: linesOf(formatted),
    renamed: linesOf(renamed),
    completion: expect.arrayContaining(["double", "four", "x"]),
    afterwards: "",
  });
});

/**
 * Emacs with its own client, Eglot (since 29): it starts the built server with the configuration of docs/editors.md and
 * does what its user would (emacs.el). Where no such Emacs is installed the test is left out with a word.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryPlace } from "../support/cli.ts";
import { editorSession, formatted, installed, renamed } from "../support/editor-session.ts";

const place = temporaryPlace();
const version = installed("emacs", /^GNU Emacs (\S+)/);
const hasEglot = Number.parseInt(version ?? "0", 10) >= 29;

test(`Emacs, a client of the server: ${version ?? "not installed"}`, ({ skip }) => {
  if (!hasEglot) return skip("there is no Emacs with Eglot on the PATH");
  const script = join(import.meta.dirname, "emacs.el");
  const result = editorSession(place, {
    command: "emacs",
    language: "lisp",
    configuration: "init.el",
    args: (init, file) => ["-Q", "--batch", "-l", init, file, "-l", script],
  });
  expect(result).toMatchObject({
    mode: "margo-mode",
    diagnostics: [expect.stringMatching(/^10 .*there is nothing called `y` here/)],
    // Without a mode for Markdown, Eglot asks for plain text.
    hover: "fn twice(x: f32[N])\n\nTwice the value.",
    definition: 4,
    references: [4, 10, 10],
    formatted,
    renamed,
    completion: expect.arrayContaining(["double"]),
    outline: expect.arrayContaining(["double", "M", "four"]),
    fixed: expect.stringContaining('import { dense, relu } from "std/layers"'),
    afterwards: [],
  });
});

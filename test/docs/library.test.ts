/** docs/library.md is what the builtins and std/ say. After a change: `npx tsx scripts/generate-docs.ts`. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { libraryDocument } from "../../scripts/library-document.ts";

test("docs/library.md is fresh", () => {
  const file = new URL("../../docs/library.md", import.meta.url);
  expect(readFileSync(file, "utf8")).toBe(libraryDocument());
});

test("everything that std/ exports says what it does", () => {
  const undocumented = libraryDocument()
    .split("\n")
    .filter(
      (line, at, lines) =>
        /^`(?:fn|layer|model|margin|loss|optimizer) /.test(line) &&
        lines[at + 2]?.replace(/^> ?/, "").trim() === "",
    );
  expect(undocumented).toEqual([]);
});

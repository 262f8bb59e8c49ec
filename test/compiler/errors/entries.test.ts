/** Every entry's example makes exactly the mistake that it is the example of. */
import { describe, expect, test } from "vitest";
import { errorEntries } from "../../../compiler/errors/index.ts";
import { diagnosticsOfExample } from "../../../scripts/errors-document.ts";

describe("the catalogue", () => {
  test("codes are unique and well formed", () => {
    const codes = errorEntries.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^M0[0-6]\d\d$/);
  });

  test("a title is a heading and an explanation is a sentence", () => {
    for (const { title, explanation } of errorEntries) {
      expect(title).not.toMatch(/[.!]$/);
      expect(explanation).toMatch(/[.:?`]$/);
    }
  });
});

describe("examples", () => {
  const shown = errorEntries.filter(({ example }) => example !== "");
  test.each(shown.map((entry) => [entry.code, entry] as const))("%s", (code, entry) => {
    const found = diagnosticsOfExample(entry);
    expect(found.map((diagnostic) => diagnostic.code)).toContain(code);
    // Besides, there may be the warning that an import is not used.
    const errors = found.filter(({ severity }) => severity === "error");
    for (const error of errors) expect(error.code).toBe(code);
  });
});

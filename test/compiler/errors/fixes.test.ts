/** Every fix of every entry's example really mends: in the text that it leaves, that diagnostic is gone. */
import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../../compiler/errors/diagnostic.ts";
import { errorEntries } from "../../../compiler/errors/index.ts";
import {
  checkExample,
  diagnosticsOfExample,
  exampleFile,
  otherFile,
} from "../../../scripts/errors-document.ts";

/** The files after a fix: edits go from the last to the first, so that offsets hold. */
function fixed(files: Readonly<Record<string, string>>, { fix }: Diagnostic): Record<string, string> {
  const result: Record<string, string> = { ...files };
  const edits = (fix?.edits ?? []).toSorted((a, b) => b.span.start - a.span.start);
  for (const { span, newText } of edits) {
    const text = result[span.file];
    if (text === undefined) throw new Error(`a fix changes ${span.file}, which is not the user's`);
    result[span.file] = text.slice(0, span.start) + newText + text.slice(span.end);
  }
  return result;
}

describe("fixes", () => {
  const cases = errorEntries.flatMap((entry) => {
    const { code, example } = entry;
    const own = diagnosticsOfExample(entry).filter((one) => one.code === code && one.fix !== undefined);
    return own.slice(0, 1).map((diagnostic) => ({ code, example, diagnostic }));
  });

  test("names, imports, settings and slips of the pen have them", () => {
    const codes = new Set(cases.map(({ code }) => code));
    for (const code of ["M0002", "M0007", "M0101", "M0104", "M0105", "M0109", "M0110", "M0302", "M0313"])
      expect(codes).toContain(code);
  });

  test.each(cases)("$code", ({ code, example, diagnostic }) => {
    const files = fixed({ [exampleFile]: example, "other.margo": otherFile }, diagnostic);
    const left = checkExample(files);
    const place = ({ span }: Diagnostic): string => `${span.file}:${span.start}`;
    const again = left.filter((one) => one.code === code && place(one) === place(diagnostic));
    expect(
      again.map(({ message }) => message),
      files[exampleFile],
    ).toEqual([]);
    // Nothing is broken in its stead: the text parses as well as before.
    const isSyntax = (one: Diagnostic): boolean => one.code.startsWith("M00") && one.code !== code;
    const before = diagnosticsOfExample({ example }).filter(isSyntax).length;
    expect(left.filter(isSyntax).length, files[exampleFile]).toBeLessThanOrEqual(before);
  });
});

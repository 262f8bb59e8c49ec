/**
 * Sources with a cursor in them. `▮` is where the cursor stands; `//- name.margo` begins another file of the workspace,
 * and what comes before the first such line is `main.margo`. Results are drawn back into the source or printed below it.
 */
import { expect } from "vitest";
import type { TextEdit } from "../../../compiler/errors/diagnostic.ts";
import type { Span } from "../../../compiler/errors/span.ts";
import type { Analysis, Documents } from "../../../src/ide/documents.ts";
import { documentsOf } from "./documents.ts";

export interface Marked {
  readonly documents: Documents;
  readonly analysis: Analysis;
  readonly offset: number;
  readonly files: Readonly<Record<string, string>>;
}

const cursor = "▮";

export function marked(source: string): Marked {
  const parts = source.split(/^\/\/- (\S+)\n/m);
  const files: Record<string, string> = { "main.margo": parts[0] ?? "" };
  for (let at = 1; at < parts.length; at += 2) files[parts[at] ?? ""] = parts[at + 1] ?? "";
  const [file = "main.margo", text = ""] =
    Object.entries(files).find(([, text]) => text.includes(cursor)) ?? [];
  const offset = text.indexOf(cursor);
  files[file] = text.replace(cursor, "");
  const documents = documentsOf(files);
  const analysis = documents.analysis(file);
  if (analysis === undefined || offset < 0) throw new Error("the source has no cursor");
  return { documents, analysis, offset, files };
}

/** The places of spans between `‹` and `›`, in every file that has one. */
export function drawn(files: Readonly<Record<string, string>>, spans: readonly Span[]): string {
  return Object.entries(files)
    .flatMap(([file, text]) => {
      const here = spans.filter((span) => span.file === file);
      const marks = here.map(({ start, end }): TextEdit => {
        return { span: { file, start, end }, newText: `‹${text.slice(start, end)}›` };
      });
      return here.length === 0 ? [] : [`//- ${file}\n${edited(text, marks)}`];
    })
    .join("");
}

/** The text after edits that do not overlap. */
export function edited(text: string, edits: readonly TextEdit[]): string {
  return edits
    .toSorted((a, b) => b.span.start - a.span.start)
    .reduce((all, { span, newText }) => all.slice(0, span.start) + newText + all.slice(span.end), text);
}

/** Source and result together, so that a failure shows both. */
export function expectResult(source: string, found: string, expected: string): void {
  expect(`${source.trim()}\n----\n${found.trim()}`).toBe(`${source.trim()}\n----\n${expected.trim()}`);
}

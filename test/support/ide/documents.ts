/** A workspace of texts for the tests of the editor's functions, the library beside it. */
import { type Analysis, Documents } from "../../../src/ide/documents.ts";
import { hostOf } from "../elaborated-loss.ts";

type Files = Readonly<Record<string, string>>;

export const testFile = "test.margo";

export function documentsOf(files: Files): Documents {
  return new Documents({ ...hostOf(files), files: () => Object.keys(files) });
}

/** The analysis of one text, with other files beside it. */
export function analysed(
  text: string,
  others: Files = {},
): { readonly documents: Documents; readonly analysis: Analysis } {
  const documents = documentsOf({ [testFile]: text, ...others });
  const analysis = documents.analysis(testFile);
  if (analysis === undefined) throw new Error("the text has no analysis");
  return { documents, analysis };
}

/** A text with its cursor `¦` taken out, or the stretch between two of them. */
export function marked(source: string): {
  readonly text: string;
  readonly start: number;
  readonly end: number;
} {
  const [before = "", middle, after] = source.split("¦");
  if (middle === undefined) throw new Error("the source has no ¦");
  if (after === undefined) return { text: before + middle, start: before.length, end: before.length };
  return { text: before + middle + after, start: before.length, end: before.length + middle.length };
}

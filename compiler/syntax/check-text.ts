/** What is wrong with a text before any word of it is read: its size, and characters that are none. */
import type { Diagnostic } from "../errors/diagnostic.ts";
import { fileTooLarge, largestText, notText } from "../errors/syntax.ts";

/** The text to go on with, of the same length: bad characters are blanks in it. A byte order mark at the start is one too. */
export interface CheckedText {
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

export function checkText(file: string, text: string): CheckedText {
  if (text.length > largestText) {
    const span = { file, start: 0, end: 0 };
    return { text: "", diagnostics: [fileTooLarge.report({ span, length: text.length })] };
  }
  const diagnostics: Diagnostic[] = [];
  const clean = text.replace(/^\ufeff/, " ").replace(badCharacter, (character: string, start: number) => {
    const found = character === "\u0000" ? "nul" : "surrogate";
    if (diagnostics.length < mostReported) {
      diagnostics.push(notText.report({ span: { file, start, end: start + 1 }, found }));
    }
    return " ";
  });
  return { text: clean, diagnostics };
}

// A surrogate that is half of a pair is no character of its own for a pattern with the flag u.
const badCharacter = /\0|[\ud800-\udfff]/gu;

/** A binary file would have thousands. */
const mostReported = 3;

/** Formatting of documents and of ranges. What is broken stays; a file that cannot be read at all gets no edits. */
import type {
  DocumentFormattingParams,
  DocumentRangeFormattingParams,
  FormattingOptions,
  TextEdit,
} from "vscode-languageserver";
import { type FormatOptions, formatRange } from "../format/index.ts";
import { type Asked, type Session, askedOf, offsetOf, rangeOf } from "./session.ts";

export function formatting(
  session: Session,
  { textDocument, options }: DocumentFormattingParams,
): TextEdit[] {
  const asked = askedOf(session, textDocument);
  return edits(asked, 0, asked.analysis.source.text.length, options);
}

export function rangeFormatting(
  session: Session,
  { textDocument, range, options }: DocumentRangeFormattingParams,
): TextEdit[] {
  const asked = askedOf(session, textDocument);
  return edits(asked, offsetOf(asked, range?.start), offsetOf(asked, range?.end), options);
}

function edits(
  { analysis, documents }: Asked,
  start: number,
  end: number,
  options: FormattingOptions,
): TextEdit[] {
  if (documents.isTooLarge(analysis.file)) return [];
  const { text } = analysis.source;
  return formatRange(text, start, end, optionsOf(options)).map((edit) => ({
    range: rangeOf(analysis, edit),
    newText: edit.newText,
  }));
}

/** An editor says how it indents; how wide a line is says the one format. */
function optionsOf({ tabSize, insertSpaces }: Partial<FormattingOptions> = {}): FormatOptions {
  const isWidth = Number.isInteger(tabSize) && tabSize !== undefined && tabSize > 0 && tabSize <= 16;
  return { ...(isWidth ? { tabWidth: tabSize } : {}), useTabs: insertSpaces === false };
}

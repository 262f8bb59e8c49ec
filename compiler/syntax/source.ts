/**
 * A source text and its lines. Offsets count UTF-16 code units of the text as read; lines end at LF, CRLF
 * or CR, and positions count from 0 as in the Language Server Protocol.
 */

export interface Position {
  readonly line: number;
  /** In UTF-16 code units. */
  readonly character: number;
}

export interface SourceText {
  readonly file: string;
  readonly text: string;
  /** The offset at which each line begins. */
  readonly lineStarts: readonly number[];
}

export function sourceText(file: string, text: string): SourceText {
  const lineStarts = [0];
  for (const match of text.matchAll(/\r\n|\r|\n/g)) lineStarts.push(match.index + match[0].length);
  return { file, text, lineStarts };
}

export function positionAt(source: SourceText, offset: number): Position {
  const line = lineOf(source, offset);
  return { line, character: Math.min(offset, source.text.length) - (source.lineStarts[line] ?? 0) };
}

/** `file:line:column`, counted from 1, as terminals make it a link. */
export function placeText(source: SourceText, offset: number): string {
  const { line, character } = positionAt(source, offset);
  return `${source.file}:${line + 1}:${character + 1}`;
}

export function offsetAt(source: SourceText, { line, character }: Position): number {
  const start = source.lineStarts[line];
  if (start === undefined) return source.text.length;
  return Math.min(start + character, source.lineStarts[line + 1] ?? source.text.length);
}

/** A line without its end. */
export function lineText(source: SourceText, line: number): string {
  const start = source.lineStarts[line] ?? source.text.length;
  const end = source.lineStarts[line + 1] ?? source.text.length;
  return source.text.slice(start, end).replace(/[\r\n]+$/, "");
}

/** The last line that begins at or before the offset, by bisection. */
function lineOf(source: SourceText, offset: number): number {
  let low = 0;
  let high = source.lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((source.lineStarts[middle] ?? Infinity) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

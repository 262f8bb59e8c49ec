/** A stretch of a source file: offsets are UTF-16 code units, the end is exclusive. */
export interface Span {
  /** The file's name as diagnostics show it: a path relative to the workspace, or `std/layers`. */
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

export function joinSpans(first: Span, last: Span): Span {
  return { file: first.file, start: Math.min(first.start, last.start), end: Math.max(first.end, last.end) };
}

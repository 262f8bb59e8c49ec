/**
 * Where emitted text comes from, for every target: the comment that shows a source line, and the source map (ECMA-426,
 * version 3) from each statement to the .margo text it was made of.
 */
import { type SourceMapMappings, encode } from "@jridgewell/sourcemap-codec";
import type { Span } from "../errors/span.ts";

/** Where a value was written, as a comment: `digits.margo:12  let z = logits(…)`. */
export type SourceLine = (span: Span) => string | undefined;

/** A place in emitted text, counted from 0, and what was written for it. */
export interface Mapping {
  readonly line: number;
  readonly column: number;
  readonly span: Span;
}

/** A source file as the map names it, a path beside the map or a URL, and its text. */
export interface MappedSource {
  readonly name: string;
  readonly text: string;
}

/** A source map as bundlers take it, who write into it. */
export interface SourceMap {
  version: number;
  file: string;
  sources: string[];
  sourcesContent: string[];
  names: string[];
  mappings: string;
}

/** The text of the map of the emitted text `file`. `sourceOf` gives the files that spans name. */
export function sourceMapText(
  file: string,
  mappings: readonly Mapping[],
  sourceOf: (file: string) => MappedSource,
): string {
  return `${JSON.stringify(sourceMap(file, mappings, sourceOf))}\n`;
}

/** The same as a value. */
export function sourceMap(
  file: string,
  mappings: readonly Mapping[],
  sourceOf: (file: string) => MappedSource,
): SourceMap {
  const files = [...new Set(mappings.map(({ span }) => span.file))];
  const sources = files.map(sourceOf);
  const positions = sources.map(({ text }) => positionsIn(text));
  const lines: SourceMapMappings = Array.from({ length: (mappings.at(-1)?.line ?? -1) + 1 }, () => []);
  for (const { line, column, span } of mappings) {
    const source = files.indexOf(span.file);
    const [sourceLine, sourceColumn] = positions[source]?.(span.start) ?? [0, 0];
    lines[line]?.push([column, source, sourceLine, sourceColumn]);
  }
  return {
    version: 3,
    file,
    sources: sources.map(({ name }) => name),
    sourcesContent: sources.map(({ text }) => text),
    names: [],
    mappings: encode(lines),
  };
}

/** The comment at the end of a text by which tools find its map. */
export function sourceMapComment(mapFile: string): string {
  return `//# sourceMappingURL=${encodeURIComponent(mapFile)}\n`;
}

/** Line and column of an offset, from 0. */
function positionsIn(text: string): (offset: number) => readonly [number, number] {
  const starts = [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map((end) => end.index + end[0].length)];
  return (offset) => {
    const line = starts.findLastIndex((start) => start <= offset);
    return [line, offset - (starts[line] ?? 0)];
  };
}

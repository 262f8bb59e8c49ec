/**
 * Where emitted code comes from. While text is made, a statement begins with a mark that names its span;
 * when the text is whole, the marks are taken out and their places noted. So lines may be indented and moved into
 * loops like any other text.
 */
import type { Span } from "../../errors/span.ts";
import type { Mapping, SourceLine } from "../source-map.ts";

export interface SourceNotes {
  readonly comment: SourceLine;
  /** The line, as one that comes from the span. A line has one origin: a later one does not replace it. */
  readonly mark: (line: string, span: Span) => string;
}

export interface SourceMarks extends SourceNotes {
  /** The text without its marks, and their places in it, in order. */
  readonly take: (text: string) => { readonly text: string; readonly mappings: readonly Mapping[] };
}

export function createSourceMarks(comment: SourceLine): SourceMarks {
  const spans: Span[] = [];
  return {
    comment,
    mark: (line, span) =>
      markAtStart.test(line) ? line : line.replace(/^ */, `$&${open}${spans.push(span) - 1}${close}`),
    take: (text) => {
      const mappings: Mapping[] = [];
      const lines = text.split("\n").map((marked, line) => {
        const [, indent = "", index = ""] = markAtStart.exec(marked) ?? [];
        const span = index === "" ? undefined : spans[Number(index)];
        if (span !== undefined) mappings.push({ line, column: indent.length, span });
        return marked.replace(markAtStart, "$1");
      });
      return { text: lines.join("\n"), mappings };
    },
  };
}

/** Two characters for private use. A comment, which might hold them, does not begin with one. */
const [open, close] = ["\uE000", "\uE001"];
const markAtStart = new RegExp(`^( *)${open}(\\d+)${close}`);

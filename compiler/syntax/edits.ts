/**
 * Edits of a text that more than one place makes: importing a name, taking an import or a statement away. They are
 * worked out from the tree and the text as it is, keep the way it is written, and leave no empty line behind.
 */
import type { Import, Module } from "./ast.ts";
import type { TextEdit } from "../errors/diagnostic.ts";
import type { Span } from "../errors/span.ts";

interface Written {
  readonly file: string;
  readonly text: string;
  readonly module: Module;
}

/** Makes a name of another file known: in the import that there is, else behind the last import, else at the top. */
export function importEdit({ file, text, module }: Written, name: string, from: string): TextEdit {
  const imports = module.declarations.filter((declaration) => declaration.kind === "import");
  const same = imports.find((one) => one.from.value === from && one.names.length > 0);
  const lastName = same?.names.at(-1);
  if (lastName !== undefined) {
    const end = (lastName.alias ?? lastName.name).span.end;
    return { span: { file, start: end, end }, newText: `, ${name}` };
  }
  const line = `import { ${name} } from "${from}"`;
  const last = imports.at(-1);
  if (last !== undefined) {
    const end = lineEnd(text, last.span.end);
    return { span: { file, start: end, end }, newText: `\n${line}` };
  }
  const start = topOf(text);
  return { span: { file, start, end: start }, newText: `${line}\n\n` };
}

/** Behind the comment that opens a file, if a blank line sets it off. */
function topOf(text: string): number {
  const opening = /^(?:\/\/[^\r\n]*(?:\r\n|\r|\n))+[ \t]*(?:\r\n|\r|\n)/.exec(text);
  return opening?.[0].length ?? 0;
}

/** Takes a name out of its import; the last one takes the import with it. */
export function unimportEdit(text: string, declaration: Import, name: string): TextEdit {
  const { file } = declaration.span;
  const spans = declaration.names.map((entry) => ({
    file,
    start: entry.name.span.start,
    end: (entry.alias ?? entry.name).span.end,
  }));
  const at = declaration.names.findIndex((entry) => (entry.alias ?? entry.name).name === name);
  const own = spans[at];
  const [before, after] = [spans[at - 1], spans[at + 1]];
  if (own === undefined || spans.length === 1) return removal(text, declaration.span);
  // With the comma that parts it from its neighbour.
  if (after !== undefined) return { span: { file, start: own.start, end: after.start }, newText: "" };
  return { span: { file, start: before?.end ?? own.start, end: own.end }, newText: "" };
}

/** Takes a stretch away, with its line where nothing else stands there. */
export function removal(text: string, span: Span): TextEdit {
  const before = /[ \t]*$/.exec(text.slice(lineStart(text, span.start), span.start));
  const isFirst = before !== null && span.start - before[0].length === lineStart(text, span.start);
  const after = /^[ \t]*(?:\r\n|\r|\n|$)/.exec(text.slice(span.end));
  if (!isFirst || after === null) return { span, newText: "" };
  return {
    span: { ...span, start: lineStart(text, span.start), end: span.end + after[0].length },
    newText: "",
  };
}

/** Behind what else stands there: a comment, or an import that is broken. */
function lineEnd(text: string, offset: number): number {
  return offset + (/^[^\r\n]*/.exec(text.slice(offset))?.[0].length ?? 0);
}

function lineStart(text: string, offset: number): number {
  return Math.max(text.lastIndexOf("\n", offset - 1), text.lastIndexOf("\r", offset - 1)) + 1;
}

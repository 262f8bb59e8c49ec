/** What was meant where something else belongs: the number, the name or the reader that a string spells, the one item of a list. */
import type { Callable } from "../syntax/ast.ts";
import { importEdit } from "../syntax/edits.ts";
import type { Fix } from "../errors/diagnostic.ts";
import type { Span } from "../errors/span.ts";
import { type Frame, outermost } from "./frame.ts";
import type { Value } from "./values.ts";
import { libraryExports, resolveGlobal, resolveInLibrary } from "./workspace.ts";

/** A number or a truth value in quotes, or one of the wrong form, as `3.0` where a whole number is wanted. */
export function plainNumberFix(
  frame: Frame,
  value: Value,
  span: Span,
  kind: "int" | "float" | "bool",
): Fix | undefined {
  const written = writtenAt(frame, span);
  const text = value.kind === "string" ? value.value : written;
  if (text === undefined || written === undefined) return undefined;
  const number =
    /^[\d_]*\.?[\d_]*(?:e[+-]?\d+)?$/i.test(text) && /\d/.test(text) ? Number(text.replaceAll("_", "")) : NaN;
  const fits =
    kind === "bool"
      ? /^(?:true|false)$/i.test(text)
      : kind === "int"
        ? Number.isSafeInteger(number)
        : Number.isFinite(number);
  if (!fits) return undefined;
  const plain = kind === "bool" ? text.toLowerCase() : String(number);
  return { title: `write \`${plain}\``, edits: [{ span, newText: plain }] };
}

/** A declaration's name in quotes; where it is not imported yet, it is. */
export function unquotedNameFix(
  frame: Frame,
  value: Value,
  span: Span,
  kinds: readonly Callable["kind"][],
): Fix | undefined {
  const { module, session } = outermost(frame);
  const written = value.kind === "string" ? value.value : undefined;
  const word = /^\s*([A-Za-z_]\w*)\s*(?:\(.*\))?\s*$/.exec(written ?? "")?.[1];
  if (written === undefined || word === undefined || span.file !== module.file) return undefined;
  const { workspace } = session.program;
  const exported = libraryExports(workspace);
  const known = [...module.declarations.keys(), ...module.imports.keys(), ...exported.keys()];
  const name =
    known.find((one) => one === word) ?? known.find((one) => one.toLowerCase() === word.toLowerCase());
  if (name === undefined) return undefined;
  const own = resolveGlobal(workspace, module, name);
  const found = own ?? resolveInLibrary(workspace, name);
  if (found === undefined || !kinds.some((kind) => kind === found.declaration.kind)) return undefined;
  const from = exported.get(name);
  const edits = own === undefined && from !== undefined ? [importEdit(module, name, from)] : [];
  const meant = written.includes("(") ? written.trim().replace(word, name) : `${name}()`;
  return { title: `write \`${meant}\``, edits: [...edits, { span, newText: meant }] };
}

const readers: Readonly<Record<string, string | undefined>> = {
  csv: "csv",
  tsv: "csv",
  json: "json",
  jsonl: "json",
  npz: "npz",
  npy: "npy",
};

/** A path without the reader that reads it. */
export function readerFix(value: Value, span: Span): Fix | undefined {
  const path = value.kind === "string" ? value.value : undefined;
  const reader = readers[/\.(\w+)$/.exec(path ?? "")?.[1]?.toLowerCase() ?? ""];
  if (path === undefined || reader === undefined) return undefined;
  const meant = `${reader}(${JSON.stringify(path)})`;
  return { title: `write \`${meant}\``, edits: [{ span, newText: meant }] };
}

/** A list of one where its item belongs. */
export function withoutBracketsFix(list: Span, item: Span): Fix {
  const edits = [
    { span: { ...list, end: item.start }, newText: "" },
    { span: { ...list, start: item.end }, newText: "" },
  ];
  return { title: "write it without brackets", edits };
}

function writtenAt(frame: Frame, { file, start, end }: Span): string | undefined {
  const { module } = outermost(frame);
  return file === module.file ? module.text.slice(start, end) : undefined;
}

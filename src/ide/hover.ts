/**
 * What stands under the cursor, in a few lines: how it was declared, its type with its shape, what its author wrote
 * about it, and what only a compiler knows (costs of a layer, the simplified curve of a margin).
 */
import { loadModule } from "../../compiler/check/workspace.ts";
import type { Span } from "../../compiler/errors/span.ts";
import type { Statement } from "../../compiler/syntax/ast.ts";
import type { Analysis, Documents } from "./documents.ts";
import { sizeOfEntry, sizeText } from "./entry-size.ts";
import { notesOfDimension } from "./hover-dimensions.ts";
import { hoverOfImport } from "./hover-imports.ts";
import { hoverOfWord } from "./hover-words.ts";
import { marginFormulas } from "./margin-formulas.ts";
import { headOf, parameterText, textOf } from "./signatures.ts";
import { type Symbol, occurrenceAt, symbolOf } from "./symbols.ts";

export interface Hover {
  readonly span: Span;
  /** A line of Margo. */
  readonly code: string;
  /** Markdown, paragraph by paragraph. */
  readonly notes: readonly string[];
}

export function hoverAt(documents: Documents, analysis: Analysis, offset: number): Hover | undefined {
  const found = occurrenceAt(analysis, offset);
  const symbol = found === undefined ? undefined : symbolOf(documents, found.target);
  if (found !== undefined && symbol !== undefined)
    return { span: found.span, ...described(documents, analysis, symbol, found.span) };
  return (
    hoverOfImport(documents, analysis, offset) ??
    hoverOfWord(analysis, offset) ??
    hoverOfExpression(analysis, offset)
  );
}

type Description = Omit<Hover, "span">;

function described(documents: Documents, analysis: Analysis, symbol: Symbol, at: Span): Description {
  switch (symbol.kind) {
    case "declaration":
      return describeDeclaration(documents, analysis, symbol);
    case "parameter": {
      const module = loadModule(documents.workspace, symbol.file);
      const text =
        module === undefined ? symbol.parameter.name.name : parameterText(module, symbol.parameter);
      const what = symbol.parameter.type?.kind === "tensor" ? "An input" : "A setting";
      const type = isHere(symbol.callable.span, at) ? typeAt(analysis, at) : undefined;
      const isNews =
        type !== undefined && !text.includes(type) && !type.endsWith(` ${symbol.parameter.name.name}`);
      return {
        code: text,
        notes: [
          `${what} of ${symbol.callable.kind} \`${symbol.callable.name.name}\`.`,
          ...(isNews ? [`Here it is \`${type}\`.`] : []),
        ],
      };
    }
    case "local":
      return describeLocal(analysis, symbol, at);
    case "word":
      return {
        code: `${symbol.word.name}: ${typeAt(analysis, at) ?? symbol.word.type}`,
        notes: [symbol.word.doc],
      };
    case "builtin":
      return { code: symbol.builtin.signature, notes: [symbol.builtin.doc] };
    case "builtin label": {
      const { name, type, doc } = symbol.word;
      return {
        code: type === "" ? name : `${name}: ${type}`,
        notes: [...(doc === "" ? [] : [doc]), `An argument of \`${symbol.builtin.signature}\`.`],
      };
    }
    default:
      return symbol satisfies never;
  }
}

function describeDeclaration(
  documents: Documents,
  analysis: Analysis,
  { file, declaration }: Extract<Symbol, { kind: "declaration" }>,
): Description {
  const module = loadModule(documents.workspace, file);
  const code = module === undefined ? declaration.name.name : headOf(module, declaration);
  const from = file === analysis.file ? [] : [`From \`${file}\`.`];
  const doc = declaration.doc === undefined ? [] : [declaration.doc];
  return { code, notes: [...doc, ...from, ...knownByCompiling(documents, file, declaration)] };
}

function knownByCompiling(
  documents: Documents,
  file: string,
  { kind, name }: Extract<Symbol, { kind: "declaration" }>["declaration"],
): readonly string[] {
  if (kind === "layer" || kind === "model") {
    const size = sizeOfEntry(documents, file, name.name);
    return size === undefined ? [] : [sizeText(size)];
  }
  if (kind !== "margin") return [];
  const formulas = marginFormulas(documents, file, name.name);
  if (formulas === undefined) return [];
  if (formulas.length === 0)
    return [`Its formula in the cosine is too long to read; \`margo plot\` draws the curve.`];
  return [`With c the cosine of the row's own class:`, `\`\`\`text\n${formulas.join("\n")}\n\`\`\``];
}

function describeLocal(
  analysis: Analysis,
  { local, name, declared }: Extract<Symbol, { kind: "local" }>,
  at: Span,
): Description {
  if (local === "dimension")
    return { code: `dimension ${name}`, notes: notesOfDimension(analysis, name, declared) };
  const statement = statementDeclaring(analysis, declared);
  const written = statement === undefined ? undefined : writtenType(analysis, statement);
  const value = statement === undefined ? undefined : valueOf(statement);
  const type =
    typeAt(analysis, at) ??
    written ??
    (value === undefined ? typeOfUse(analysis, declared) : typeAt(analysis, value));
  return { code: `${local} ${name}${type === undefined ? "" : `: ${type}`}`, notes: [] };
}

/** The `let`, `param` or `state` whose name stands at a place. */
function statementDeclaring({ module }: Analysis, { start }: Span): Statement | undefined {
  for (const declaration of module.module.declarations) {
    if (!("body" in declaration) || declaration.span.end < start) continue;
    const found = declaration.body.find((one) => "name" in one && one.name.span.start === start);
    if (found !== undefined) return found;
  }
  return undefined;
}

function writtenType({ module }: Analysis, statement: Statement): string | undefined {
  return "type" in statement && statement.type !== undefined
    ? textOf(module, statement.type.span)
    : undefined;
}

function valueOf(statement: Statement): Span | undefined {
  return statement.kind === "let" ? statement.value.span : undefined;
}

/** A `state` may be larger than the number that it begins with: what it is, those know who read it. */
function typeOfUse(analysis: Analysis, { start }: Span): string | undefined {
  for (const { span, target, role } of analysis.names)
    if (role === "read" && target.kind === "local" && target.declared.start === start) {
      const type = typeAt(analysis, span);
      if (type !== undefined) return type;
    }
  return undefined;
}

// ---------------------------------------------------------------- types of expressions

/** On an operator, a number, a bracket: the type of the smallest expression around. */
function hoverOfExpression({ check, module }: Analysis, offset: number): Hover | undefined {
  let best: { readonly span: Span; readonly text: string } | undefined;
  for (const record of check.types) {
    const { span } = record;
    if (span.file !== module.file || span.start > offset || offset > span.end) continue;
    if (best === undefined || span.end - span.start <= best.span.end - best.span.start) best = record;
  }
  return best === undefined ? undefined : { span: best.span, code: best.text, notes: [] };
}

/** The type that the checker found for exactly this text; the last of several. */
export function typeAt(analysis: Analysis, { start, end }: Span): string | undefined {
  return analysis.typeOf(start, end);
}

function isHere(whole: Span, { file, start, end }: Span): boolean {
  return whole.file === file && whole.start <= start && end <= whole.end;
}

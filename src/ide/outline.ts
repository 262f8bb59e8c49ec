/**
 * The outline of a file: its declarations with what they hold (settings, inputs, lets, what is learned and kept,
 * results), and the search for a declaration by name in the whole workspace.
 */
import { type LoadedModule, loadModule } from "../../compiler/check/workspace.ts";
import type { Span } from "../../compiler/errors/span.ts";
import type { Callable, Declaration, Identifier, Parameter, Statement } from "../../compiler/syntax/ast.ts";
import type { Documents } from "./documents.ts";

export interface OutlineEntry {
  readonly name: string;
  readonly kind: Declaration["kind"] | "setting" | "input" | "param" | "state" | "result";
  /** What stands behind the name: the head of a declaration, the type of a parameter. */
  readonly detail: string;
  readonly whole: Span;
  readonly selection: Span;
  readonly children: readonly OutlineEntry[];
}

/** Imports are left out. A declaration whose name is still missing is too. */
export function outlineOf({ module, text }: LoadedModule): readonly OutlineEntry[] {
  return module.declarations.flatMap((declaration) => {
    if (declaration.kind === "import") return [];
    const detail = headOf(text, declaration);
    const body = declaration.kind === "let" ? [] : declaration.body;
    const parameters = "parameters" in declaration ? parametersOf(text, declaration) : [];
    const children = [...parameters, ...body.flatMap((statement) => entryOfStatement(text, statement))];
    return entry(declaration.kind, declaration.name, detail, declaration.span, children);
  });
}

/** `(units: int)(x: f32[N, K])`: from the name to the body, on one line. */
function headOf(text: string, declaration: Exclude<Declaration, { kind: "import" }>): string {
  if (declaration.kind === "let") return oneLine(text, declaration.value.span);
  if (declaration.kind === "train") return "";
  const { name, parameters, settings, returns } = declaration;
  const end = Math.max(name.span.end, ...[...settings, ...parameters].map(({ span }) => span.end));
  const close = /^[\s,]*\)/.exec(text.slice(end, end + 20))?.[0].length ?? 0;
  const stop = returns?.span.end ?? end + close;
  return oneLine(text, { ...name.span, start: name.span.end, end: Math.max(stop, name.span.end) });
}

function parametersOf(text: string, { settings, parameters }: Callable): readonly OutlineEntry[] {
  return [...settings, ...parameters].flatMap((parameter) =>
    entry(
      parameter.type?.kind === "tensor" ? "input" : "setting",
      parameter.name,
      detailOfParameter(text, parameter),
      parameter.span,
    ),
  );
}

function detailOfParameter(text: string, { type, defaultValue }: Parameter): string {
  const parts = [
    ...(type === undefined ? [] : [oneLine(text, type.span)]),
    ...(defaultValue === undefined ? [] : [`= ${oneLine(text, defaultValue.span)}`]),
  ];
  return parts.join(" ");
}

function entryOfStatement(text: string, statement: Statement): readonly OutlineEntry[] {
  switch (statement.kind) {
    case "let":
    case "result":
      return entry(statement.kind, statement.name, "", statement.span);
    case "param":
    case "state": {
      const detail = statement.type === undefined ? "" : oneLine(text, statement.type.span);
      return entry(statement.kind, statement.name, detail, statement.span);
    }
    case "update":
    case "require":
    case "expression":
    case "error":
      return [];
    default:
      return statement satisfies never;
  }
}

function entry(
  kind: OutlineEntry["kind"],
  { name, span }: Identifier,
  detail: string,
  whole: Span,
  children: readonly OutlineEntry[] = [],
): readonly OutlineEntry[] {
  if (name === "") return [];
  // Editors insist that the name lies within the whole.
  const around = { ...whole, start: Math.min(whole.start, span.start), end: Math.max(whole.end, span.end) };
  return [{ name, kind, detail, whole: around, selection: span, children }];
}

function oneLine(text: string, { start, end }: Span): string {
  const line = text.slice(start, end).replace(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

// ---------------------------------------------------------------- search

export interface FoundDeclaration {
  readonly name: string;
  readonly kind: OutlineEntry["kind"];
  readonly file: string;
  readonly span: Span;
}

/** At most this many are told: nobody reads more. */
const mostFound = 200;

/** Declarations whose names hold the letters of the query in order, names that begin with it first. */
export function findDeclarations(documents: Documents, query: string): readonly FoundDeclaration[] {
  const wanted = query.toLowerCase();
  const found = [...documents.files(), ...documents.library()].flatMap((file) => {
    const module = loadModule(documents.workspace, file);
    if (module === undefined) return [];
    return [...module.declarations.values()].flatMap(({ name, kind }) =>
      holdsInOrder(name.name.toLowerCase(), wanted) ? [{ name: name.name, kind, file, span: name.span }] : [],
    );
  });
  const rank = ({ name }: FoundDeclaration): number => {
    const at = name.toLowerCase().indexOf(wanted);
    return at === 0 ? 0 : at > 0 ? 1 : 2;
  };
  return found
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name) || a.file.localeCompare(b.file))
    .slice(0, mostFound);
}

function holdsInOrder(name: string, query: string): boolean {
  let at = 0;
  for (const letter of query) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

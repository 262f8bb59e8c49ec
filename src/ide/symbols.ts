/**
 * What stands under a place of the text, followed across files: the declaration, parameter, local name, reading or
 * builtin that a name means. Two names mean the same exactly if their symbols have the same key; references and rename
 * are nothing but that.
 */
import { type Builtin, type BuiltinName, builtins, isBuiltin } from "../../compiler/check/builtins/table.ts";
import { type NamedDeclaration, loadModule, resolveGlobal } from "../../compiler/check/workspace.ts";
import type { Span } from "../../compiler/errors/span.ts";
import type { Callable, Parameter } from "../../compiler/syntax/ast.ts";
import { argumentsOf } from "./builtin-arguments.ts";
import type { Analysis, Documents } from "./documents.ts";
import type { LocalKind, Occurrence, Target } from "./names.ts";
import { type Word, readingIn, resultsIn } from "./vocabulary.ts";

export type Symbol =
  | {
      readonly kind: "declaration";
      readonly key: string;
      readonly file: string;
      readonly declaration: NamedDeclaration;
    }
  /** A setting or input, with the declaration that it belongs to. */
  | {
      readonly kind: "parameter";
      readonly key: string;
      readonly file: string;
      readonly parameter: Parameter;
      readonly callable: Callable;
    }
  | {
      readonly kind: "local";
      readonly key: string;
      readonly local: Exclude<LocalKind, "setting" | "input">;
      readonly name: string;
      readonly declared: Span;
    }
  | { readonly kind: "word"; readonly key: string; readonly word: Word; readonly what: "reading" | "result" }
  | { readonly kind: "builtin"; readonly key: string; readonly name: BuiltinName; readonly builtin: Builtin }
  /** The label of an argument that a builtin lists, or of a data reader's setting. */
  | {
      readonly kind: "builtin label";
      readonly key: string;
      readonly name: string;
      readonly word: Word;
      readonly builtin: Builtin;
    };

/** The name at an offset: the one around it or, at its end, before it. */
export function occurrenceAt({ names }: Analysis, offset: number): Occurrence | undefined {
  const after = firstEndingAtLeast(names, offset);
  const found = [names[after], names[after + 1]].filter(
    (one) => one !== undefined && one.span.start <= offset && offset <= one.span.end,
  );
  return found.at(-1);
}

/** By bisection; names do not overlap. */
function firstEndingAtLeast(names: readonly Occurrence[], offset: number): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle]?.span.end ?? Infinity) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function symbolAt(documents: Documents, analysis: Analysis, offset: number): Symbol | undefined {
  const found = occurrenceAt(analysis, offset);
  return found === undefined ? undefined : symbolOf(documents, found.target);
}

/** What a name means, its imports followed; undefined where nothing has that name. */
export function symbolOf(documents: Documents, target: Target): Symbol | undefined {
  switch (target.kind) {
    case "global":
      return declarationSymbol(documents, target.file, target.name);
    case "local":
      return localSymbol(documents, target);
    case "label":
      return labelSymbol(documents, target);
    case "context":
      return wordSymbol(readingIn(target.place, target.name), "reading", `${target.place ?? ""}`);
    case "result": {
      const word = resultsIn(target.of).find((one) => one.name === target.name);
      return wordSymbol(word, "result", target.of);
    }
    case "builtin":
      return isBuiltin(target.name)
        ? {
            kind: "builtin",
            key: `builtin ${target.name}`,
            name: target.name,
            builtin: builtins[target.name],
          }
        : undefined;
    case "unknown":
      return undefined;
    default:
      return target satisfies never;
  }
}

function declarationSymbol(documents: Documents, file: string, name: string): Symbol | undefined {
  const module = loadModule(documents.workspace, file);
  const resolved = module === undefined ? undefined : resolveGlobal(documents.workspace, module, name);
  if (resolved === undefined) return undefined;
  const { declaration, module: owner } = resolved;
  return {
    kind: "declaration",
    key: `${owner.file} ${declaration.name.name}`,
    file: owner.file,
    declaration,
  };
}

function localSymbol(documents: Documents, target: Extract<Target, { kind: "local" }>): Symbol | undefined {
  const { local, name, declared, owner } = target;
  if (local === "setting" || local === "input") {
    const declaration = loadModule(documents.workspace, declared.file)?.declarations.get(owner);
    if (declaration !== undefined && "parameters" in declaration) {
      const found = parameterSymbol(declared.file, declaration, name);
      if (found !== undefined) return found;
    }
    return { kind: "local", key: keyOfPlace(declared), local: "let", name, declared };
  }
  return { kind: "local", key: keyOfPlace(declared), local, name, declared };
}

function parameterSymbol(file: string, callable: Callable, name: string): Symbol | undefined {
  const parameter = [...callable.settings, ...callable.parameters].find((one) => one.name.name === name);
  if (parameter === undefined) return undefined;
  return { kind: "parameter", key: keyOfPlace(parameter.name.span), file, parameter, callable };
}

function labelSymbol(
  documents: Documents,
  { callee, name }: Extract<Target, { kind: "label" }>,
): Symbol | undefined {
  const called = symbolOf(documents, callee);
  if (called?.kind === "builtin") {
    const word = argumentsOf(called.name).find((one) => one.name === name);
    const key = `label ${called.name} ${name}`;
    return word === undefined
      ? undefined
      : { kind: "builtin label", key, name, word, builtin: called.builtin };
  }
  if (called?.kind !== "declaration" || !("parameters" in called.declaration)) return undefined;
  return parameterSymbol(called.file, called.declaration, name);
}

function wordSymbol(word: Word | undefined, what: "reading" | "result", place: string): Symbol | undefined {
  return word === undefined ? undefined : { kind: "word", key: `${what} ${place} ${word.name}`, word, what };
}

function keyOfPlace({ file, start }: Span): string {
  return `${file} @${start}`;
}

/** Where a symbol is declared; undefined for what the language itself gives. */
export function placeOfSymbol(symbol: Symbol): Span | undefined {
  switch (symbol.kind) {
    case "declaration":
      return symbol.declaration.name.span;
    case "parameter":
      return symbol.parameter.name.span;
    case "local":
      return symbol.declared;
    case "word":
    case "builtin":
    case "builtin label":
      return undefined;
    default:
      return symbol satisfies never;
  }
}

export function nameOfSymbol(symbol: Symbol): string {
  switch (symbol.kind) {
    case "declaration":
      return symbol.declaration.name.name;
    case "parameter":
      return symbol.parameter.name.name;
    case "word":
      return symbol.word.name;
    case "local":
    case "builtin":
    case "builtin label":
      return symbol.name;
    default:
      return symbol satisfies never;
  }
}

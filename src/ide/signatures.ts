/** How declarations and parameters are shown: as they were written, on one line, without their bodies. */
import type { LoadedModule, NamedDeclaration } from "../../compiler/check/workspace.ts";
import type { Span } from "../../compiler/errors/span.ts";
import type { Callable, Parameter } from "../../compiler/syntax/ast.ts";

/** `layer dense(units: int, bias = true)(x: f32[N, K])`; a constant with its value, a train with its name alone. */
export function headOf({ text }: Pick<LoadedModule, "text">, declaration: NamedDeclaration): string {
  const { span } = declaration;
  if (declaration.kind === "train") return `train ${declaration.name.name}`;
  if (declaration.kind === "let") return oneLine(text.slice(span.start, span.end)).replace(/^export /, "");
  const body = declaration.body[0]?.span.start ?? span.end;
  const head = text.slice(span.start, Math.max(body, declaration.name.span.end));
  return oneLine(head.replace(/\s*(=|\{[^}]*\}?)\s*$/, "")).replace(/^export /, "");
}

export function parameterText({ text }: Pick<LoadedModule, "text">, { span }: Parameter): string {
  return oneLine(text.slice(span.start, span.end));
}

/** The lists of parameters that a call may fill, the first list first. */
export function parameterLists(callable: Callable): readonly (readonly Parameter[])[] {
  return callable.kind === "layer" ? [callable.settings, callable.parameters] : [callable.parameters];
}

/** A span's text without comments and line ends. */
export function textOf({ text }: Pick<LoadedModule, "text">, { start, end }: Span): string {
  return oneLine(text.slice(start, end));
}

function oneLine(text: string): string {
  return (
    text
      .replace(/\/\/[^\n]*\n/g, " ")
      .replace(/\s+/g, " ")
      // A list that has a line for each item ends in a comma.
      .replace(/([([]) /g, "$1")
      .replace(/,? ([)\]])/g, "$1")
      .trim()
  );
}

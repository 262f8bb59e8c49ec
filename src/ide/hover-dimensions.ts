/** Hover on the name of a dimension: which axis gave it its size, and how large it is where the checker knows. */
import type { Span } from "../../compiler/errors/span.ts";
import type { TensorTypeExpression } from "../../compiler/syntax/ast.ts";
import { type Part, partsAt } from "../../compiler/syntax/walk.ts";
import type { Analysis } from "./documents.ts";
import { textOf } from "./signatures.ts";

/** `declared` is the place of its first use, which makes it. */
export function notesOfDimension(analysis: Analysis, name: string, declared: Span): readonly string[] {
  const path = partsAt(analysis.module.module, declared.start);
  const at = path.findLastIndex(({ is }) => is === "type");
  const [owner, type, size] = [path[at - 1], path[at], path[at + 1]];
  const known = sizeOf(analysis, name, declared);
  return [
    ...(owner !== undefined && type?.is === "type" && type.node.kind === "tensor" && size !== undefined
      ? [madeBy(analysis, owner, type.node, size)]
      : []),
    ...(known === undefined ? [] : [`Here it is ${known}.`]),
  ];
}

function madeBy({ module }: Analysis, owner: Part, type: TensorTypeExpression, size: Part): string {
  const written = textOf(module, type.span);
  const name = owner.is === "parameter" || owner.is === "statement" ? nameOf(owner) : undefined;
  const whole = name === undefined ? `the value, \`${written}\`` : `\`${name}: ${written}\``;
  if (type.bound?.span.start === size.node.span.start) return `The numbers of ${whole} stay below it.`;
  const axis = type.dims.findIndex((dim) => dim.span.start === size.node.span.start);
  const isWhole = size.is === "expression" && size.node.kind === "name";
  const what = isWhole ? "The size" : "In the size";
  const after = type.dims.slice(0, axis).some(({ kind }) => kind === "ellipsis");
  return `${what} of axis ${after ? axis - type.dims.length : axis} of ${whole}.`;
}

function nameOf({ node }: Extract<Part, { is: "parameter" | "statement" }>): string | undefined {
  return "name" in node ? node.name.name : undefined;
}

/** From the types of the declaration around: a size that has a name is written with it, `f32[N, H = 3]`. */
function sizeOf({ check, module }: Analysis, name: string, { start }: Span): string | undefined {
  const around = module.module.declarations.find(({ span }) => span.start <= start && start <= span.end);
  const labelled = new RegExp(`[[, ]${name} = ([^,\\]]+)`);
  for (const { span, text } of check.types) {
    if (span.file !== module.file || around === undefined) continue;
    if (span.start < around.span.start || span.end > around.span.end) continue;
    const size = labelled.exec(text)?.[1];
    if (size !== undefined) return size;
  }
  return undefined;
}

/**
 * Whether what is called in a margin looks at one pair of row and class at a time. Such a call is made for the rows' own
 * classes alone; any other (a sum, a sort, a function with one in it) means all pairs, whoever asks.
 */
import type { Argument, Callable, CallExpression, Expression, TensorTypeExpression } from "../syntax/ast.ts";
import { type Part, partsOf } from "../syntax/walk.ts";
import { isBuiltin, builtins } from "./builtins/table.ts";
import type { ProgramState } from "./session.ts";
import type { FunctionValue, Value } from "./values.ts";
import { type LoadedModule, resolveGlobal } from "./workspace.ts";

export function isPairwise(
  program: ProgramState,
  callee: Value,
  given: readonly (Argument | Expression)[],
): boolean {
  if (callee.kind === "builtin") return isPairwiseBuiltin(callee.name, given);
  return (
    callee.kind === "function" && callee.callable.kind === "fn" && isPairwiseFunction(program, callee, [])
  );
}

/** `max(a, b)` goes element by element, unlike `max(x)`. */
function isPairwiseBuiltin(name: keyof typeof builtins, given: readonly (Argument | Expression)[]): boolean {
  if (builtins[name].kind === "elementwise") return true;
  const positional = given.filter(
    (argument) => !("value" in argument && "name" in argument && typeof argument.name === "object"),
  );
  return (name === "max" || name === "min") && positional.length === 2;
}

function isPairwiseFunction(
  program: ProgramState,
  { callable, module }: FunctionValue,
  around: readonly Callable[],
): boolean {
  if (around.includes(callable)) return true;
  const inside = [...around, callable];
  const among: Part[] = [...partsOf({ is: "declaration", node: callable })];
  for (let part = among.pop(); part !== undefined; part = among.pop()) {
    if (!isPairwisePart(program, module, part, inside)) return false;
    among.push(...partsOf(part));
  }
  return true;
}

function isPairwisePart(
  program: ProgramState,
  module: LoadedModule,
  part: Part,
  inside: readonly Callable[],
): boolean {
  // One axis, f32[K], takes the numbers of all classes.
  if (part.is === "type") return part.node.kind === "setting" || axesOf(part.node) !== 1;
  if (part.is !== "expression") return true;
  switch (part.node.kind) {
    case "index":
      return false;
    case "binary":
      return part.node.operator !== "@";
    case "call":
      return isPairwiseCall(program, module, part.node, inside);
    case "pipe":
      return part.node.right.kind === "call";
    case "number":
    case "string":
    case "bool":
    case "list":
    case "name":
    case "unary":
    case "if":
    case "error":
      return true;
    default:
      return part.node satisfies never;
  }
}

/** How many axes a type has; undefined where `...` leaves it open. */
export function axesOf({ dims }: TensorTypeExpression): number | undefined {
  return dims.some(({ kind }) => kind === "ellipsis") ? undefined : dims.length;
}

function isPairwiseCall(
  program: ProgramState,
  module: LoadedModule,
  { callee, arguments: given }: CallExpression,
  inside: readonly Callable[],
): boolean {
  if (callee.kind !== "name") return false;
  const found = resolveGlobal(program.workspace, module, callee.name);
  if (found === undefined) return isBuiltin(callee.name) && isPairwiseBuiltin(callee.name, given);
  const { declaration } = found;
  return (
    declaration.kind === "fn" &&
    isPairwiseFunction(program, { kind: "function", callable: declaration, module: found.module }, inside)
  );
}

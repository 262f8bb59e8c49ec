/**
 * Tricks with angles that other libraries need, and their exact forms: in a margin `theta` is the angle itself, so
 * `acos(clamp(cos, -1 + eps, 1 - eps))` only bends the gradient near 0 and π, and `sqrt(1 - cos ^ 2)` is its sine. The
 * compiler takes the trigonometry away and stays finite at the ends.
 */
import type { Fix } from "../../compiler/errors/diagnostic.ts";
import type { CallExpression, Expression } from "../../compiler/syntax/ast.ts";
import { partsAt } from "../../compiler/syntax/walk.ts";
import type { Analysis } from "./documents.ts";
import type { Stretch } from "./selection.ts";

/** For the expressions around a place in a margin, outermost first. */
export function exactAngles({ module: { module } }: Analysis, { start }: Stretch): readonly Fix[] {
  const parts = partsAt(module, start);
  const isMargin = parts.some(
    ({ is, node }) => is === "declaration" && "kind" in node && node.kind === "margin",
  );
  if (!isMargin) return [];
  return parts.flatMap((part) => {
    const exact = part.is === "expression" ? exactForm(part.node) : undefined;
    return exact === undefined
      ? []
      : [{ title: `write \`${exact}\`, which is exact`, edits: [{ span: part.node.span, newText: exact }] }];
  });
}

function exactForm(expression: Expression): string | undefined {
  const angle = angleOf(expression);
  if (angle !== undefined) return angle;
  const inside = argumentOf(expression, "sqrt");
  if (inside?.kind !== "binary" || inside.operator !== "-" || !isNumber(inside.left, 1)) return undefined;
  const cosine = squared(inside.right);
  return cosine === undefined ? undefined : `sin(${cosine === "cos" ? "theta" : "theta_y"})`;
}

/** `acos(cos)`, however its argument is kept within bounds. */
function angleOf(expression: Expression): string | undefined {
  const inside = argumentOf(expression, "acos");
  const cosine = inside === undefined ? undefined : cosineOf(inside);
  return cosine === undefined ? undefined : cosine === "cos" ? "theta" : "theta_y";
}

type Cosine = "cos" | "cos_y";

function cosineOf(expression: Expression): Cosine | undefined {
  if (expression.kind === "name")
    return expression.name === "cos" || expression.name === "cos_y" ? expression.name : undefined;
  if (expression.kind !== "call") return undefined;
  const bounded = ["clamp", "max", "min", "maximum", "minimum"].some((name) => calls(expression, name));
  // A bound of max or min may stand on either side.
  const cosines = expression.arguments.flatMap(({ value }) => cosineOf(value) ?? []);
  return bounded && cosines.length === 1 ? cosines[0] : undefined;
}

function squared(expression: Expression): Cosine | undefined {
  if (expression.kind !== "binary") return undefined;
  const { operator, left, right } = expression;
  if (operator === "^" && isNumber(right, 2)) return cosineOf(left);
  const [a, b] = [cosineOf(left), cosineOf(right)];
  return operator === "*" && a === b ? a : undefined;
}

function argumentOf(expression: Expression, name: string): Expression | undefined {
  if (expression.kind !== "call" || !calls(expression, name)) return undefined;
  return expression.arguments.length === 1 ? expression.arguments[0]?.value : undefined;
}

function calls({ callee }: CallExpression, name: string): boolean {
  return callee.kind === "name" && callee.name === name;
}

function isNumber(expression: Expression, value: number): boolean {
  return expression.kind === "number" && expression.value === value;
}

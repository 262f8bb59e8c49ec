/**
 * Tricks with angles that other libraries need, and their exact forms: in a margin `theta` is the angle itself, so
 * `acos(clamp(cos, -1 + eps, 1 - eps))` only bends the gradient near 0 and π, `sqrt(1 - cos ^ 2)` is its sine, however it is
 * kept from below 0, and `cos * cos(m) - sin(theta) * sin(m)` is cos(theta + m). The compiler takes the trigonometry away
 * and stays finite at the ends.
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
  const cosine = cosineOf(sineSquared(expression));
  if (cosine !== undefined) return `sin(${angles[cosine]})`;
  return angleOf(expression) ?? sumOfAngles(expression);
}

const angles = { cos: "theta", cos_y: "theta_y" } as const;

/** In `sqrt(1 - cos ^ 2)` the `cos`. */
function sineSquared(expression: Expression | undefined): Expression | undefined {
  const inside = unbounded(argumentOf(expression, "sqrt"), [0, 1]);
  if (inside?.kind !== "binary" || inside.operator !== "-" || !isNumber(inside.left, 1)) return undefined;
  return squared(inside.right);
}

/**
 * Without what keeps it within the limits that it has anyway, or nearly: bounds, and a little that is added. A bound
 * elsewhere is meant.
 */
function unbounded(
  expression: Expression | undefined,
  limits: readonly [number, number],
): Expression | undefined {
  if (expression?.kind === "binary" && expression.operator === "+" && isNear(constantOf(expression.right), 0))
    return unbounded(expression.left, limits);
  if (expression?.kind !== "call" || !bounds.some((name) => calls(expression, name))) return expression;
  const values = expression.arguments.map(({ value }) => value);
  const inner = values.filter((value) => !limits.some((limit) => isNear(constantOf(value), limit)));
  return inner.length === 1 ? unbounded(inner[0], limits) : expression;
}

const bounds = ["clamp", "max", "min", "maximum", "minimum"];

/** The number that a bound is, with `eps` and its like taken for 0. */
function constantOf(expression: Expression): number | undefined {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "name":
      return /eps/i.test(expression.name) ? 0 : undefined;
    case "unary": {
      const operand = constantOf(expression.operand);
      return operand === undefined || expression.operator !== "-" ? undefined : -operand;
    }
    case "binary": {
      const [left, right] = [constantOf(expression.left), constantOf(expression.right)];
      if (left === undefined || right === undefined) return undefined;
      return expression.operator === "+"
        ? left + right
        : expression.operator === "-"
          ? left - right
          : undefined;
    }
    default:
      return undefined;
  }
}

/** The difference is too small to be meant. */
function isNear(value: number | undefined, limit: number): boolean {
  return value !== undefined && Math.abs(value - limit) <= 1e-3;
}

/** `cos * cos(m) - sin(theta) * sin(m)`, in any order of its factors, or with `+` the difference of the angles. */
function sumOfAngles(expression: Expression): string | undefined {
  if (expression.kind !== "binary" || !["-", "+"].includes(expression.operator)) return undefined;
  const [cosines, sines] = [factors(expression.left), factors(expression.right)];
  for (const [own, other] of orders(cosines))
    for (const [ownSine, otherSine] of orders(sines)) {
      const cosine = cosineOf(own);
      const [m, again] = [argumentOf(other, "cos"), argumentOf(otherSine, "sin")];
      if (cosine === undefined || !isSineOf(ownSine, cosine) || m?.kind !== "name" || again?.kind !== "name")
        continue;
      if (m.name === again.name)
        return `cos(${angles[cosine]} ${expression.operator === "-" ? "+" : "-"} ${m.name})`;
    }
  return undefined;
}

function isSineOf(expression: Expression | undefined, cosine: Cosine): boolean {
  const angle = argumentOf(expression, "sin");
  if (angle?.kind === "name") return angle.name === angles[cosine];
  return cosineOf(sineSquared(expression)) === cosine;
}

/** The two factors of a product. */
function factors(expression: Expression): readonly [Expression, Expression] | undefined {
  return expression.kind === "binary" && expression.operator === "*"
    ? [expression.left, expression.right]
    : undefined;
}

function orders(
  pair: readonly [Expression, Expression] | undefined,
): readonly (readonly [Expression, Expression])[] {
  return pair === undefined ? [] : [pair, [pair[1], pair[0]]];
}

/** `acos(cos)`, however its argument is kept within bounds. */
function angleOf(expression: Expression): string | undefined {
  const cosine = cosineOf(argumentOf(expression, "acos"));
  return cosine === undefined ? undefined : angles[cosine];
}

type Cosine = "cos" | "cos_y";

function cosineOf(expression: Expression | undefined): Cosine | undefined {
  const inside = unbounded(expression, [-1, 1]);
  if (inside?.kind !== "name") return undefined;
  return inside.name === "cos" || inside.name === "cos_y" ? inside.name : undefined;
}

/** What is multiplied by itself. */
function squared(expression: Expression): Expression | undefined {
  if (expression.kind !== "binary") return undefined;
  const { operator, left, right } = expression;
  if (operator === "^" && isNumber(right, 2)) return left;
  const cosine = cosineOf(left);
  return operator === "*" && cosine !== undefined && cosine === cosineOf(right) ? left : undefined;
}

function argumentOf(expression: Expression | undefined, name: string): Expression | undefined {
  if (expression?.kind !== "call" || !calls(expression, name)) return undefined;
  return expression.arguments.length === 1 ? expression.arguments[0]?.value : undefined;
}

function calls({ callee }: CallExpression, name: string): boolean {
  return callee.kind === "name" && callee.name === name;
}

function isNumber(expression: Expression, value: number): boolean {
  return expression.kind === "number" && expression.value === value;
}

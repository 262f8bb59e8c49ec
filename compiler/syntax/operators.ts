/**
 * Precedence: a flat chain of operands and operators to a tree, by the shunting-yard algorithm (Dijkstra,
 * 1961), so that a long chain costs no stack. Slips (`&&`, `**`, `=`) are taken for what they were meant to be.
 */
import type { IToken } from "chevrotain";
import type { BinaryExpression, BinaryOperator, Expression, UnaryExpression } from "./ast.ts";
import { type Build, behind } from "./build.ts";
import { spanOfToken } from "./cst.ts";
import { joinSpans } from "../errors/span.ts";
import {
  chainedComparison,
  equalsForComparison,
  foreignOperator,
  nestedTooDeep,
  partialUpdate,
} from "../errors/syntax.ts";
import { nestingLimit } from "../../grammar/faults.ts";

export type ChainItem =
  | { readonly kind: "operand"; readonly value: Expression }
  | { readonly kind: "prefix"; readonly token: IToken }
  | { readonly kind: "operator"; readonly token: IToken };

/** A chain begins and ends with an operand, and operands and operators alternate. */
export function buildChain(build: Build, items: readonly ChainItem[]): Expression {
  const values: Expression[] = [];
  const pending: Pending[] = [];
  let isTooDeep = false;
  let isChained = false;
  for (const item of items) {
    if (item.kind === "operand") values.push(item.value);
    else if (item.kind === "prefix") pending.push(prefixOf(build, item.token));
    else isChained = pushOperator(build, values, pending, item.token) || isChained;
    if (pending.length > nestingLimit && !isTooDeep && item.kind !== "operand") {
      build.slips.push(nestedTooDeep.report({ span: spanOfToken(build.file, item.token) }));
      isTooDeep = true;
    }
  }
  if (isTooDeep) return { kind: "error", span: values[0]?.span ?? noSpan(build) };
  while (pending.length > 0) reduce(build, values, pending);
  const [result] = values;
  return result === undefined || isChained ? { kind: "error", span: result?.span ?? noSpan(build) } : result;
}

interface Pending {
  readonly operator: BinaryOperator | "-" | "not";
  readonly arity: "prefix" | "binary";
  readonly precedence: number;
  readonly token: IToken;
}

/** Loosest first, as the language's reference lists them. */
export const precedences: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  "==": 4,
  "!=": 4,
  "<": 4,
  "<=": 4,
  ">": 4,
  ">=": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "//": 6,
  "%": 6,
  "@": 6,
  "^": 8,
};
const notPrecedence = 3;
const negationPrecedence = 7;
const comparison = 4;

/** Gives whether this comparison follows another one, which is reported. */
function pushOperator(build: Build, values: Expression[], pending: Pending[], token: IToken): boolean {
  let isChained = false;
  const operator = operatorOf(build, token, values.at(-1));
  const precedence = precedences[operator];
  for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
    const bindsFirst = operator === "^" ? top.precedence > precedence : top.precedence >= precedence;
    if (!bindsFirst) break;
    if (precedence === comparison && top.precedence === comparison) {
      reportChain(build, top, token);
      isChained = true;
    }
    reduce(build, values, pending);
  }
  pending.push({ operator, arity: "binary", precedence, token });
  // `a <- 1` in the middle of an expression is `a < -1`.
  if (token.image === "<-")
    pending.push({ operator: "-", arity: "prefix", precedence: negationPrecedence, token });
  return isChained;
}

function reduce(build: Build, values: Expression[], pending: Pending[]): void {
  const top = pending.pop();
  const right = values.pop();
  if (top === undefined || right === undefined) return;
  const operatorSpan = spanOfToken(build.file, top.token);
  if (top.arity === "prefix") {
    const operator: UnaryExpression["operator"] = top.operator === "not" ? "not" : "-";
    values.push({ kind: "unary", operator, operand: right, span: joinSpans(operatorSpan, right.span) });
    return;
  }
  const left = values.pop() ?? { kind: "error", span: behind(operatorSpan) };
  if (top.operator === "not") return;
  const span = joinSpans(left.span, right.span);
  const joined: BinaryExpression = {
    kind: "binary",
    operator: top.operator,
    operatorSpan,
    left,
    right,
    span,
  };
  values.push(joined);
}

// ---------------------------------------------------------------- operators as written

function isBinaryOperator(image: string): image is BinaryOperator {
  return Object.hasOwn(precedences, image);
}

const meanings: Readonly<Record<string, BinaryOperator>> = {
  "&&": "and",
  "||": "or",
  "**": "^",
  "===": "==",
  "=": "==",
  "<-": "<",
};

function operatorOf(build: Build, token: IToken, left: Expression | undefined): BinaryOperator {
  const { image } = token;
  if (isBinaryOperator(image)) return image;
  const span = spanOfToken(build.file, token);
  if (image === "=") {
    build.slips.push(equalsForComparison.report({ span }));
    return "==";
  }
  const meant = meanings[image] ?? "==";
  if (image === "<-" && left?.kind === "index") {
    build.slips.push(partialUpdate.report({ span: joinSpans(left.span, span) }));
    return meant;
  }
  build.slips.push(foreignOperator.report({ span, written: image, meant: image === "<-" ? "< -" : meant }));
  return meant;
}

function prefixOf(build: Build, token: IToken): Pending {
  if (token.image === "-") return { operator: "-", arity: "prefix", precedence: negationPrecedence, token };
  if (token.image === "!") {
    const span = spanOfToken(build.file, token);
    build.slips.push(foreignOperator.report({ span, written: "!", meant: "not " }));
  }
  return { operator: "not", arity: "prefix", precedence: notPrecedence, token };
}

function reportChain(build: Build, first: Pending, second: IToken): void {
  build.slips.push(
    chainedComparison.report({
      span: spanOfToken(build.file, second),
      first: spanOfToken(build.file, first.token),
    }),
  );
}

function noSpan({ file }: Build) {
  return { file, start: 0, end: 0 };
}

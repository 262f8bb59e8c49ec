/** Expressions and types of the concrete tree as AST. What is missing becomes an `error` expression. */
import type { CstNode, IToken } from "chevrotain";
import type { Argument, Expression, PipeExpression, TensorTypeExpression, TypeExpression } from "./ast.ts";
import { type Build, behind, foldName, identifierOf, placeOf } from "./build.ts";
import { nodeOf, nodesOf, spanOfToken, tokenOf, tokensOf } from "./cst.ts";
import { numberExpression, stringExpression } from "./literals.ts";
import { type ChainItem, buildChain } from "./operators.ts";
import { type Span, joinSpans } from "../errors/span.ts";
import {
  bracesInChoice,
  equalsForColon,
  missingElse,
  missingThen,
  nestedTooDeep,
  roundSizes,
} from "../errors/syntax.ts";
import { nestingLimit } from "../../grammar/faults.ts";

/** `instead` is the place of an expression that is not there. */
export function buildExpression(build: Build, node: CstNode | undefined, instead: Span): Expression {
  const [first, ...others] = nodesOf(node, "conditional");
  const start = buildConditional(build, first, placeOf(build, node, instead));
  return others.reduce<Expression>((left, other): PipeExpression => {
    const right = buildConditional(build, other, behind(left.span));
    return { kind: "pipe", left, right, span: joinSpans(left.span, right.span) };
  }, start);
}

function buildConditional(build: Build, node: CstNode | undefined, instead: Span): Expression {
  const word = tokenOf(node, "If");
  if (word === undefined) return buildChainNode(build, node, instead);
  const span = placeOf(build, node, instead);
  const wordSpan = spanOfToken(build.file, word);
  const condition = buildConditional(build, nodeOf(node, "condition"), behind(wordSpan));
  const then = tokenOf(node, "Then");
  const curly = tokensOf(node, "StrayCurly");
  if (curly.length > 0) reportBraces(build, curly, then);
  else if (then === undefined && condition.kind !== "error") {
    const end = placeOf(build, nodeOf(node, "condition"), condition.span);
    build.slips.push(missingThen.report({ span: behind(end), opener: wordSpan }));
  }
  const thenSpan = then === undefined ? condition.span : spanOfToken(build.file, then);
  const whenTrue = buildConditional(build, nodeOf(node, "whenTrue"), behind(thenSpan));
  const otherwise = tokenOf(node, "Else");
  if (otherwise === undefined && whenTrue.kind !== "error") {
    const end = placeOf(build, nodeOf(node, "whenTrue"), whenTrue.span);
    build.slips.push(missingElse.report({ span: behind(end), opener: wordSpan }));
  }
  const elseSpan = otherwise === undefined ? whenTrue.span : spanOfToken(build.file, otherwise);
  const whenFalse = buildConditional(build, nodeOf(node, "whenFalse"), behind(elseSpan));
  return { kind: "if", condition, whenTrue, whenFalse, span };
}

/** The first one may stand where `then` belongs. */
function reportBraces(build: Build, curly: readonly IToken[], then: IToken | undefined): void {
  const edits = curly.map((token, at) => {
    const newText = at === 0 && then === undefined ? "then" : "";
    return { span: spanOfToken(build.file, token), newText };
  });
  const [first] = edits;
  if (first !== undefined) build.slips.push(bracesInChoice.report({ span: first.span, edits }));
}

/** Of any node that holds operands: also the bound of an `index`, a dimension, the condition of a `require`. */
export function buildChainNode(build: Build, node: CstNode | undefined, instead: Span): Expression {
  const operands = nodesOf(node, "operand");
  const operators = [...tokensOf(node, "operator"), ...tokensOf(node, "ArithmeticOperator")];
  if (operands.length === 0) return { kind: "error", span: placeOf(build, node, instead) };
  const count = Math.max(operands.length, operators.length + 1);
  const items: ChainItem[] = [];
  for (let at = 0; at < count; at++) {
    const operator = operators[at - 1];
    if (operator !== undefined) items.push({ kind: "operator", token: operator });
    else if (at > 0) break;
    const before = operator === undefined ? instead : behind(spanOfToken(build.file, operator));
    const operand = operands[at];
    for (const token of tokensOf(operand, "PrefixOperator")) items.push({ kind: "prefix", token });
    items.push({ kind: "operand", value: buildOperand(build, operand, before) });
  }
  return buildChain(build, items);
}

// ---------------------------------------------------------------- operands

function buildOperand(build: Build, node: CstNode | undefined, instead: Span): Expression {
  const prefix = tokensOf(node, "PrefixOperator").at(-1);
  const before = prefix === undefined ? instead : behind(spanOfToken(build.file, prefix));
  const primary = buildPrimary(build, nodeOf(node, "primary"), before);
  const suffixes = nodesOf(node, "suffix");
  if (suffixes.length > nestingLimit) {
    const span = placeOf(build, suffixes[nestingLimit], primary.span);
    build.slips.push(nestedTooDeep.report({ span }));
    return { kind: "error", span: primary.span };
  }
  return suffixes.reduce((target, suffix) => buildSuffix(build, target, suffix), primary);
}

function buildSuffix(build: Build, target: Expression, node: CstNode): Expression {
  const span = joinSpans(target.span, placeOf(build, node, behind(target.span)));
  if (tokenOf(node, "LeftSquare") !== undefined) {
    const index = buildExpression(build, nodeOf(node, "expression"), behind(span));
    return { kind: "index", target, index, span };
  }
  const args = nodesOf(node, "argument").map((argument) => buildArgument(build, argument, span));
  return { kind: "call", callee: target, arguments: args, span };
}

function buildArgument(build: Build, node: CstNode, instead: Span): Argument {
  const span = placeOf(build, node, behind(instead));
  const equals = tokenOf(node, "Equals");
  const name = tokenOf(node, "Identifier");
  if (equals !== undefined && name !== undefined) {
    const place = spanOfToken(build.file, equals);
    build.slips.push(equalsForColon.report({ span: place, name: name.image }));
  }
  const ellipsis = tokenOf(node, "Ellipsis");
  const value: Expression =
    ellipsis === undefined
      ? buildExpression(build, nodeOf(node, "expression"), behind(span))
      : { kind: "name", name: "...", span: spanOfToken(build.file, ellipsis) };
  return name === undefined ? { value, span } : { name: identifierOf(build, name, span), value, span };
}

function buildPrimary(build: Build, node: CstNode | undefined, instead: Span): Expression {
  const span = placeOf(build, node, instead);
  const inner = nodeOf(node, "expression");
  if (tokenOf(node, "LeftParen") !== undefined) return buildExpression(build, inner, span);
  const list = nodeOf(node, "list");
  if (list !== undefined) {
    const items = nodesOf(list, "expression").map((item) => buildExpression(build, item, behind(span)));
    return { kind: "list", items, span };
  }
  return buildWord(build, node, span);
}

function buildWord(build: Build, node: CstNode | undefined, span: Span): Expression {
  const number = tokenOf(node, "Number");
  if (number !== undefined) return numberExpression(build, number);
  const string = tokenOf(node, "String");
  if (string !== undefined) return stringExpression(build, string);
  const name = tokenOf(node, "Identifier");
  if (name !== undefined) return { kind: "name", name: foldName(name.image), span };
  const truth = tokenOf(node, "True") ?? tokenOf(node, "False");
  if (truth !== undefined) return { kind: "bool", value: truth.image === "true", span };
  return { kind: "error", span };
}

// ---------------------------------------------------------------- types

export function buildType(build: Build, node: CstNode | undefined): TypeExpression | undefined {
  const word = tokenOf(node, "Identifier");
  if (word === undefined) return undefined;
  const span = placeOf(build, node, spanOfToken(build.file, word));
  const dtype = tensorWord(word);
  const round = tokenOf(node, "LeftParen");
  if (round !== undefined) reportRoundSizes(build, round, tokenOf(node, "RightParen"));
  const open = tokenOf(node, "LeftSquare") ?? round;
  if (dtype === undefined || (dtype === "bool" && open === undefined)) {
    // Sizes of what is no tensor are part of the name that nobody knows.
    return { kind: "setting", name: open === undefined ? word.image : `${word.image}[…]`, span };
  }
  const dims = nodesOf(node, "dimension").map((dimension) => buildDimension(build, dimension, span));
  const boundNode = nodeOf(node, "bound");
  if (boundNode === undefined) return { kind: "tensor", dtype, dims, span };
  return { kind: "tensor", dtype, bound: buildChainNode(build, boundNode, span), dims, span };
}

function reportRoundSizes(build: Build, open: IToken, close: IToken | undefined): void {
  const [first, last] = [open, close ?? open].map((token) => spanOfToken(build.file, token));
  if (first === undefined || last === undefined) return;
  const facts = { open: first, close: close === undefined ? undefined : last };
  build.slips.push(roundSizes.report({ span: joinSpans(first, last), ...facts }));
}

function buildDimension(build: Build, node: CstNode, instead: Span): TensorTypeExpression["dims"][number] {
  const ellipsis = tokenOf(node, "Ellipsis");
  if (ellipsis !== undefined) return { kind: "ellipsis", span: spanOfToken(build.file, ellipsis) };
  return buildChainNode(build, nodeOf(node, "chain"), behind(instead));
}

function tensorWord({ image }: IToken): TensorTypeExpression["dtype"] | undefined {
  return image === "f32" || image === "i32" || image === "bool" || image === "index" ? image : undefined;
}

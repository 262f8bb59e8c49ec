/**
 * Expressions. What is too long breaks outside in: a pipeline before each `|>`, a choice before `else` (then before
 * `then`), operators behind themselves, the loosest first, and what stands in brackets item by item. Brackets that
 * say nothing go; those that group the operands of a formula are the author's and stay, needed or not.
 */
import type { CstNode, IToken } from "chevrotain";
import { builders } from "prettier/doc";
import { precedences } from "../../compiler/syntax/operators.ts";
import { nodeOf, nodesOf, tokenOf, tokensOf } from "../../compiler/syntax/cst.ts";
import { present } from "./present.ts";
import {
  type Doc,
  type Printer,
  bracketed,
  dropped,
  flowing,
  group,
  hardline,
  isWaiting,
  leading,
  line,
  listed,
  word,
} from "./words.ts";

const { indent } = builders;

/** Whether lines after the first are indented; behind `=` and in brackets the whole already is. */
export type Continuation = "indented" | "aligned";

export function printExpression(printer: Printer, node: CstNode, continuation: Continuation): Doc {
  return nodesOf(node, "conditional").length > 1
    ? printPipeline(printer, node)
    : printConditional(printer, present(nodeOf(node, "conditional")), continuation);
}

/** Without the brackets around the whole, in a place where they say nothing. */
export function printWhole(printer: Printer, node: CstNode, continuation: Continuation): Doc {
  const { brackets, inner } = peeled(printer, node);
  return withoutBrackets(printer, brackets, () => printExpression(printer, inner, continuation));
}

/** ` = value`: on the same line, or below it where it is an operation that does not fit beside it. */
export function printValue(printer: Printer, sign: IToken, node: CstNode): Doc {
  const { inner } = peeled(printer, node);
  const start = offsetOf(inner);
  if (!isOperation(inner) && !isWaiting(printer, start)) {
    return [" ", word(printer, sign), " ", printWhole(printer, node, "indented")];
  }
  return group(printer, () => [
    " ",
    word(printer, sign),
    indent([line(printer), leading(printer, start), printWhole(printer, node, "aligned")]),
  ]);
}

export function offsetOf(node: CstNode): number {
  return present(node.location).startOffset;
}

// ---------------------------------------------------------------- pipelines

/**
 * Steps that the author put on one line stay together while they fit. A pipeline that breaks anywhere breaks
 * behind its first value.
 */
function printPipeline(printer: Printer, node: CstNode): Doc {
  const steps = nodesOf(node, "conditional");
  const pipes = tokensOf(node, "Pipe");
  const begins = steps.slice(1).map((step, at) => isBroken(printer, present(steps[at]), step));
  if (!begins.includes(true) || printer.depth > 0) {
    return group(printer, () => [
      printStep(printer, present(steps[0])),
      indent(pipes.map((pipe, at) => [line(printer), printPipe(printer, pipe, present(steps[at + 1]))])),
    ]);
  }
  const parts: Doc[] = [printStep(printer, present(steps[0]))];
  for (let at = 0; at < pipes.length;) {
    const next = begins.indexOf(true, at + 1);
    const end = next < 0 ? pipes.length : next;
    const [from, to] = [at, end];
    const segment = (): Doc =>
      group(printer, () =>
        pipes.slice(from, to).map((pipe, index) => {
          const step = present(steps[from + index + 1]);
          return [index === 0 ? "" : line(printer), printPipe(printer, pipe, step)];
        }),
      );
    parts.push(indent([hardline(printer), leading(printer, present(pipes[at]).startOffset), segment()]));
    at = end;
  }
  return parts;
}

function printPipe(printer: Printer, pipe: IToken, step: CstNode): Doc {
  return [leading(printer, pipe.startOffset), word(printer, pipe), " ", printStep(printer, step)];
}

function printStep(printer: Printer, step: CstNode): Doc {
  return printConditional(printer, step, "indented");
}

function isBroken({ text }: Printer, before: CstNode, after: CstNode): boolean {
  return /[\r\n]/.test(text.slice(present(before.location?.endOffset) + 1, offsetOf(after)));
}

// ---------------------------------------------------------------- choices

/** `if … then … else …`, or operands. */
export function printConditional(printer: Printer, node: CstNode, continuation: Continuation): Doc {
  if (tokenOf(node, "If") === undefined) return printChain(printer, node, continuation);
  return group(printer, () => printClauses(printer, node));
}

/** One line a clause; `else if` goes on in the same column. */
function printClauses(printer: Printer, node: CstNode): Doc {
  const [ifWord, thenWord, elseWord] = [tokenOf(node, "If"), tokenOf(node, "Then"), tokenOf(node, "Else")];
  const [condition, whenTrue, whenFalse] = ["condition", "whenTrue", "whenFalse"].map((name) =>
    present(nodeOf(node, name)),
  );
  const clause = group(printer, () => [
    word(printer, present(ifWord)),
    " ",
    printBranch(printer, present(condition)),
    indent([
      line(printer),
      leading(printer, present(thenWord).startOffset),
      word(printer, present(thenWord)),
      " ",
      printBranch(printer, present(whenTrue)),
    ]),
  ]);
  const otherwise = [
    line(printer),
    leading(printer, present(elseWord).startOffset),
    word(printer, present(elseWord)),
    " ",
  ];
  return [clause, otherwise, printOtherwise(printer, present(whenFalse))];
}

/** Brackets around a pipeline or a choice stay in a branch. */
function printBranch(printer: Printer, node: CstNode): Doc {
  const { brackets, inner } = peeled(printer, node);
  const isChain = brackets.length > 0 && !isPipeline(inner) && !isChoice(inner);
  return isChain
    ? withoutBrackets(printer, brackets, () => printExpression(printer, inner, "indented"))
    : printConditional(printer, node, "indented");
}

/** Brackets around an `if` behind `else` say nothing. */
function printOtherwise(printer: Printer, node: CstNode): Doc {
  if (tokenOf(node, "If") !== undefined) return printClauses(printer, node);
  const { brackets, inner } = peeled(printer, node);
  if (brackets.length === 0 || !isChoice(inner)) return printBranch(printer, node);
  const choice = present(nodeOf(inner, "conditional"));
  return withoutBrackets(printer, brackets, () => printClauses(printer, choice));
}

// ---------------------------------------------------------------- operators

/** Of any node that holds operands; those that bind tighter stay together longer. */
export function printChain(printer: Printer, node: CstNode, continuation: Continuation): Doc {
  const operands = nodesOf(node, "operand");
  const operators = [...tokensOf(node, "operator"), ...tokensOf(node, "ArithmeticOperator")];
  return printTerms(printer, { operands, operators }, continuation);
}

interface Chain {
  readonly operands: readonly CstNode[];
  /** One less. */
  readonly operators: readonly IToken[];
}

function printTerms(printer: Printer, { operands, operators }: Chain, continuation: Continuation): Doc {
  const loosest = Math.min(...new Set(operators.map(precedenceOf)));
  if (loosest === Infinity) return printOperand(printer, present(operands[0]));
  const at = operators.flatMap((operator, index) => (precedenceOf(operator) === loosest ? [index] : []));
  const term = (index: number): Doc => {
    const [from, to] = [index === 0 ? 0 : present(at[index - 1]) + 1, at[index] ?? operators.length];
    const part = { operands: operands.slice(from, to + 1), operators: operators.slice(from, to) };
    return printTerms(printer, part, "indented");
  };
  return group(printer, () => {
    const first = term(0);
    const rest = at.map((operator, index): Doc => {
      const sign = word(printer, present(operators[operator]));
      const next = offsetOf(present(operands[operator + 1]));
      if (loosest === precedences["^"]) return [" ", sign, " ", term(index + 1)];
      return [" ", sign, line(printer), leading(printer, next), term(index + 1)];
    });
    return [first, continuation === "indented" ? indent(rest) : rest];
  });
}

function precedenceOf({ image }: IToken): number {
  return precedenceOfImage.get(image) ?? Infinity;
}

const precedenceOfImage: ReadonlyMap<string, number> = new Map(Object.entries(precedences));

// ---------------------------------------------------------------- operands

function printOperand(printer: Printer, node: CstNode): Doc {
  const prefixes = tokensOf(node, "PrefixOperator").map((token) => [
    word(printer, token),
    token.image === "not" ? " " : "",
  ]);
  const target = printPrimary(printer, present(nodeOf(node, "primary")));
  return [prefixes, target, nodesOf(node, "suffix").map((suffix) => printSuffix(printer, suffix))];
}

function printPrimary(printer: Printer, node: CstNode): Doc {
  const list = nodeOf(node, "list");
  if (list !== undefined) return printList(printer, list);
  const open = tokenOf(node, "LeftParen");
  if (open === undefined) return word(printer, present(soleToken(node)));
  const expression = present(nodeOf(node, "expression"));
  const close = present(tokenOf(node, "RightParen"));
  if (isAtom(expression) && !printer.tight.has(open.startOffset)) {
    const print = (): Doc => printExpression(printer, expression, "indented");
    return withoutBrackets(printer, [{ open, close, expression }], print);
  }
  return group(printer, () =>
    bracketed(printer, {
      open,
      close,
      padding: "none",
      print: () => [leading(printer, offsetOf(expression)), printWhole(printer, expression, "aligned")],
    }),
  );
}

function printSuffix(printer: Printer, node: CstNode): Doc {
  const index = nodeOf(node, "expression");
  if (index !== undefined) {
    const [open, close] = [present(tokenOf(node, "LeftSquare")), present(tokenOf(node, "RightSquare"))];
    const print = (): Doc => [leading(printer, offsetOf(index)), printWhole(printer, index, "aligned")];
    return group(printer, () => bracketed(printer, { open, close, padding: "none", print }));
  }
  return group(printer, () =>
    listed(printer, {
      open: present(tokenOf(node, "LeftParen")),
      close: present(tokenOf(node, "RightParen")),
      padding: "none",
      items: nodesOf(node, "argument"),
      commas: tokensOf(node, "Comma"),
      offsetOf,
      printItem: (argument) => printArgument(printer, argument),
    }),
  );
}

function printArgument(printer: Printer, node: CstNode): Doc {
  const name = tokenOf(node, "Identifier");
  const ellipsis = tokenOf(node, "Ellipsis");
  const head =
    name === undefined ? "" : [word(printer, name), word(printer, present(tokenOf(node, "Colon"))), " "];
  if (ellipsis !== undefined) return [head, word(printer, ellipsis)];
  return [head, printWhole(printer, present(nodeOf(node, "expression")), "indented")];
}

function printList(printer: Printer, node: CstNode): Doc {
  const items = nodesOf(node, "expression");
  const list = {
    open: present(tokenOf(node, "LeftSquare")),
    close: present(tokenOf(node, "RightSquare")),
    padding: "none" as const,
    items,
    commas: tokensOf(node, "Comma"),
    offsetOf,
    printItem: (item: CstNode) => printWhole(printer, item, "indented"),
  };
  const isFlowing = items.every(isNumber) && !isWaiting(printer, list.close.startOffset);
  return group(printer, () => (isFlowing ? flowing(printer, list) : listed(printer, list)));
}

function isNumber(expression: CstNode): boolean {
  if (isPipeline(expression)) return false;
  const [operand, second] = nodesOf(nodeOf(expression, "conditional"), "operand");
  const primary = nodeOf(operand, "primary");
  return (
    second === undefined &&
    nodesOf(operand, "suffix").length === 0 &&
    tokenOf(primary, "Number") !== undefined
  );
}

// ---------------------------------------------------------------- brackets that say nothing

interface Brackets {
  readonly open: IToken;
  readonly close: IToken;
  readonly expression: CstNode;
}

/** A node without the brackets around all of it that no `//` needs; the outermost come first. */
function peeled(
  printer: Printer,
  node: CstNode,
): { readonly brackets: readonly Brackets[]; readonly inner: CstNode } {
  const brackets: Brackets[] = [];
  let inner = node;
  for (let next = bracketsOf(printer, inner); next !== undefined; next = bracketsOf(printer, inner)) {
    brackets.push(next);
    inner = next.expression;
  }
  return { brackets, inner };
}

function bracketsOf({ tight }: Printer, node: CstNode): Brackets | undefined {
  if (isPipeline(node)) return undefined;
  const primary = nodeOf(soleOperand(nodeOf(node, "conditional") ?? node), "primary");
  const [open, close] = [tokenOf(primary, "LeftParen"), tokenOf(primary, "RightParen")];
  const expression = nodeOf(primary, "expression");
  if (open === undefined || close === undefined || expression === undefined) return undefined;
  return tight.has(open.startOffset) ? undefined : { open, close, expression };
}

/** The operand of a node that has only one, without signs before or arguments behind. */
function soleOperand(node: CstNode): CstNode | undefined {
  const [operand, second] = nodesOf(node, "operand");
  const isPlain = second === undefined && tokensOf(operand, "PrefixOperator").length === 0;
  return isPlain && nodesOf(operand, "suffix").length === 0 ? operand : undefined;
}

function withoutBrackets(printer: Printer, brackets: readonly Brackets[], print: () => Doc): Doc {
  const opened = brackets.map(({ open }) => dropped(printer, open));
  const contents = print();
  return [opened, contents, brackets.toReversed().map(({ close }) => dropped(printer, close))];
}

/** One word, or one with arguments: brackets around it never say anything. */
function isAtom(expression: CstNode): boolean {
  if (isPipeline(expression) || isChoice(expression)) return false;
  const [operand, second] = nodesOf(nodeOf(expression, "conditional"), "operand");
  return second === undefined && tokensOf(operand, "PrefixOperator").length === 0;
}

function isPipeline(expression: CstNode): boolean {
  return nodesOf(expression, "conditional").length > 1;
}

function isChoice(expression: CstNode): boolean {
  return !isPipeline(expression) && tokenOf(nodeOf(expression, "conditional"), "If") !== undefined;
}

/** What goes below its `=` rather than being torn apart. */
function isOperation(expression: CstNode): boolean {
  if (isPipeline(expression)) return false;
  return isChoice(expression) || nodesOf(nodeOf(expression, "conditional"), "operand").length > 1;
}

function soleToken(node: CstNode): IToken | undefined {
  return Object.keys(node.children).flatMap((name) => tokensOf(node, name))[0];
}

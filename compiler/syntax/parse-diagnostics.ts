/** The parser's errors in the user's words: what was found, and what would go on here. */
import { EOF, type IRecognitionException, type IToken } from "chevrotain";
import type { Rest } from "./build.ts";
import { spanOfToken } from "./cst.ts";
import type { Diagnostic, Fix } from "../errors/diagnostic.ts";
import { replaceBy } from "../errors/entry.ts";
import type { Span } from "../errors/span.ts";
import { unexpected } from "../errors/syntax.ts";
import {
  Colon,
  Comma,
  CompoundAssignment,
  EndOfStatement,
  LeftSquare,
  StrayCurly,
} from "../../grammar/tokens.ts";

export function errorDiagnostic(file: string, error: IRecognitionException, length: number): Diagnostic {
  const { token } = error;
  const isPlaced = token.tokenType !== EOF && !Number.isNaN(token.startOffset);
  const span = isPlaced ? spanOfToken(file, token) : { file, start: length, end: length };
  const rules = error.context.ruleStack;
  const rule = rules.at(-1) ?? "";
  const isInIndex = rule !== "argument" && isIndex(rules, token, error.message);
  const wanted = isInIndex ? "`]` belongs here" : (wantedTokens[error.message] ?? wantedInRules[rule]);
  const isOfBraces = error.message === "" || error.message === "LeftCurly";
  const isSizesAlone = rule === "type" && token.tokenType === LeftSquare;
  return unexpected.report({
    span,
    found: describe(token),
    wanted: wanted ?? "something else belongs here",
    hint: isInIndex
      ? hints.get("x[…]")
      : isSizesAlone
        ? hints.get("f32[…]")
        : (hintFor(token) ?? (isOfBraces ? hintsInRules[rule] : undefined)),
    fix: isSizesAlone ? replaceBy({ ...span, end: span.start }, "f32", "write `f32`") : undefined,
  });
}

/** `x[:, 0]`, `x[0, 1]`, `x[0:3]` */
function isIndex(rules: readonly string[], { image }: IToken, wanted: string): boolean {
  const isSlice = image === ":" || image === ",";
  if (!isSlice) return false;
  if (rules.at(-1) === "suffix") return wanted === "RightSquare";
  return (
    rules.lastIndexOf("suffix") > Math.max(rules.lastIndexOf("argument"), rules.lastIndexOf("list")) &&
    image === ":"
  );
}

/** What stands behind a statement that is complete. */
export function restDiagnostic(file: string, rest: Rest): Diagnostic {
  const { token, count } = rest;
  const span = spanOfToken(file, token);
  const isComma = token.tokenType === Comma && count === 1;
  return unexpected.report({
    span,
    found: describe(token),
    wanted: "what comes before it is complete",
    hint: isComma
      ? "a statement ends with its line, without a comma"
      : (restHints.get(token.image) ??
        hintFor(token) ??
        "is an operator, a comma or a line break missing before it?"),
    fix: isComma ? replaceBy(span, "", "remove `,`") : colonFix(span, rest),
  });
}

/** `batch: 32` */
function colonFix(span: Span, { token, count, isBehindName }: Rest): Fix | undefined {
  const isName = isBehindName && token.tokenType === Colon && count > 1;
  return isName ? replaceBy(span, " =", "write `=`") : undefined;
}

function describe(token: IToken): string {
  if (token.tokenType === EOF) return "the end of the file";
  if (token.tokenType === EndOfStatement) return "the end of the statement";
  return `\`${token.image.length > 30 ? `${token.image.slice(0, 29)}…` : token.image}\``;
}

function hintFor(token: IToken): string | undefined {
  if (token.tokenType === StrayCurly) return hints.get("{");
  if (token.tokenType === CompoundAssignment) {
    return "a name keeps its value; give the new one another name, or update a `state` with `<-`";
  }
  return hints.get(token.image);
}

/** Behind a value that is complete. */
const restHints: ReadonlyMap<string, string> = new Map([
  [
    "if",
    "a choice begins with its condition: `if x > 0 then x else 0`; inside of an expression it stands in brackets",
  ],
]);

const hints: ReadonlyMap<string, string> = new Map([
  ["x[…]", "`x[i]` reads along the first axis: `x[0][1]`, `x[range(3)]`, `transpose(x)[0]`"],
  ["f32[…]", "a type says what the numbers are: `f32[N, D]`"],
  [
    "{",
    "a body stands right behind the signature, without `=`; a choice is `if condition then value else other`",
  ],
  ["if", "inside of an expression `if … then … else …` stands in brackets"],
  ["then", "`then` belongs to an `if`"],
  ["else", "`else` belongs to an `if … then …` or a `require`"],
  ["<-", "`<-` gives a state its new value: `t <- 0.9 * t + 0.1 * x`, on a line of its own"],
  ["=>", "there are no unnamed functions; declare a `fn`"],
  [":", "a name gets its value by `=`; `:` stands before a type and behind the name of an argument"],
  ["let", "a `let` stands on a line of its own"],
]);

const importForm = 'names are imported one by one, in braces: `import { dense, relu } from "std/layers"`';
const hintsInRules: Readonly<Record<string, string | undefined>> = {
  importDeclaration: importForm,
  namesInBraces: importForm,
};

/** By the type of the token that was expected. */
const wantedTokens: Readonly<Record<string, string | undefined>> = {
  Identifier: "a name belongs here",
  Equals: "`=` belongs here",
  LeftParen: "`(` belongs here",
  RightParen: "`)` or a comma belongs here",
  RightSquare: "`]` or a comma belongs here",
  LeftCurly: "`{` belongs here",
  RightCurly: "`}` belongs here",
  Greater: "`>` belongs here",
  From: '`from "…"` belongs here',
  String: "a text in double quotes belongs here",
  EndOfStatement: "what comes before it is complete",
};

/** By the rule in which no way went on. */
const wantedInRules: Readonly<Record<string, string | undefined>> = {
  importDeclaration: "`{` belongs here",
  primary: "a value belongs here",
  item: "a declaration or a statement belongs here",
  line: "a declaration or a statement belongs here",
  callable: "the body belongs here, `{ … }` or `= …`",
  conditional: "a value belongs here",
  argument: "a value belongs here",
  dimension: "a size belongs here: a number, a name or `...`",
  stateStatement: "`=` and the initial value belong here",
  suffix: "arguments belong here",
};

/** The parser's errors in the user's words: what was found, and what would go on here. */
import { EOF, type IRecognitionException, type IToken } from "chevrotain";
import { spanOfToken } from "./cst.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import { unexpected } from "../errors/syntax.ts";
import { CompoundAssignment, EndOfStatement, StrayCurly } from "../../grammar/tokens.ts";

export function errorDiagnostic(file: string, error: IRecognitionException, length: number): Diagnostic {
  const { token } = error;
  const isPlaced = token.tokenType !== EOF && !Number.isNaN(token.startOffset);
  const span = isPlaced ? spanOfToken(file, token) : { file, start: length, end: length };
  const rule = error.context.ruleStack.at(-1) ?? "";
  const wanted = wantedTokens[error.message] ?? wantedInRules[rule] ?? "something else belongs here";
  return unexpected.report({
    span,
    found: describe(token),
    wanted,
    hint: hintFor(token) ?? (error.message === "LeftCurly" ? bracesOf[rule] : undefined),
  });
}

/** What stands behind a statement that is complete. */
export function restDiagnostic(file: string, token: IToken): Diagnostic {
  return unexpected.report({
    span: spanOfToken(file, token),
    found: describe(token),
    wanted: "what comes before it is complete",
    hint: hintFor(token) ?? "is an operator, a comma or a line break missing before it?",
  });
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

const hints: ReadonlyMap<string, string> = new Map([
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

/** What stands in the braces that are missing. */
const bracesOf: Readonly<Record<string, string | undefined>> = {
  importDeclaration: 'names are imported one by one, in braces: `import { dense, relu } from "std/layers"`',
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

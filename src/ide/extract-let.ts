/**
 * A `let` for the selected expression, in front of the statement that it stands in. A body that is one expression
 * (`fn f(x) = …`) becomes a block for it.
 */
import type { Fix } from "../../compiler/errors/diagnostic.ts";
import type { Span } from "../../compiler/errors/span.ts";
import type { Callable, Expression, Statement } from "../../compiler/syntax/ast.ts";
import { type Part, partsAt } from "../../compiler/syntax/walk.ts";
import type { Analysis } from "./documents.ts";
import type { Stretch } from "./selection.ts";

/** Nothing, where the selection is no whole expression of a body. */
export function extractLet(analysis: Analysis, selected: Stretch): readonly Fix[] {
  const { text, module } = analysis.module;
  const { start, end } = trimmed(text, selected);
  if (start >= end) return [];
  const around = partsAt(module, start).filter(({ node }) => node.span.end >= end);
  const found = expressionOf(around, start, end) ?? expressionOf(partsAt(module, end), start, end);
  const callable = around.flatMap((part) => (part.is === "declaration" ? [part.node] : []))[0];
  const statement = around.flatMap((part) => (part.is === "statement" ? [part.node] : []))[0];
  if (found === undefined || callable === undefined || statement === undefined) return [];
  if (!("parameters" in callable) || isWhole(found, statement)) return [];
  const name = freshName(analysis, callable, found);
  const written = text.slice(start, end);
  const use = { span: { ...found.span, start, end }, newText: name };
  const place = isBare(text, callable, statement)
    ? blockEdits(text, callable, statement, `let ${name} = ${written}`)
    : [
        {
          span: at(statement.span, statement.span.start),
          newText: `let ${name} = ${written}${breakAt(text, statement.span.start)}`,
        },
      ];
  return [{ title: `give it a name with \`let\``, edits: [...place, use] }];
}

function trimmed(text: string, { start, end }: Stretch): Stretch {
  const inner = text.slice(start, end);
  const blank = inner.length - inner.trimStart().length;
  return { start: start + blank, end: start + blank + inner.trim().length };
}

/** With or without the parentheses around it. */
function expressionOf(parts: readonly Part[], start: number, end: number): Expression | undefined {
  const expressions = parts.flatMap((part) => (part.is === "expression" ? [part.node] : []));
  return expressions.find(({ kind, span }) => kind !== "error" && span.start === start && span.end === end);
}

/** The value of a `let` has a name already. */
function isWhole(found: Expression, statement: Statement): boolean {
  return statement.kind === "let" && statement.value === found;
}

/** `fn f(x) = …`, without `{`. */
function isBare(text: string, { body }: Callable, { kind, span }: Statement): boolean {
  return body.length === 1 && kind === "expression" && /=\s*$/.test(text.slice(0, span.start));
}

function blockEdits(text: string, { span }: Callable, statement: Statement, line: string): Fix["edits"] {
  const equals = text.lastIndexOf("=", statement.span.start);
  const indent = indentAt(text, span.start);
  return [
    {
      span: { ...span, start: equals, end: statement.span.start },
      newText: `{\n${indent}  ${line}\n${indent}  `,
    },
    { span: at(span, statement.span.end), newText: `\n${indent}}` },
  ];
}

function breakAt(text: string, offset: number): string {
  return `\n${indentAt(text, offset)}`;
}

function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? "";
}

function at(span: Span, offset: number): Span {
  return { ...span, start: offset, end: offset };
}

/** Of what is called, else `value`; with a number where the body has the name. */
function freshName({ names }: Analysis, { span }: Callable, found: Expression): string {
  const call = found.kind === "pipe" ? found.right : found;
  const callee = call.kind === "call" && call.callee.kind === "name" ? call.callee.name : undefined;
  const base = callee === undefined ? "value" : `${callee}_value`;
  const taken = new Set(
    names.flatMap((one) =>
      "name" in one.target && span.start <= one.span.start && one.span.end <= span.end
        ? [one.target.name]
        : [],
    ),
  );
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}_${number}`;
    if (!taken.has(name)) return name;
  }
}

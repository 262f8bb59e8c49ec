/** Syntax in tests: trees as short text, and what parsing said. */
import type { Expression, Module, Statement } from "../../compiler/syntax/ast.ts";
import { parseExpression, parseModule } from "../../compiler/syntax/parse.ts";

/** An expression in prefix form: `(+ a (* b c))`. */
export function tree(text: string): string {
  return shown(parseExpression("test.margo", text).expression);
}

/** Codes of what parsing said, in order. */
export function codes(text: string): readonly string[] {
  return parseModule("test.margo", text).diagnostics.map(({ code }) => code);
}

export function moduleOf(text: string): Module {
  return parseModule("test.margo", text).module;
}

/** The statements of the body of the first declaration, one a line. */
export function body(text: string): readonly string[] {
  const [declaration] = moduleOf(text).declarations;
  return declaration !== undefined && "body" in declaration ? declaration.body.map(line) : [];
}

function line(statement: Statement): string {
  switch (statement.kind) {
    case "let":
    case "result":
      return `${statement.kind} ${statement.name.name} ${shown(statement.value)}`;
    case "param":
      return `param ${statement.name.name}${statement.initial === undefined ? "" : ` ~ ${shown(statement.initial)}`}`;
    case "state":
      return `state ${statement.name.name} ${shown(statement.initial)}`;
    case "update":
      return `${statement.target.name} <- ${shown(statement.value)}`;
    case "require":
      return `require ${shown(statement.condition)} "${statement.message}"`;
    case "expression":
      return shown(statement.value);
    case "error":
      return "?";
    default:
      return statement satisfies never;
  }
}

function shown(expression: Expression): string {
  switch (expression.kind) {
    case "number":
    case "bool":
      return String(expression.value);
    case "string":
      return JSON.stringify(expression.value);
    case "name":
      return expression.name;
    case "list":
      return `[${expression.items.map(shown).join(" ")}]`;
    case "call": {
      const args = expression.arguments.map(
        ({ name, value }) => `${name === undefined ? "" : `${name.name}:`}${shown(value)}`,
      );
      return `${shown(expression.callee)}(${args.join(" ")})`;
    }
    case "index":
      return `${shown(expression.target)}[${shown(expression.index)}]`;
    case "unary":
      return `(${expression.operator} ${shown(expression.operand)})`;
    case "binary":
      return `(${expression.operator} ${shown(expression.left)} ${shown(expression.right)})`;
    case "pipe":
      return `(|> ${shown(expression.left)} ${shown(expression.right)})`;
    case "if":
      return `(if ${shown(expression.condition)} ${shown(expression.whenTrue)} ${shown(expression.whenFalse)})`;
    case "error":
      return "?";
    default:
      return expression satisfies never;
  }
}

/**
 * The tree as parts: one total function says what each part of a module holds, in the order of the text, and
 * everything that looks at trees (the name index, folding, selections, highlighting) walks with it. A part says
 * what it is, so a walk can close over the kinds; names and types are parts too.
 */
import type {
  Argument,
  Declaration,
  Ellipsis,
  Expression,
  Identifier,
  Import,
  Module,
  Parameter,
  Statement,
  TypeExpression,
} from "./ast.ts";
import type { Span } from "../errors/span.ts";

export type Part =
  | { readonly is: "declaration"; readonly node: Declaration }
  | { readonly is: "imported"; readonly node: ImportedEntry }
  | { readonly is: "parameter"; readonly node: Parameter }
  | { readonly is: "type"; readonly node: TypeExpression }
  | { readonly is: "ellipsis"; readonly node: Ellipsis }
  | { readonly is: "statement"; readonly node: Statement }
  | { readonly is: "argument"; readonly node: Argument }
  | { readonly is: "expression"; readonly node: Expression }
  /** Where a name is declared or a setting is named; a name that is read is an expression. */
  | { readonly is: "name"; readonly node: Identifier }
  | { readonly is: "path"; readonly node: Import["from"] };

/** `dense as full`: its span covers both names. */
export interface ImportedEntry {
  readonly name: Identifier;
  readonly alias?: Identifier;
  readonly span: Span;
}

export function partsOfModule({ declarations }: Module): readonly Part[] {
  return declarations.map((node) => ({ is: "declaration", node }));
}

/** What a part holds, in the order of the text. */
export function partsOf(part: Part): readonly Part[] {
  switch (part.is) {
    case "declaration":
      return partsOfDeclaration(part.node);
    case "imported":
      return part.node.alias === undefined
        ? [named(part.node.name)]
        : [named(part.node.name), named(part.node.alias)];
    case "parameter":
      return [named(part.node.name), ...typed(part.node.type), ...valued(part.node.defaultValue)];
    case "type":
      return partsOfType(part.node);
    case "statement":
      return partsOfStatement(part.node);
    case "argument":
      return [...(part.node.name === undefined ? [] : [named(part.node.name)]), ...valued(part.node.value)];
    case "expression":
      return partsOfExpression(part.node);
    case "ellipsis":
    case "name":
    case "path":
      return [];
    default:
      return part satisfies never;
  }
}

/** Every part of a module, each before what it holds. A loop, since broken texts nest deeply. */
export function* allParts(module: Module): Iterable<Part> {
  const stack = [...partsOfModule(module)].reverse();
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    yield part;
    stack.push(...[...partsOf(part)].reverse());
  }
}

/** The parts around an offset, outermost first: each holds the offset, its end included. */
export function partsAt(module: Module, offset: number): readonly Part[] {
  const path: Part[] = [];
  for (let among = partsOfModule(module); ;) {
    const holding = among.filter(({ node }) => node.span.start <= offset && offset <= node.span.end);
    // Where two meet, the one that begins here is meant: `f|(x)` is in the name, `a |b` in b.
    const next = holding.at(-1);
    if (next === undefined) return path;
    path.push(next);
    among = partsOf(next);
  }
}

// ---------------------------------------------------------------- one kind each

function partsOfDeclaration(declaration: Declaration): readonly Part[] {
  switch (declaration.kind) {
    case "import":
      return [
        ...declaration.names.map(({ name, alias }): Part => {
          const span = alias === undefined ? name.span : { ...name.span, end: alias.span.end };
          return { is: "imported", node: { name, ...(alias === undefined ? {} : { alias }), span } };
        }),
        { is: "path", node: declaration.from },
      ];
    case "let":
      return [named(declaration.name), ...valued(declaration.value)];
    case "train":
      return [named(declaration.name), ...stated(declaration.body)];
    case "fn":
    case "layer":
    case "model":
    case "margin":
    case "loss":
    case "optimizer":
      return [
        named(declaration.name),
        ...[...declaration.settings, ...declaration.parameters].map((node): Part => ({
          is: "parameter",
          node,
        })),
        ...typed(declaration.returns),
        ...stated(declaration.body),
      ];
    default:
      return declaration satisfies never;
  }
}

function partsOfType(type: TypeExpression): readonly Part[] {
  if (type.kind === "setting") return [];
  const dims = type.dims.map((dim): Part =>
    dim.kind === "ellipsis" ? { is: "ellipsis", node: dim } : { is: "expression", node: dim },
  );
  return [...valued(type.bound), ...dims];
}

function partsOfStatement(statement: Statement): readonly Part[] {
  switch (statement.kind) {
    case "let":
      return [named(statement.name), ...typed(statement.type), ...valued(statement.value)];
    case "param":
    case "state":
      return [named(statement.name), ...typed(statement.type), ...valued(statement.initial)];
    case "update":
      return [named(statement.target), ...valued(statement.value)];
    case "result":
      return [named(statement.name), ...valued(statement.value)];
    case "require":
      return valued(statement.condition);
    case "expression":
      return valued(statement.value);
    case "error":
      return [];
    default:
      return statement satisfies never;
  }
}

function partsOfExpression(expression: Expression): readonly Part[] {
  switch (expression.kind) {
    case "number":
    case "string":
    case "bool":
    case "name":
    case "error":
      return [];
    case "list":
      return expression.items.flatMap(valued);
    case "call":
      return [
        ...valued(expression.callee),
        ...expression.arguments.map((node): Part => ({ is: "argument", node })),
      ];
    case "index":
      return [...valued(expression.target), ...valued(expression.index)];
    case "unary":
      return valued(expression.operand);
    case "binary":
    case "pipe":
      return [...valued(expression.left), ...valued(expression.right)];
    case "if":
      return [
        ...valued(expression.condition),
        ...valued(expression.whenTrue),
        ...valued(expression.whenFalse),
      ];
    default:
      return expression satisfies never;
  }
}

function named(node: Identifier): Part {
  return { is: "name", node };
}

function typed(node: TypeExpression | undefined): readonly Part[] {
  return node === undefined ? [] : [{ is: "type", node }];
}

function valued(node: Expression | undefined): readonly Part[] {
  return node === undefined ? [] : [{ is: "expression", node }];
}

function stated(body: readonly Statement[]): readonly Part[] {
  return body.map((node) => ({ is: "statement", node }));
}

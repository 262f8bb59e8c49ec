/**
 * The AST of a file: declarations and statements of the concrete tree. It is total: every child of the tree may be
 * missing, and what cannot be understood becomes an `error` statement or expression.
 */
import type { CstNode, IToken } from "chevrotain";
import type {
  Callable,
  CallableKind,
  Declaration,
  Expression,
  Identifier,
  Import,
  Module,
  Parameter,
  Statement,
} from "./ast.ts";
import { type Build, behind, identifierOf, placeOf } from "./build.ts";
import { buildChainNode, buildExpression, buildType } from "./build-expressions.ts";
import { nodeOf, nodesOf, spanOfToken, tokenOf, tokensOf } from "./cst.ts";
import { stringValue } from "./literals.ts";
import type { Span } from "../errors/span.ts";
import { Identifier as IdentifierToken } from "../../grammar/tokens.ts";
import {
  declarationInBody,
  importWithoutBraces,
  listCount,
  outsideDeclaration,
  requireWithoutMessage,
  wrongInitialSign,
} from "../errors/syntax.ts";

export function buildModule(build: Build, cst: CstNode | undefined, length: number): Module {
  const span = { file: build.file, start: 0, end: length };
  const declarations: Declaration[] = [];
  for (const line of nodesOf(cst, "line")) {
    noteRests(build, line);
    const declaration = buildDeclaration(build, nodeOf(line, "item"), span);
    if (declaration !== undefined) declarations.push(declaration);
  }
  return { file: build.file, declarations, span };
}

export function buildSoleExpression(build: Build, cst: CstNode | undefined, length: number): Expression {
  noteRests(build, cst);
  return buildExpression(build, nodeOf(cst, "expression"), { file: build.file, start: 0, end: length });
}

/** What is left of a line behind a complete statement. */
function noteRests(build: Build, line: CstNode | undefined): void {
  for (const rest of nodesOf(line, "rest")) {
    const [token, ...others] = tokensOf(rest, "AnyWord");
    if (token === undefined) continue;
    build.rests.push({ token, count: others.length + 1, isBehindName: isSoleName(nodeOf(line, "item")) });
  }
}

function isSoleName(node: CstNode | undefined): boolean {
  const [child, ...others] = Object.values(node?.children ?? {}).flat();
  if (child === undefined || others.length > 0) return false;
  return "tokenType" in child ? child.tokenType === IdentifierToken : isSoleName(child);
}

// ---------------------------------------------------------------- declarations

function buildDeclaration(build: Build, item: CstNode | undefined, instead: Span): Declaration | undefined {
  if (item === undefined) return undefined;
  const span = placeOf(build, item, instead);
  const exported = tokenOf(item, "Export") !== undefined;
  const importNode = nodeOf(item, "importDeclaration");
  if (importNode !== undefined) return buildImport(build, importNode, span);
  const behindNode = nodeOf(item, "importBehind");
  if (behindNode !== undefined) return buildImport(build, behindNode, span);
  const callable = nodeOf(item, "callable");
  if (callable !== undefined)
    return buildCallable(build, callable, { span, exported, ...docOf(build, span) });
  const train = nodeOf(item, "train");
  if (train !== undefined) {
    const name = identifierOf(build, tokenOf(train, "Identifier"), span);
    return {
      kind: "train",
      name,
      exported,
      ...docOf(build, span),
      body: buildBlock(build, train, span),
      span,
    };
  }
  const letNode = nodeOf(item, "letStatement");
  if (letNode !== undefined) {
    const name = identifierOf(build, tokenOf(letNode, "Identifier"), span);
    const value = buildExpression(build, nodeOf(letNode, "expression"), behind(span));
    return { kind: "let", name, exported, ...docOf(build, span), value, span };
  }
  if (span.end > span.start) build.slips.push(outsideDeclaration.report({ span }));
  return undefined;
}

function buildImport(build: Build, node: CstNode, span: Span): Import {
  const bare = nodeOf(node, "bareNames");
  const entries = nodesOf(bare ?? nodeOf(node, "namesInBraces"), "importName");
  const names = entries.flatMap((entry) => {
    const name = tokenOf(entry, "name");
    if (name === undefined) return [];
    const alias = tokenOf(entry, "alias");
    const own = { name: identifierOf(build, name, span) };
    return [alias === undefined ? own : { ...own, alias: identifierOf(build, alias, span) }];
  });
  const path = tokenOf(node, "String");
  const from =
    path === undefined
      ? { value: "", span: behind(span) }
      : { value: stringValue(build, path), span: spanOfToken(build.file, path) };
  const made: Import = { kind: "import", names, from, span };
  if (bare !== undefined && path !== undefined) reportBareNames(build, made, placeOf(build, bare, span));
  return made;
}

function reportBareNames(build: Build, { names, from, span: whole }: Import, span: Span): void {
  const written = names.map(({ name, alias }) =>
    alias === undefined ? name.name : `${name.name} as ${alias.name}`,
  );
  const facts = { span, whole, names: written.join(", "), from: JSON.stringify(from.value) };
  build.slips.push(importWithoutBraces.report(facts));
}

interface DeclarationHead {
  readonly span: Span;
  readonly exported: boolean;
  readonly doc?: string;
}

function buildCallable(build: Build, node: CstNode, head: DeclarationHead): Callable {
  const kind = callableKind(tokenOf(node, "CallableWord"));
  const name = identifierOf(build, tokenOf(node, "Identifier"), head.span);
  const lists = nodesOf(node, "parameters").map((list) => buildParameters(build, list, head.span));
  const wanted = kind === "layer" ? 2 : 1;
  const [first = [], second = []] = lists;
  if (lists.length !== wanted) {
    const border = kind === "layer" ? borderOfInputs(first) : undefined;
    build.slips.push(listCount.report({ span: name.span, kind, found: lists.length, border }));
  }
  const [settings, parameters] = kind === "layer" && lists.length > 1 ? [first, second] : [[], first];
  const returns = buildType(build, nodeOf(node, "type"));
  const value = nodeOf(node, "expression");
  const body =
    value === undefined ? buildBlock(build, node, head.span) : [expressionStatement(build, value, head)];
  return { kind, name, ...head, settings, parameters, ...(returns === undefined ? {} : { returns }), body };
}

/** The comma between the last setting and the first input of a list that holds both. */
function borderOfInputs(list: readonly Parameter[]): Span | undefined {
  const at = list.findIndex(({ type }) => type?.kind === "tensor");
  const [before, first] = [list[at - 1], list[at]];
  if (before === undefined || first === undefined) return undefined;
  const { file, end } = before.span;
  return { file, start: end, end: first.span.start };
}

function expressionStatement(build: Build, node: CstNode, { span }: DeclarationHead): Statement {
  const value = buildExpression(build, node, behind(span));
  return { kind: "expression", value, span: value.span };
}

const callableKinds: readonly CallableKind[] = ["fn", "layer", "model", "margin", "loss", "optimizer"];

function callableKind(word: IToken | undefined): CallableKind {
  return callableKinds.find((kind) => kind === word?.image) ?? "fn";
}

function buildParameters(build: Build, node: CstNode, instead: Span): readonly Parameter[] {
  return nodesOf(node, "parameter").flatMap((parameter) => {
    const span = placeOf(build, parameter, behind(instead));
    const token = tokenOf(parameter, "Identifier");
    if (token === undefined) return [];
    const type = buildType(build, nodeOf(parameter, "type"));
    const preset = nodeOf(parameter, "expression");
    const hasDefault = tokenOf(parameter, "Equals") !== undefined;
    return [
      {
        name: identifierOf(build, token, span),
        ...(type === undefined ? {} : { type }),
        ...(hasDefault ? { defaultValue: buildExpression(build, preset, behind(span)) } : {}),
        span,
      },
    ];
  });
}

/** The `///` lines right above the declaration. */
function docOf(build: Build, { start }: Span): { readonly doc?: string } {
  const lines: string[] = [];
  for (let line = build.lineOf(start) - 1; build.docs.has(line); line--)
    lines.unshift(build.docs.get(line) ?? "");
  return lines.length === 0 ? {} : { doc: lines.join("\n") };
}

// ---------------------------------------------------------------- statements

function buildBlock(build: Build, owner: CstNode, instead: Span): readonly Statement[] {
  return nodesOf(nodeOf(owner, "block"), "line").map((line) => {
    noteRests(build, line);
    return buildStatement(build, nodeOf(line, "item"), placeOf(build, line, behind(instead)));
  });
}

function buildStatement(build: Build, item: CstNode | undefined, instead: Span): Statement {
  const span = placeOf(build, item, instead);
  const declared = ["callable", "train", "importDeclaration", "importBehind"]
    .map((kind) => nodeOf(item, kind))
    .find((node) => node !== undefined);
  if (declared !== undefined || tokenOf(item, "Export") !== undefined) {
    build.slips.push(declarationInBody.report({ span }));
    return { kind: "error", span };
  }
  const [kind, node] =
    statementKinds.flatMap((each) => nodesOf(item, each).map((found) => [each, found] as const))[0] ?? [];
  if (kind === undefined || node === undefined) return { kind: "error", span };
  return statementBuilders[kind](build, node, span);
}

const statementKinds = [
  "letStatement",
  "paramStatement",
  "stateStatement",
  "requireStatement",
  "update",
  "result",
  "expression",
] as const;

type StatementBuilder = (build: Build, node: CstNode, span: Span) => Statement;

const statementBuilders: Readonly<Record<(typeof statementKinds)[number], StatementBuilder>> = {
  letStatement: (build, node, span) => {
    return {
      kind: "let",
      ...named(build, node, span),
      ...typed(build, node),
      value: valued(build, node, span),
      span,
    };
  },
  paramStatement: (build, node, span) => {
    reportSign(build, tokenOf(node, "Equals"), "param");
    const hasInitial = tokensOf(node, "Tilde").length + tokensOf(node, "Equals").length > 0;
    const initial = hasInitial ? { initial: valued(build, node, span) } : {};
    return { kind: "param", ...named(build, node, span), ...typed(build, node), ...initial, span };
  },
  stateStatement: (build, node, span) => {
    reportSign(build, tokenOf(node, "Tilde"), "state");
    const initial = valued(build, node, span);
    return { kind: "state", ...named(build, node, span), ...typed(build, node), initial, span };
  },
  requireStatement: (build, node, span) => {
    const condition = buildChainNode(build, nodeOf(node, "chain"), behind(span));
    const message = tokenOf(node, "String");
    if (message === undefined && condition.kind !== "error") {
      build.slips.push(requireWithoutMessage.report({ span }));
    }
    return {
      kind: "require",
      condition,
      message: message === undefined ? "" : stringValue(build, message),
      span,
    };
  },
  update: (build, node, span) => {
    const target = identifierOf(build, tokenOf(node, "Identifier"), span);
    return { kind: "update", target, value: valued(build, node, span), span };
  },
  result: (build, node, span) => {
    return { kind: "result", ...named(build, node, span), value: valued(build, node, span), span };
  },
  expression: (build, node, span) => {
    return { kind: "expression", value: buildExpression(build, node, span), span };
  },
};

function named(build: Build, node: CstNode, span: Span): { readonly name: Identifier } {
  return { name: identifierOf(build, tokenOf(node, "Identifier"), span) };
}

function typed(build: Build, node: CstNode) {
  const type = buildType(build, nodeOf(node, "type"));
  return type === undefined ? {} : { type };
}

function valued(build: Build, node: CstNode, span: Span): Expression {
  return buildExpression(build, nodeOf(node, "expression"), behind(span));
}

function reportSign(build: Build, sign: IToken | undefined, kind: "param" | "state"): void {
  if (sign === undefined) return;
  build.slips.push(wrongInitialSign.report({ span: spanOfToken(build.file, sign), kind }));
}

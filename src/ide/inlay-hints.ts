/**
 * What an editor shows between the words: the shape of each `let`, the shape after each step of a pipeline, and the
 * names of settings that are given by position. A step that changes no shape stays quiet, unless it ends its line; so
 * does what the text already says.
 */
import type { Span } from "../../compiler/errors/span.ts";
import type { CallExpression, Expression, Parameter, Statement } from "../../compiler/syntax/ast.ts";
import { allParts } from "../../compiler/syntax/walk.ts";
import type { Analysis, Documents } from "./documents.ts";
import type { Occurrence } from "./names.ts";
import { symbolOf } from "./symbols.ts";

export interface InlayHint {
  readonly offset: number;
  readonly text: string;
  readonly kind: "shape" | "setting";
  /** On which side the text around keeps a blank. */
  readonly blank: "before" | "after" | "none";
}

/** Hints in a stretch of the text, in its order. */
export function inlayHints(
  documents: Documents,
  analysis: Analysis,
  within: { readonly start: number; readonly end: number } = { start: 0, end: Infinity },
): readonly InlayHint[] {
  const hints: InlayHint[] = [];
  const facts: Facts = { documents, analysis, types: typesOf(analysis), callees: calleesOf(analysis) };
  const piped = new Set<Expression>();
  const chained = new Set<Expression>();
  for (const part of allParts(analysis.module.module)) {
    if (part.node.span.end < within.start || part.node.span.start > within.end) continue;
    if (part.is === "statement" && part.node.kind === "let") hints.push(...hintOfLet(facts, part.node));
    if (part.is !== "expression") continue;
    if (part.node.kind === "pipe") {
      piped.add(part.node.right);
      if (!chained.has(part.node)) hints.push(...hintsOfChain(facts, part.node, chained));
    }
    if (part.node.kind === "call") hints.push(...hintsOfCall(facts, part.node, piped.has(part.node)));
  }
  return hints
    .filter(({ offset }) => within.start <= offset && offset <= within.end)
    .sort((a, b) => a.offset - b.offset);
}

interface Facts {
  readonly documents: Documents;
  readonly analysis: Analysis;
  readonly types: ReadonlyMap<string, string>;
  readonly callees: ReadonlyMap<number, Occurrence>;
}

// ---------------------------------------------------------------- shapes

function typesOf({ check }: Analysis): ReadonlyMap<string, string> {
  return new Map(check.types.map(({ span, text }) => [keyOf(span), text]));
}

function keyOf({ start, end }: Span): string {
  return `${start} ${end}`;
}

/** Tensors only: what a number or a string is, the text shows. */
function shapeOf({ types }: Facts, { span }: Expression): string | undefined {
  const text = types.get(keyOf(span));
  return text !== undefined && /^(f32|i32|bool|index<[^>]*>)(\[|$)/.test(text) ? text : undefined;
}

function hintOfLet(facts: Facts, { name, type, value }: Extract<Statement, { kind: "let" }>): InlayHint[] {
  const shape = shapeOf(facts, value);
  if (shape === undefined || type !== undefined) return [];
  return [{ offset: name.span.end, text: `: ${shape}`, kind: "shape", blank: "none" }];
}

/** From the last step inwards: `a |> b |> c` is `(a |> b) |> c`. */
function hintsOfChain(
  facts: Facts,
  chain: Extract<Expression, { kind: "pipe" }>,
  chained: Set<Expression>,
): InlayHint[] {
  const hints: InlayHint[] = [];
  for (let step: Expression = chain; step.kind === "pipe"; step = step.left) {
    chained.add(step);
    const shape = shapeOf(facts, step);
    const isTold = shape === undefined || (shape === shapeOf(facts, step.left) && !endsLine(facts, step));
    if (!isTold) hints.push({ offset: step.span.end, text: shape, kind: "shape", blank: "before" });
  }
  return hints;
}

function endsLine({ analysis }: Facts, { span }: Expression): boolean {
  return /^[ \t]*(?:\/\/[^\r\n]*)?(?:[\r\n]|$)/.test(analysis.module.text.slice(span.end, span.end + 300));
}

// ---------------------------------------------------------------- settings by position

function calleesOf({ names }: Analysis): ReadonlyMap<number, Occurrence> {
  return new Map(names.map((name) => [name.span.start, name]));
}

function hintsOfCall(facts: Facts, call: CallExpression, isPiped: boolean): InlayHint[] {
  const parameters = parametersOf(facts, call, isPiped);
  const hints: InlayHint[] = [];
  let position = 0;
  for (const { name, value } of call.arguments) {
    if (name !== undefined) continue;
    const parameter = parameters[position++];
    if (parameter === undefined || parameter.type?.kind === "tensor") continue;
    const label = parameter.name.name;
    if (value.kind === "error" || (value.kind === "name" && value.name === label)) continue;
    hints.push({ offset: value.span.start, text: `${label}:`, kind: "setting", blank: "after" });
  }
  return hints;
}

/** What the positions of a call mean: settings of a layer, margin or optimizer; everything of a function. */
function parametersOf(
  facts: Facts,
  { callee, arguments: given }: CallExpression,
  isPiped: boolean,
): readonly Parameter[] {
  if (callee.kind !== "name") return [];
  const target = facts.callees.get(callee.span.start)?.target;
  const symbol = target === undefined ? undefined : symbolOf(facts.documents, target);
  if (symbol?.kind !== "declaration" || !("parameters" in symbol.declaration)) return [];
  const { kind, settings, parameters } = symbol.declaration;
  switch (kind) {
    case "layer":
      return settings;
    case "margin":
    case "optimizer":
      return parameters;
    case "fn":
      return isPiped ? parameters.slice(1) : parameters;
    case "model":
    case "loss":
      // Given inputs, positions mean all of them; else the settings alone.
      return given.some(({ name, value }) => name === undefined && shapeOf(facts, value) !== undefined)
        ? parameters
        : parameters.filter(({ type }) => type?.kind !== "tensor");
    default:
      return kind satisfies never;
  }
}

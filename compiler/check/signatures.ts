/**
 * Types as written meet types as found. A name in a type binds a dimension at its first use and must agree
 * afterwards; arithmetic on names is worked out; `...` takes any number of axes. A disagreement is told with
 * both shapes and with the place where the size was bound.
 */
import { type Dim, knownSize, labelled, namedDim, sameDim, unlabelled } from "../ir/dim.ts";
import { type TensorType, printType, tensorType } from "../ir/type.ts";
import type { Expression, Parameter, TensorTypeExpression } from "../syntax/ast.ts";
import {
  badDimension,
  shapeMismatch,
  unboundDimension,
  wrongDType,
  wrongRank,
} from "../errors/check-types.ts";
import type { Span } from "../errors/span.ts";
import { evaluate } from "./expressions.ts";
import { type Frame, bindDim } from "./frame.ts";
import { lookupValue } from "./names.ts";
import { report } from "./report.ts";
import { isUndecided } from "./tensors.ts";
import { type TensorValue } from "./values.ts";

/** What a found tensor is called in messages, and where it stands. */
export interface FoundAt {
  readonly name: string;
  readonly span: Span;
  /** Whose rules are broken: the frame in which a mismatch is reported. */
  readonly blame: Frame;
}

/** How a type's names that have no size yet are treated: bound to free dimensions, or reported. */
export type Unbound = "free" | "reported";

/**
 * Checks a tensor against a written type and binds its names in `frame`. The result carries the written
 * names as labels; undefined after a diagnostic.
 */
export function matchTensor(
  frame: Frame,
  written: TensorTypeExpression,
  found: TensorValue,
  at: FoundAt,
): TensorValue | undefined {
  if (!matchDType(frame, written, found, at)) return undefined;
  const split = splitShape(written, found.type.shape);
  if (split === undefined) {
    if (isUndecided(frame, [found.type])) return undefined;
    report(
      at.blame,
      wrongRank.report({
        span: at.span,
        name: at.name,
        found: printType(found.type),
        written: printWritten(written),
        writtenSpan: written.span,
        sizes: found.type.shape.map((dim) => dim.key),
        wanted: written.dims.some(({ kind }) => kind === "ellipsis") ? undefined : written.dims.length,
      }),
    );
    return undefined;
  }
  const shape: Dim[] = [];
  for (const [dim, expression] of split.pairs) {
    const matched = expression === undefined ? dim : matchDim(frame, expression, dim, { written, found, at });
    if (matched === undefined) return undefined;
    shape.push(matched);
  }
  if (split.ellipsis !== undefined) {
    const matched = matchEllipsis(frame, split.ellipsis, { written, found, at });
    if (matched === undefined) return undefined;
    shape.splice(split.ellipsis.start, split.ellipsis.dims.length, ...matched);
  }
  return {
    ...found,
    type: tensorType(found.type.dtype, shape),
    origin: { name: at.name, span: written.span },
  };
}

interface MatchFacts {
  readonly written: TensorTypeExpression;
  readonly found: TensorValue;
  readonly at: FoundAt;
}

interface SplitShape {
  readonly pairs: readonly (readonly [Dim, Expression | undefined])[];
  readonly ellipsis:
    { readonly dims: readonly Dim[]; readonly start: number; readonly span: Span } | undefined;
}

/** Each found dimension with the expression for it; those under `...` without one. */
function splitShape({ dims }: TensorTypeExpression, shape: readonly Dim[]): SplitShape | undefined {
  const start = dims.findIndex((dim) => dim.kind === "ellipsis");
  const extra = shape.length - (dims.length - (start < 0 ? 0 : 1));
  if (extra < 0 || (start < 0 && extra !== 0)) return undefined;
  const ellipsis = dims[start];
  const pairs = shape.map((dim, axis): readonly [Dim, Expression | undefined] => {
    const written =
      start < 0 || axis < start ? dims[axis] : axis < start + extra ? undefined : dims[axis - extra + 1];
    return [dim, written?.kind === "ellipsis" ? undefined : written];
  });
  return {
    pairs,
    ellipsis:
      ellipsis === undefined
        ? undefined
        : { dims: shape.slice(start, start + extra), start, span: ellipsis.span },
  };
}

function matchDType(frame: Frame, written: TensorTypeExpression, found: TensorValue, at: FoundAt): boolean {
  const wanted = written.dtype === "index" ? "i32" : written.dtype;
  if (found.type.dtype !== wanted) {
    const facts = { span: at.span, name: at.name, found: printType(found.type), writtenSpan: written.span };
    report(at.blame, wrongDType.report({ ...facts, wanted: written.dtype }));
    return false;
  }
  if (written.bound === undefined || found.bound === undefined) return true;
  return matchDim(frame, written.bound, found.bound, { written, found, at }) !== undefined;
}

function matchDim(frame: Frame, expression: Expression, dim: Dim, facts: MatchFacts): Dim | undefined {
  const { at, found } = facts;
  if (expression.kind === "name" && isFreshName(frame, expression.name)) {
    const because = `\`${at.name}\` is ${printType(found.type)}, so ${expression.name} is ${printDim(dim)}`;
    return bindDim(frame, expression.name, dim, at.span, because);
  }
  const wanted = writtenDim(frame, expression, "reported");
  if (wanted === undefined) return undefined;
  if (sameDim(wanted, dim)) return wanted;
  if (isUndecided(frame, [tensorType("f32", [wanted, dim])])) return wanted;
  const earlier = expression.kind === "name" ? frame.dims.get(expression.name) : undefined;
  report(
    at.blame,
    shapeMismatch.report({
      span: at.span,
      name: at.name,
      found: printType(found.type),
      written: printWritten(facts.written),
      writtenSpan: facts.written.span,
      size: printDim(dim),
      wanted: printDim(unlabelled(wanted)),
      dimension: textOfExpression(expression),
      ...(earlier === undefined ? {} : { earlier: { span: earlier.span, message: earlier.because } }),
    }),
  );
  return undefined;
}

/** A name that no setting and no earlier type has given a size. */
function isFreshName(frame: Frame, name: string): boolean {
  return !frame.dims.has(name) && !frame.names.has(name) && lookupSize(frame, name) === undefined;
}

/** A whole number of the body, or a constant of the file. */
function lookupSize(frame: Frame, name: string): Dim | undefined {
  const { declarations, imports, file } = frame.module;
  // Also that there is no such name decides what the text means.
  frame.session.program.usedGlobals.add(`${file}:${name}`);
  const isKnown = frame.names.has(name) || declarations.get(name)?.kind === "let" || imports.has(name);
  const value = isKnown ? lookupValue(frame, name) : undefined;
  return value?.kind === "int" ? value.dim : undefined;
}

function matchEllipsis(
  frame: Frame,
  { dims, span }: NonNullable<SplitShape["ellipsis"]>,
  facts: MatchFacts,
): readonly Dim[] | undefined {
  const bound = dims.map((dim, index) => labelled(dim, `...${index}`));
  const known = frame.ellipsis;
  if (known === undefined) {
    frame.ellipsis = { dims: bound, originals: dims, span };
    return bound;
  }
  const agrees =
    known.dims.length === dims.length && known.dims.every((dim, index) => sameDim(dim, dims[index] ?? dim));
  if (agrees) return bound;
  const { at, found, written } = facts;
  const shown = printType(tensorType(found.type.dtype, known.originals));
  report(
    at.blame,
    shapeMismatch.report({
      span: at.span,
      name: at.name,
      found: printType(found.type),
      written: printWritten(written),
      writtenSpan: written.span,
      size: printType(tensorType(found.type.dtype, dims)),
      wanted: shown,
      dimension: "...",
    }),
  );
  return undefined;
}

/** The size that an expression in a type stands for. */
export function writtenDim(frame: Frame, expression: Expression, unbound: Unbound): Dim | undefined {
  if (expression.kind === "name") {
    const known = frame.dims.get(expression.name)?.dim ?? lookupSize(frame, expression.name);
    if (known !== undefined) return labelled(known, expression.name);
    if (frame.names.has(expression.name)) return evaluatedSize(frame, expression);
    if (unbound === "free")
      return bindDim(
        frame,
        expression.name,
        namedDim(expression.name),
        expression.span,
        `${expression.name} is free`,
      );
    report(frame, unboundDimension.report({ span: expression.span, name: expression.name }));
    return undefined;
  }
  if (unbound === "free") bindFreeNames(frame, expression);
  return evaluatedSize(frame, expression);
}

/** The size that an expression of the body gives; undefined, after a diagnostic, where it is none. */
function evaluatedSize(frame: Frame, expression: Expression): Dim | undefined {
  const value = evaluate(frame, expression);
  if (value.kind === "error") return undefined;
  const size = value.kind === "int" ? knownSize(value.dim) : undefined;
  const isSize = value.kind === "int" && (size === undefined || size >= 0);
  if (isSize) return value.dim;
  const division =
    expression.kind === "binary" && expression.operator === "/" ? expression.operatorSpan : undefined;
  report(
    frame,
    badDimension.report({ span: expression.span, found: textOfExpression(expression), division }),
  );
  return undefined;
}

/** In a generic check, `f32[N, H // 2]` may be where H is met first. */
function bindFreeNames(frame: Frame, expression: Expression): void {
  if (expression.kind === "name") writtenDim(frame, expression, "free");
  if (expression.kind === "unary") bindFreeNames(frame, expression.operand);
  if (expression.kind !== "binary") return;
  bindFreeNames(frame, expression.left);
  bindFreeNames(frame, expression.right);
}

/** A written type as a type, with the names as labels. `...` stands for what it was bound to. */
export function writtenType(
  frame: Frame,
  written: TensorTypeExpression,
  unbound: Unbound,
): TensorType | undefined {
  const shape: Dim[] = [];
  for (const dim of written.dims) {
    if (dim.kind === "ellipsis") {
      shape.push(...ellipsisDims(frame, dim.span));
      continue;
    }
    const size = writtenDim(frame, dim, unbound);
    if (size === undefined) return undefined;
    shape.push(size);
  }
  return tensorType(written.dtype === "index" ? "i32" : written.dtype, shape);
}

function ellipsisDims(frame: Frame, span: Span): readonly Dim[] {
  if (frame.ellipsis === undefined) {
    const free = namedDim("...");
    frame.ellipsis = { dims: [labelled(free, "...0")], originals: [free], span };
  }
  return frame.ellipsis.dims;
}

/** A result as the caller sees it: the callee's names for sizes become the caller's again. */
export function withCallerLabels(frame: Frame, value: TensorValue): TensorValue {
  const shape = value.type.shape.map((dim) => callerDim(frame, dim));
  const bound = value.bound === undefined ? {} : { bound: callerDim(frame, value.bound) };
  const { origin: _, ...rest } = value;
  return { ...rest, type: tensorType(value.type.dtype, shape), ...bound };
}

function callerDim(frame: Frame, dim: Dim): Dim {
  if (dim.label === undefined) return dim;
  const binding = frame.dims.get(dim.label);
  if (binding !== undefined && sameDim(binding.dim, dim)) return binding.original;
  const original = frame.names.get(dim.label)?.original;
  if (original !== undefined && sameDim(original, dim)) return original;
  const position = frame.ellipsis?.dims.findIndex((own) => own.label === dim.label) ?? -1;
  return frame.ellipsis?.originals[position] ?? unlabelled(dim);
}

export function isTensorParameter(
  parameter: Parameter,
): parameter is Parameter & { readonly type: TensorTypeExpression } {
  return parameter.type?.kind === "tensor";
}

export function printDim(dim: Dim): string {
  return dim.label === undefined || dim.label === dim.key || dim.label.startsWith("...")
    ? dim.key
    : `${dim.label} = ${dim.key}`;
}

/** A written type as text. */
export function printWritten(written: TensorTypeExpression): string {
  const bound = written.bound === undefined ? "" : `<${textOfExpression(written.bound)}>`;
  const dims = written.dims.map((dim) => (dim.kind === "ellipsis" ? "..." : textOfExpression(dim)));
  return `${written.dtype}${bound}${dims.length === 0 ? "" : `[${dims.join(", ")}]`}`;
}

/** Short expressions of sizes, as they were written. */
export function textOfExpression(expression: Expression): string {
  switch (expression.kind) {
    case "number":
      return String(expression.value);
    case "name":
      return expression.name;
    case "binary":
      return `${textOfExpression(expression.left)} ${expression.operator} ${textOfExpression(expression.right)}`;
    case "unary":
      return `${expression.operator}${textOfExpression(expression.operand)}`;
    case "string":
    case "bool":
    case "list":
    case "call":
    case "index":
    case "pipe":
    case "if":
    case "error":
      return "…";
    default:
      return expression satisfies never;
  }
}

/**
 * `x[i]`: an item of a list, a row of a tensor, or the rows that a tensor of whole numbers names.
 */
import { type Dim, constantDim, addDims, knownSize, sameDim } from "../ir/dim.ts";
import { printType } from "../ir/type.ts";
import { replaceBy } from "../errors/entry.ts";
import { wrongClassCount } from "../errors/check-losses.ts";
import { badIndex, indexOutOfRange, notIndexable } from "../errors/check-axes.ts";
import { labelsAlongRows } from "../errors/check-types.ts";
import type { Span } from "../errors/span.ts";
import type { Expression } from "../syntax/ast.ts";
import { givenIn } from "./bodies.ts";
import type { Frame } from "./frame.ts";
import type { Operand } from "./operands.ts";
import { isWrittenByUser, report } from "./report.ts";
import { castTo, makeTensor, reshaped, toTensor } from "./tensors.ts";
import { type IntValue, type ListValue, type TensorValue, type Value, phraseOf, knownInt } from "./values.ts";

interface IndexUse {
  readonly target: Operand;
  readonly index: Operand;
  readonly span: Span;
  /** The expression for the target. */
  readonly table: Expression;
}

export function indexValue(frame: Frame, use: IndexUse): Value {
  const target = use.target.value;
  const index = asPositions(frame, use.index);
  if (target.kind === "error") return target;
  if (index.kind === "error") return index;
  if (target.kind !== "list" && (target.kind !== "tensor" || target.type.shape.length === 0))
    return report(frame, notIndexable.report({ span: use.target.span, found: phraseOf(target) }));
  if (index.kind === "int") return constantIndex(frame, use, target, index);
  const isWhole = index.kind === "tensor" && (index.type.dtype === "i32" || index.integral === true);
  if (!isWhole) return report(frame, badIndex.report({ span: use.index.span, found: phraseOf(index) }));
  const table = toTensor(frame, target, use.target.span);
  if (table.kind === "error") return table;
  const fault = otherCount(frame, use, table, index);
  if (fault !== undefined) return fault;
  warnOfRows(frame, use, table, index);
  return makeTensor(frame, "gather", [table, castTo(frame, index, "i32", use.index.span)], {}, use.span);
}

/** A list of positions, as in `x[[0, 2]]`, is a tensor of them. */
function asPositions(frame: Frame, { value, span }: Operand): Value {
  return value.kind === "list" ? toTensor(frame, value, span, "i32") : value;
}

/** Labels past the end of what they index; of a list for the classes, also one that is longer. */
function otherCount(
  frame: Frame,
  { target, table: expression, span }: IndexUse,
  { type }: TensorValue,
  { bound, node }: TensorValue,
): Value | undefined {
  const [size, classes] = [knownSize(type.shape[0] ?? constantDim(1)), bound && knownSize(bound)];
  if (size === undefined || classes === undefined || size === classes) return undefined;
  const isForClasses = target.value.kind === "list" && node.op === "input";
  if (size > classes && !isForClasses) return undefined;
  const [found, count] = [String(size), String(classes)];
  const place = placeOfTable(frame, expression);
  return report(frame, wrongClassCount.report({ span: place, found, classes: count, read: span }));
}

/** The list or tensor that is read, where it was given or is a default; else the expression for it. */
export function placeOfTable(frame: Frame, target: Expression): Span {
  const named = letBehind(frame, target);
  if (named !== undefined) return placeOfTable(frame, named);
  const given = givenIn(frame, target).find((place) => isWrittenByUser(frame, place));
  return given ?? defaultOf(frame, target)?.span ?? target.span;
}

function letBehind({ owner, names }: Frame, target: Expression): Expression | undefined {
  if (target.kind !== "name" || owner === undefined || !("body" in owner)) return undefined;
  if (names.get(target.name)?.kind !== "let") return undefined;
  for (const statement of owner.body)
    if (statement.kind === "let" && statement.name.name === target.name) return statement.value;
  return undefined;
}

function defaultOf({ owner }: Frame, target: Expression): Expression | undefined {
  if (target.kind !== "name" || owner === undefined || !("parameters" in owner)) return undefined;
  return owner.parameters.find(({ name }) => name.name === target.name)?.defaultValue;
}

/** Labels of C classes, one for each of N rows, that read rows of a tensor f32[N, C]: its elements were meant. */
function warnOfRows(
  frame: Frame,
  { target, index: { span }, ...use }: IndexUse,
  table: TensorValue,
  { bound, type }: TensorValue,
): void {
  const [[rows, classes, ...rest], [labels, ...more]] = [table.type.shape, type.shape];
  if (bound === undefined || rows === undefined || classes === undefined || labels === undefined) return;
  if (rest.length > 0 || more.length > 0 || sameDim(bound, rows)) return;
  if (!sameDim(bound, classes) || !sameDim(labels, rows)) return;
  const { file, text } = frame.module;
  const written = (part: Span): string => text.slice(part.start, part.end);
  const picks =
    span.file === file
      ? replaceBy(use.span, `pick(${written(target.span)}, ${written(span)})`, "pick one element a row")
      : undefined;
  const facts = { bound: bound.key, size: rows.key, read: printType(table.type), picks };
  report(frame, labelsAlongRows.report({ span: use.span, ...facts }));
}

function constantIndex(frame: Frame, use: IndexUse, target: ListValue | TensorValue, index: IntValue): Value {
  const size =
    target.kind === "list" ? constantDim(target.items.length) : (target.type.shape[0] ?? constantDim(1));
  const at = knownInt(index);
  const start = at !== undefined && at < 0 ? addDims(size, index.dim) : index.dim;
  const [from, count] = [knownSize(start), knownSize(size)];
  const isOutside = from !== undefined && (from < 0 || (count !== undefined && from >= count));
  if (isOutside)
    return report(frame, indexOutOfRange.report({ span: use.index.span, index: at ?? from, size: size.key }));
  if (target.kind === "list") {
    const item = from === undefined ? undefined : target.items[from];
    if (item !== undefined) return item;
    const table = toTensor(frame, target, use.target.span);
    return table.kind === "error" ? table : rowOf(frame, table, start, use.span);
  }
  return rowOf(frame, target, start, use.span);
}

/** One row: its axis goes, except in a margin, where every value stays a matrix. */
function rowOf(frame: Frame, table: TensorValue, start: Dim, span: Span): Value {
  const rest = table.type.shape.slice(1);
  const one = constantDim(1);
  const zeros = rest.map(() => constantDim(0));
  const row = makeTensor(frame, "slice", [table], { starts: [start, ...zeros], sizes: [one, ...rest] }, span);
  if (row.kind === "error") return row;
  return frame.ambient.reading === undefined ? reshaped(frame, row, rest, span) : row;
}

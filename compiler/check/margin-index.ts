/**
 * `v[i]` in a margin, where a value stands for a pair of row and class, or for one of the two: brackets choose the class.
 * So `v[y]` is v as the row's own class has it, whatever expression v is, and reads the same graph as if `[y]` stood
 * behind each name in it. A tensor with an axis for classes and others behind it, f32[C, D], gives a row a label.
 */
import { type Dim, constantDim, isSize, knownSize } from "../ir/dim.ts";
import { notByClass, wrongClassCount } from "../errors/check-losses.ts";
import { badIndex, indexOutOfRange } from "../errors/check-axes.ts";
import { replaceBy } from "../errors/entry.ts";
import type { Span } from "../errors/span.ts";
import type { Expression, IndexExpression } from "../syntax/ast.ts";
import { evaluate } from "./expressions.ts";
import { type Frame, frameOfReading } from "./frame.ts";
import type { Head } from "./geometry.ts";
import { indexValue, placeOfTable } from "./indexing.ts";
import { runsOverClasses } from "./margin-readings.ts";
import { evaluateName } from "./names.ts";
import { report } from "./report.ts";
import { castTo, makeTensor, reshaped, stretched, toTensor } from "./tensors.ts";
import { type TensorValue, type Value, errorValue, knownInt, phraseOf } from "./values.ts";

/** Inside a margin's statements. */
export function indexInMargin(frame: Frame, expression: IndexExpression): Value {
  const { head, geometry, reading } = frame.ambient;
  const [pairs, own] = [frameOfReading(frame, "pairs"), frameOfReading(frame, "own")];
  if (head === undefined || geometry === undefined || reading === undefined) return errorValue;
  if (pairs === undefined || own === undefined) return errorValue;
  const index = evaluate(pairs, expression.index);
  if (index.kind === "error") return index;
  const use: ClassIndex = { pairs, head, expression, target: valueForPairs(pairs, expression.target), index };
  const label = geometry("y");
  const isOwn = index.kind === "tensor" && label.kind === "tensor" && index.node === label.node;
  if (isOwn && (isByClass(head, use.target) || isOneLength(geometry("w_norm"), use.target)))
    return atOwnClass(own, use);
  return reading.toOwn(atClass(use));
}

interface ClassIndex {
  readonly pairs: Frame;
  readonly head: Head;
  readonly expression: IndexExpression;
  readonly target: Value;
  readonly index: Value;
}

/** A name as it is declared: a list as a list, f32[C] without the axis for rows. */
function valueForPairs(pairs: Frame, target: Expression): Value {
  return target.kind === "name" ? evaluateName(pairs, target, "asWritten") : evaluate(pairs, target);
}

/** A number a class, alone or for each row: a list, [C], [1, C] or [N, C]. */
function isByClass(head: Head, value: Value): boolean {
  if (value.kind === "list") return true;
  if (value.kind !== "tensor" || isTable(head, value)) return false;
  const last = value.type.shape.at(-1);
  const rank = value.type.shape.length;
  return last !== undefined && (rank === 1 || (rank === 2 && runsOverClasses(head, last)));
}

/** A curve is drawn for weights of one length, which is then a number, and so is what is made of it. */
function isOneLength(length: Value, value: Value): boolean {
  const isNumber = (one: Value): boolean => one.kind === "tensor" && one.type.shape.length === 0;
  return isNumber(length) && isNumber(value);
}

/** An axis for classes and others behind it: f32[C, D]. */
function isTable(head: Head, { type }: TensorValue): boolean {
  const [first, ...rest] = type.shape;
  return first !== undefined && rest.length > 0 && runsOverClasses(head, first);
}

/** What the other reading has made of it already. */
function atOwnClass(own: Frame, use: ClassIndex): Value {
  const { reading } = own.ambient;
  const { expression, head, target } = use;
  const size = target.kind === "list" ? constantDim(target.items.length) : lastSize(target);
  const isOne = size !== undefined && isSize(size, 1) && knownSize(classCount(head)) === undefined;
  if (size !== undefined && !isOne && !runsOverClasses(head, size)) return otherLength(use, size.key);
  const value = evaluate(own, expression.target);
  return reading === undefined ? errorValue : reading.toOwn(reading.perPair(value));
}

function classCount({ W }: Head): Dim {
  return W.type.shape[0] ?? constantDim(1);
}

function lastSize(value: Value): Dim | undefined {
  return value.kind === "tensor" ? value.type.shape.at(-1) : undefined;
}

function otherLength({ pairs, head, expression }: ClassIndex, found: string): Value {
  const classes = classCount(head).key;
  const span = placeOfTable(pairs, expression.target);
  return report(pairs, wrongClassCount.report({ span, found, classes, read: expression.span }));
}

// ---------------------------------------------------------------- other places

/** The class that an index names, which need not be the row's own: `m[argmax(cos, over: C)]`, `m[0]`. */
function atClass({ pairs, head, expression, target, index }: ClassIndex): Value {
  const use = (value: Value, at: Value): Value =>
    indexValue(pairs, {
      target: { value, span: expression.target.span },
      index: { value: at, span: expression.index.span },
      span: expression.span,
      table: expression.target,
    });
  if (target.kind !== "tensor" || target.type.shape.length < 2) return use(target, index);
  const [rows, columns, ...rest] = target.type.shape;
  if (isTable(head, target)) return use(target, withoutColumn(pairs, index, expression.span));
  if (rows === undefined || columns === undefined || rest.length > 0) return use(target, index);
  if (!runsOverClasses(head, columns)) return notForClasses(pairs, expression, target);
  if (!isSize(rows, 1)) return atClassOfPairs(pairs, expression, target, index);
  const row = reshaped(pairs, target, [columns], expression.span);
  return row.kind === "error" ? row : use(row, index);
}

/** Labels as they come to a table: one for each row, [N], where the margin has a column, [N, 1]. */
function withoutColumn(frame: Frame, index: Value, span: Span): Value {
  if (index.kind !== "tensor" || index.type.shape.length !== 2) return index;
  const [rows, only] = index.type.shape;
  if (rows === undefined || only === undefined || !isSize(only, 1)) return index;
  return reshaped(frame, index, [rows], span);
}

/** f32[N, C] at a class for each row: [N, 1]. */
function atClassOfPairs(
  frame: Frame,
  { index: { span: place }, span }: IndexExpression,
  target: TensorValue,
  index: Value,
): Value {
  const [rows, classes] = target.type.shape;
  const at = knownInt(index);
  const size = classes === undefined ? undefined : knownSize(classes);
  if (rows === undefined || classes === undefined) return errorValue;
  if (at !== undefined && (at < 0 || (size !== undefined && at >= size)))
    return report(frame, indexOutOfRange.report({ span: place, index: at, size: classes.key }));
  const whole = toTensor(frame, index, place, "i32");
  if (whole.kind === "error") return whole;
  if (whole.type.dtype !== "i32" && whole.integral !== true)
    return report(frame, badIndex.report({ span: place, found: phraseOf(index) }));
  const column = whole.type.shape.at(-1) ?? constantDim(1);
  const indices = stretched(frame, castTo(frame, whole, "i32", place), [rows, column], span);
  return indices.kind === "error"
    ? indices
    : makeTensor(frame, "take_along", [target, indices], { axis: 1 }, span);
}

function notForClasses(frame: Frame, { index, span }: IndexExpression, found: TensorValue): Value {
  const opened = frame.module.text.lastIndexOf("[", index.span.start);
  const brackets = { file: span.file, start: opened, end: span.end };
  const removal = replaceBy(brackets, "", "leave the brackets out");
  return report(frame, notByClass.report({ span, found: phraseOf(found), removal }));
}

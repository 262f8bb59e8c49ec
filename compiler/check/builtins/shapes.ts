/**
 * Functions of shape and place: reshape, transpose, concat, and reading elements by index.
 */
import {
  type Atom,
  type Dim,
  constantDim,
  isSize,
  knownSize,
  labelled,
  multiplyDims,
  namedDim,
  productOfDims,
  quotientDims,
  remainderDims,
  addDims,
} from "../../ir/dim.ts";
import { badReshape } from "../../errors/check-axes.ts";
import { missingBuiltinArgument } from "../../errors/check-settings.ts";
import { printType } from "../../ir/type.ts";
import type { Span } from "../../errors/span.ts";
import { axisOf } from "../axes.ts";
import type { Frame } from "../frame.ts";
import { report } from "../report.ts";
import {
  type TensorOrError,
  castTo,
  elementCount,
  isUndecided,
  makeTensor,
  reshaped,
  stretched,
  toTensor,
} from "../tensors.ts";
import {
  type TensorValue,
  type Value,
  dimValue,
  errorValue,
  firstError,
  intValue,
  knownInt,
  tensorValue,
} from "../values.ts";
import {
  type Builtin,
  type BuiltinCall,
  type ShapeName,
  argument,
  dimArgument,
  indexArgument,
  isError,
  tensorArgument,
  wrong,
} from "./builtin.ts";

export const shapeBuiltins: { readonly [K in ShapeName]: Builtin } = {
  reshape: {
    signature: "reshape(x, [sizes])  or  reshape(x, like: y)",
    doc: "The same elements in another shape; one size may be -1 and is worked out.",
    parameters: ["x", "shape?", "like?"],
    kind: "whole",
    evaluate: reshape,
  },
  transpose: {
    signature: "transpose(x, order: [axes])",
    doc: "The axes in another order; a matrix is flipped when no order is given.",
    parameters: ["x", "order?"],
    kind: "whole",
    evaluate: transpose,
  },
  concat: {
    signature: "concat([a, b], over: axis)",
    doc: "Tensors put together along an axis.",
    parameters: ["parts", "over?"],
    kind: "whole",
    evaluate: concat,
  },
  range: {
    signature: "range(n)",
    doc: "0, 1, … n-1 as i32[n].",
    parameters: ["n"],
    kind: "whole",
    evaluate: (call) => {
      const size = dimArgument(call, "n");
      if (isError(size)) return size;
      const value = makeTensor(call.frame, "iota", [], { size }, call.span);
      return value.kind === "error" ? value : { ...value, bound: size };
    },
  },
  size: {
    signature: "size(x, over: axis)",
    doc: "The size of an axis; of everything without `over`.",
    parameters: ["x", "over?"],
    kind: "whole",
    evaluate: (call) => {
      const x = tensorArgument(call, "x");
      if (x.kind === "error") return x;
      if (call.over === undefined) return dimValue(elementCount(x.type));
      const axis = axisOf(call.frame, x, call.over, -1);
      const dim = axis === undefined ? undefined : x.type.shape[axis];
      return dim === undefined ? errorValue : dimValue(dim);
    },
  },
  length: {
    signature: "length(list)",
    doc: "How many items a list has.",
    parameters: ["list"],
    kind: "whole",
    evaluate: (call) => {
      const { value } = argument(call, "list");
      if (value.kind === "list") return intValue(value.items.length);
      const first = value.kind === "tensor" ? value.type.shape[0] : undefined;
      return first === undefined ? wrong(call, "list", "a list") : dimValue(first);
    },
  },
  one_hot: {
    signature: "one_hot(y, C)",
    doc: "1 at the label and 0 elsewhere, as f32[…, C]; C may be left out where the label's type says it.",
    parameters: ["y", "classes?"],
    kind: "whole",
    evaluate: oneHot,
  },
  pick: {
    signature: "pick(z, y)",
    doc: "One element of each row: z[i, y[i]].",
    parameters: ["z", "y"],
    kind: "whole",
    evaluate: (call) => {
      const [z, y] = [tensorArgument(call, "z"), indexArgument(call, "y")];
      if (z.kind === "error") return z;
      return y.kind === "error" ? y : makeTensor(call.frame, "pick", [z, y], {}, call.span);
    },
  },
  take_along: {
    signature: "take_along(x, index, over: axis)",
    doc: "x read at the positions that `index` gives along an axis; one outside of it reads 0. The same positions serve all of an axis where `index` has size 1.",
    parameters: ["x", "index", "over?"],
    kind: "whole",
    evaluate: (call) => {
      const [x, index] = [tensorArgument(call, "x"), indexArgument(call, "index")];
      if (x.kind === "error") return x;
      if (index.kind === "error") return index;
      const axis = axisOf(call.frame, x, call.over, -1);
      if (axis === undefined) return errorValue;
      const whole = stretchedAcross(call.frame, index, x, axis, call.span);
      return whole.kind === "error"
        ? whole
        : makeTensor(call.frame, "take_along", [x, whole], { axis }, call.span);
    },
  },
};

function reshape(call: BuiltinCall): Value {
  const x = tensorArgument(call, "x");
  if (x.kind === "error") return x;
  const like = call.given.has("like") ? tensorArgument(call, "like") : undefined;
  if (like !== undefined) return like.kind === "error" ? like : reshapeTo(call, x, like.type.shape);
  const value = call.given.get("shape")?.value;
  if (value === undefined)
    return report(
      call.frame,
      missingBuiltinArgument.report({
        span: call.span,
        callee: "reshape",
        name: "shape",
        signature: shapeBuiltins.reshape.signature,
      }),
    );
  const items = value.kind === "list" ? value.items : [value];
  const bad = firstError(items);
  if (bad !== undefined) return bad;
  const sizes = items.map((item) => (item.kind === "int" ? item.dim : undefined));
  const isShape = sizes.every((size): size is Dim => size !== undefined && (knownSize(size) ?? 0) >= -1);
  const open = sizes.flatMap((size, axis) => (size !== undefined && isSize(size, -1) ? [axis] : []));
  if (!isShape || open.length > 1) return wrong(call, "shape", "a list of sizes, with -1 at most once");
  return reshapeTo(call, x, sizes);
}

/** At most one of the sizes is -1. */
function reshapeTo(call: BuiltinCall, x: TensorValue, sizes: readonly Dim[]): Value {
  const open = sizes.findIndex((size) => isSize(size, -1));
  const rest = productOfDims(sizes.filter((_, axis) => axis !== open));
  const filled = open < 0 ? undefined : divideExactly(elementCount(x.type), rest);
  const shape = sizes.map((size, axis) => (axis === open ? (filled ?? size) : size));
  const fits = open < 0 ? elementCount(x.type).key === rest.key : filled !== undefined;
  if (fits) return reshaped(call.frame, x, shape, call.span);
  if (isUndecided(call.frame, [x.type, { dtype: "f32", shape }])) return errorValue;
  const to = sizes.map((size) => size.key).join(", ");
  return report(
    call.frame,
    badReshape.report({ span: call.span, from: printType(x.type), to, hasOpen: open >= 0 }),
  );
}

/** total / divisor where it has no rest and the divisor is one product. */
function divideExactly(total: Dim, divisor: Dim): Dim | undefined {
  if (total.key === divisor.key) return constantDim(1);
  const [only, ...others] = divisor.terms;
  if (only === undefined || others.length > 0) return undefined;
  let quotient = constantDim(0);
  for (const term of total.terms) {
    const atoms = [...term.atoms];
    for (const atom of only.atoms) {
      const at = atoms.findIndex((own) => own.key === atom.key);
      if (at < 0) return undefined;
      atoms.splice(at, 1);
    }
    if (term.coefficient % only.coefficient !== 0) return undefined;
    const factor = constantDim(term.coefficient / only.coefficient);
    quotient = addDims(quotient, multiplyDims(factor, productOfDims(atoms.map(dimOfAtom))));
  }
  return quotient;
}

function dimOfAtom(atom: Atom): Dim {
  if (atom.kind === "name") return namedDim(atom.name);
  return atom.kind === "quotient"
    ? quotientDims(atom.left, atom.right)
    : remainderDims(atom.left, atom.right);
}

function transpose(call: BuiltinCall): Value {
  const x = tensorArgument(call, "x");
  if (x.kind === "error") return x;
  const rank = x.type.shape.length;
  const order = call.given.get("order")?.value;
  if (order === undefined) {
    const flipped = x.type.shape.map((_, axis) => rank - 1 - axis);
    return makeTensor(call.frame, "transpose", [x], { permutation: flipped }, call.span);
  }
  const axes = order.kind === "list" ? order.items.map(knownInt) : [];
  const permutation = axes.flatMap((axis) => (axis === undefined ? [] : [axis < 0 ? rank + axis : axis]));
  if (permutation.length !== axes.length || order.kind !== "list")
    return wrong(call, "order", "a list of axes");
  return makeTensor(call.frame, "transpose", [x], { permutation }, call.span);
}

function concat(call: BuiltinCall): Value {
  const { value, span } = argument(call, "parts");
  if (value.kind !== "list" || value.items.length === 0) return wrong(call, "parts", "a list of tensors");
  const parts: TensorValue[] = [];
  for (const item of value.items) {
    const part: TensorOrError = toTensor(call.frame, item, span);
    if (part.kind === "error") return part;
    parts.push(part);
  }
  const [first] = parts;
  const axis = first === undefined ? undefined : axisOf(call.frame, first, call.over, -1);
  return axis === undefined ? errorValue : makeTensor(call.frame, "concat", parts, { axis }, call.span);
}

/** Positions that are the same along some of the other axes, as those of each element. */
function stretchedAcross(
  frame: Frame,
  index: TensorValue,
  { type: { shape } }: TensorValue,
  axis: number,
  span: Span,
): TensorOrError {
  if (index.type.shape.length !== shape.length) return index;
  const wanted = index.type.shape.map((size, at) =>
    at !== axis && isSize(size, 1) ? (shape[at] ?? size) : size,
  );
  return stretched(frame, index, wanted, span);
}

/** Labels with an axis for the classes; a margin's own class is such a column already. */
function asColumn(frame: Frame, y: TensorValue, span: Span): TensorOrError {
  const last = y.type.shape.at(-1);
  const isColumn = frame.ambient.context === "margin" && last !== undefined && isSize(last, 1);
  return isColumn ? y : reshaped(frame, y, [...y.type.shape, constantDim(1)], span);
}

function oneHot(call: BuiltinCall): Value {
  const { frame, span } = call;
  const y = indexArgument(call, "y");
  if (y.kind === "error") return y;
  const size = call.given.has("classes")
    ? dimArgument(call, "classes")
    : (y.bound ?? wrong(call, "y", "labels whose number of classes is known"));
  if (isError(size)) return size;
  const column = asColumn(frame, y, span);
  const classes = makeTensor(frame, "iota", [], { size }, span);
  if (column.kind === "error" || classes.kind === "error") return errorValue;
  const named =
    size.label === undefined
      ? classes
      : tensorValue(classes.node, { dtype: "i32", shape: [labelled(size, size.label)] });
  const equal = makeTensor(frame, "equal", [named, column], {}, span);
  return equal.kind === "error" ? equal : castTo(frame, equal, "f32", span);
}

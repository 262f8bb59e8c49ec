/**
 * The type-and-shape rule of every operation, one total table. A rule returns the result's type or a
 * fault: one sentence that says which inputs do not fit. It keeps the labels of the dimensions it
 * passes on, so the checker can run the same rules on labelled types.
 */
import {
  type Dim,
  addDims,
  constantDim,
  isSize,
  knownSize,
  multiplyDims,
  productOfDims,
  quotientDims,
  sameDim,
  subtractDims,
} from "../ir/dim.ts";
import {
  type DType,
  type TensorType,
  broadcastShapes,
  printType,
  scalarType,
  tensorType,
} from "../ir/type.ts";
import { inputCounts } from "./arity.ts";
import type { AttrsOf, ConvolutionAttrs, LeafAttrs, OpName, PoolAttrs, ReduceAttrs } from "./attrs.ts";

export interface TypeFault {
  readonly fault: string;
}
type Outcome = TensorType | TypeFault;
type TypeRule<K extends OpName> = (inputs: readonly TensorType[], attrs: AttrsOf<K>) => Outcome;

export function typeOfOp<K extends OpName>(op: K, inputs: readonly TensorType[], attrs: AttrsOf<K>): Outcome {
  const expected = inputCounts[op];
  if (expected !== undefined && inputs.length !== expected)
    return fault(`takes ${expected} input${expected === 1 ? "" : "s"}, not ${inputs.length}`);
  return (typeRules[op] as TypeRule<K>)(inputs, attrs);
}

function fault(message: string): TypeFault {
  return { fault: message };
}

function isFault(outcome: Outcome): outcome is TypeFault {
  return "fault" in outcome;
}

const typeRules: { readonly [K in OpName]: TypeRule<K> } = {
  input: leaf,
  parameter: leaf,
  state: leaf,
  constant: (_, { dtype }) => scalarType(dtype),
  literal: (_, { values, dtype }) => tensorType(dtype, [constantDim(values.length)]),
  size: () => scalarType("f32"),
  iota: (_, { size }) => tensorType("i32", [size]),
  random: (_, { shape }) => tensorType("f32", shape),

  neg: same("f32", "i32"),
  abs: same("f32", "i32"),
  sign: same("f32", "i32"),
  exp: same("f32"),
  log: same("f32"),
  sqrt: same("f32"),
  floor: same("f32"),
  round: same("f32"),
  sin: same("f32"),
  cos: same("f32"),
  acos: same("f32"),
  tanh: same("f32"),
  erf: same("f32"),
  half: same("f32"),
  not: same("bool"),
  cast: ([x], { dtype }) => ({ dtype, shape: (x as TensorType).shape }),

  add: elementwise("f32", "i32"),
  sub: elementwise("f32", "i32"),
  mul: elementwise("f32", "i32"),
  div: elementwise("f32"),
  pow: elementwise("f32"),
  minimum: elementwise("f32", "i32"),
  maximum: elementwise("f32", "i32"),
  less: comparison("f32", "i32"),
  less_equal: comparison("f32", "i32"),
  equal: comparison("f32", "i32", "bool"),
  and: elementwise("bool"),
  or: elementwise("bool"),
  select: ([condition, yes, no]) => {
    const [c, a, b] = [condition as TensorType, yes as TensorType, no as TensorType];
    if (c.dtype !== "bool") return fault(`the condition is ${printType(c)}, not bool`);
    if (a.dtype !== b.dtype) return fault(`the branches are ${printType(a)} and ${printType(b)}`);
    return broadcast(a.dtype, [c, a, b]);
  },

  sum: reduce("f32", "i32"),
  max: reduce("f32", "i32"),
  logsumexp: reduce("f32"),
  argmax: ([x], { axis }) => {
    const type = x as TensorType;
    const bad = axisFault(type, axis);
    return (
      bad ??
      tensorType(
        "i32",
        type.shape.filter((_, i) => i !== axis),
      )
    );
  },

  reshape: ([x], { shape }) => {
    const type = x as TensorType;
    const [before, after] = [productOfDims(type.shape), productOfDims(shape)];
    return sameDim(before, after)
      ? tensorType(type.dtype, shape)
      : fault(`${printType(type)} holds ${before.key} elements, the new shape ${after.key}`);
  },
  transpose: ([x], { permutation }) => {
    const type = x as TensorType;
    const sorted = [...permutation].sort((a, b) => a - b);
    return sorted.length === type.shape.length && sorted.every((axis, i) => axis === i)
      ? tensorType(
          type.dtype,
          permutation.map((axis) => type.shape[axis] as Dim),
        )
      : fault(`[${permutation.join(", ")}] is no order of the axes of ${printType(type)}`);
  },
  broadcast: ([x], { shape }) => {
    const type = x as TensorType;
    const result = broadcastShapes([type.shape, shape]);
    return result !== undefined &&
      result.length === shape.length &&
      result.every((dim, i) => sameDim(dim, shape[i] as Dim))
      ? tensorType(type.dtype, shape)
      : fault(`${printType(type)} does not stretch to [${shape.map((dim) => dim.key).join(", ")}]`);
  },
  slice: ([x], { starts, sizes }) => {
    const type = x as TensorType;
    if (starts.length !== type.shape.length || sizes.length !== type.shape.length)
      return fault(`needs a start and a size for each axis of ${printType(type)}`);
    for (const [axis, size] of sizes.entries()) {
      const [from, length, whole] = [starts[axis] as Dim, size, type.shape[axis] as Dim].map(knownSize);
      if (
        from !== undefined &&
        length !== undefined &&
        whole !== undefined &&
        (from < 0 || from + length > whole)
      )
        return fault(`${from}…${from + length} leaves axis ${axis} of ${printType(type)}`);
    }
    return tensorType(type.dtype, sizes);
  },
  pad: ([x], { before, after }) => {
    const type = x as TensorType;
    if (before.length !== type.shape.length || after.length !== type.shape.length)
      return fault(`needs a size before and after each axis of ${printType(type)}`);
    return tensorType(
      type.dtype,
      type.shape.map((dim, axis) => {
        const [left, right] = [before[axis] as Dim, after[axis] as Dim];
        return isSize(left, 0) && isSize(right, 0) ? dim : addDims(addDims(left, dim), right);
      }),
    );
  },
  alias: ([x]) => x as TensorType,
  concat: (inputs, { axis }) => {
    const [first, ...rest] = inputs;
    if (first === undefined) return fault("needs at least one input");
    const bad = axisFault(first, axis);
    if (bad !== undefined) return bad;
    let along = first.shape[axis] as Dim;
    for (const type of rest) {
      const fits =
        type.dtype === first.dtype &&
        type.shape.length === first.shape.length &&
        type.shape.every((dim, i) => i === axis || sameDim(dim, first.shape[i] as Dim));
      if (!fits) return fault(`${printType(first)} and ${printType(type)} differ outside axis ${axis}`);
      along = addDims(along, type.shape[axis] as Dim);
    }
    return tensorType(
      first.dtype,
      first.shape.map((dim, i) => (i === axis ? along : dim)),
    );
  },

  gather: ([x, index]) => {
    const [type, at] = [x as TensorType, index as TensorType];
    if (at.dtype !== "i32") return fault(`the index is ${printType(at)}, not i32`);
    if (type.shape.length === 0) return fault("a scalar has no rows to gather");
    return tensorType(type.dtype, [...at.shape, ...type.shape.slice(1)]);
  },
  scatter_add: ([index, updates], { size }) => {
    const [at, type] = [index as TensorType, updates as TensorType];
    if (at.dtype !== "i32") return fault(`the index is ${printType(at)}, not i32`);
    const leads = at.shape.every(
      (dim, axis) => type.shape[axis] !== undefined && sameDim(dim, type.shape[axis] as Dim),
    );
    if (!leads) return fault(`${printType(type)} does not begin with the shape of ${printType(at)}`);
    return tensorType(type.dtype, [size, ...type.shape.slice(at.shape.length)]);
  },
  pick: ([x, index]) => {
    const [type, at] = [x as TensorType, index as TensorType];
    if (at.dtype !== "i32") return fault(`the index is ${printType(at)}, not i32`);
    const lead = type.shape.slice(0, -1);
    const fits =
      type.shape.length > 0 &&
      lead.length === at.shape.length &&
      lead.every((dim, i) => sameDim(dim, at.shape[i] as Dim));
    return fits
      ? tensorType(type.dtype, lead)
      : fault(`${printType(at)} does not name one element in each row of ${printType(type)}`);
  },
  take_along: ([x, index], { axis }) => {
    const [type, at] = [x as TensorType, index as TensorType];
    return (
      alongFault(type, at, axis) ??
      tensorType(
        type.dtype,
        type.shape.map((dim, i) => (i === axis ? (at.shape[i] as Dim) : dim)),
      )
    );
  },
  scatter_along: ([index, updates], { axis, size }) => {
    const [at, type] = [index as TensorType, updates as TensorType];
    return (
      alongFault(type, at, axis) ??
      tensorType(
        type.dtype,
        type.shape.map((dim, i) => (i === axis ? size : dim)),
      )
    );
  },
  argsort: ([x], { axis }) => axisFault(x as TensorType, axis) ?? tensorType("i32", (x as TensorType).shape),
  cumsum: ([x], { axis }) => axisFault(x as TensorType, axis) ?? (x as TensorType),

  matmul: ([left, right], { transposeA, transposeB }) => {
    const [a, b] = [left as TensorType, right as TensorType];
    if (a.dtype !== "f32" || b.dtype !== "f32") return fault(`multiplies f32, not ${a.dtype} and ${b.dtype}`);
    if (a.shape.length !== 2 || b.shape.length !== 2)
      return fault(`multiplies matrices, not ${printType(a)} and ${printType(b)}`);
    const [rows, inner] = transposeA ? [a.shape[1], a.shape[0]] : [a.shape[0], a.shape[1]];
    const [depth, columns] = transposeB ? [b.shape[1], b.shape[0]] : [b.shape[0], b.shape[1]];
    return sameDim(inner as Dim, depth as Dim)
      ? tensorType("f32", [rows as Dim, columns as Dim])
      : fault(`the inner sizes are ${(inner as Dim).key} and ${(depth as Dim).key}`);
  },
  conv2d: ([image, filter], attrs) => {
    const [x, w] = [image as TensorType, filter as TensorType];
    const bad =
      imageFault(x) ??
      (w.shape.length === 4
        ? undefined
        : fault(`the filter is ${printType(w)}, not [height, width, in, out]`));
    if (bad !== undefined) return bad;
    if (!sameDim(x.shape[3] as Dim, w.shape[2] as Dim))
      return fault(
        `the image has ${(x.shape[3] as Dim).key} channels, the filter takes ${(w.shape[2] as Dim).key}`,
      );
    return windows(x, [w.shape[0] as Dim, w.shape[1] as Dim], attrs, w.shape[3] as Dim);
  },
  conv2d_input_gradient: (_, { shape }) => tensorType("f32", shape),
  conv2d_filter_gradient: (_, { shape }) => tensorType("f32", shape),
  depthwise_conv2d: ([image, filter], attrs) => {
    const [x, w] = [image as TensorType, filter as TensorType];
    const bad =
      imageFault(x) ??
      (w.shape.length === 3
        ? undefined
        : fault(`the filter is ${printType(w)}, not [height, width, channels]`));
    if (bad !== undefined) return bad;
    if (!sameDim(x.shape[3] as Dim, w.shape[2] as Dim))
      return fault(
        `the image has ${(x.shape[3] as Dim).key} channels, the filter is for ${(w.shape[2] as Dim).key}`,
      );
    return windows(x, [w.shape[0] as Dim, w.shape[1] as Dim], attrs, w.shape[2] as Dim);
  },
  depthwise_conv2d_input_gradient: (_, { shape }) => tensorType("f32", shape),
  depthwise_conv2d_filter_gradient: ([image], { window }) => {
    const [rows, , , channels] = (image as TensorType).shape as readonly [Dim, Dim, Dim, Dim];
    return tensorType("f32", [rows, ...window.map(constantDim), channels]);
  },
  max_pool: pool,
  max_pool_gradient: ([image]) => image as TensorType,
  avg_pool: pool,
  avg_pool_gradient: (_, { shape }) => tensorType("f32", shape),

  mean: reduce("f32"),
  softmax: ([x], { axis }) => axisFault(x as TensorType, axis) ?? (x as TensorType),
  norm: ([x], { axis }) => reduce("f32")([x as TensorType], { axes: [axis], keepDims: true }),
  normalize: ([x], { axis }) => axisFault(x as TensorType, axis) ?? (x as TensorType),
  clamp: elementwise("f32", "i32"),
  sigmoid: same("f32"),
  softplus: same("f32"),
  logaddexp: elementwise("f32"),
  parity: same("f32"),
  integer_power: same("f32"),
  detach: same("f32", "i32", "bool"),
  straight_through: elementwise("f32"),
  gradient: ([, wrt]) => wrt as TensorType,
};

function leaf(_: readonly TensorType[], { dtype, shape }: LeafAttrs): Outcome {
  return tensorType(dtype, shape);
}

function same(...dtypes: readonly DType[]) {
  return ([x]: readonly TensorType[]): Outcome => {
    const type = x as TensorType;
    return dtypes.includes(type.dtype) ? type : fault(`takes ${dtypes.join(" or ")}, not ${printType(type)}`);
  };
}

function elementwise(...dtypes: readonly DType[]) {
  return (inputs: readonly TensorType[]): Outcome => {
    const dtype = (inputs[0] as TensorType).dtype;
    if (!dtypes.includes(dtype)) return fault(`takes ${dtypes.join(" or ")}, not ${dtype}`);
    const other = inputs.find((type) => type.dtype !== dtype);
    if (other !== undefined) return fault(`the inputs are ${dtype} and ${other.dtype}`);
    return broadcast(dtype, inputs);
  };
}

function comparison(...dtypes: readonly DType[]) {
  const rule = elementwise(...dtypes);
  return (inputs: readonly TensorType[]): Outcome => {
    const outcome = rule(inputs);
    return isFault(outcome) ? outcome : tensorType("bool", outcome.shape);
  };
}

function broadcast(dtype: DType, inputs: readonly TensorType[]): Outcome {
  const shape = broadcastShapes(inputs.map((type) => type.shape));
  return shape === undefined
    ? fault(`${inputs.map(printType).join(" and ")} do not broadcast`)
    : tensorType(dtype, shape);
}

function reduce(...dtypes: readonly DType[]) {
  return ([x]: readonly TensorType[], { axes, keepDims }: ReduceAttrs): Outcome => {
    const type = x as TensorType;
    if (!dtypes.includes(type.dtype)) return fault(`takes ${dtypes.join(" or ")}, not ${printType(type)}`);
    for (const axis of axes) {
      const bad = axisFault(type, axis);
      if (bad !== undefined) return bad;
    }
    const shape = type.shape.flatMap((dim, axis) =>
      !axes.includes(axis) ? [dim] : keepDims ? [constantDim(1)] : [],
    );
    return tensorType(type.dtype, shape);
  };
}

function axisFault(type: TensorType, axis: number): TypeFault | undefined {
  return Number.isInteger(axis) && axis >= 0 && axis < type.shape.length
    ? undefined
    : fault(`${printType(type)} has no axis ${axis}`);
}

function alongFault(type: TensorType, at: TensorType, axis: number): TypeFault | undefined {
  if (at.dtype !== "i32") return fault(`the index is ${printType(at)}, not i32`);
  const bad = axisFault(type, axis);
  if (bad !== undefined) return bad;
  const fits =
    at.shape.length === type.shape.length &&
    at.shape.every((dim, i) => i === axis || sameDim(dim, type.shape[i] as Dim));
  return fits ? undefined : fault(`${printType(at)} and ${printType(type)} differ outside axis ${axis}`);
}

function imageFault(type: TensorType): TypeFault | undefined {
  return type.dtype === "f32" && type.shape.length === 4
    ? undefined
    : fault(`the image is ${printType(type)}, not f32[N, H, W, K]`);
}

function pool([image]: readonly TensorType[], attrs: PoolAttrs): Outcome {
  const type = image as TensorType;
  return (
    imageFault(type) ??
    windows(
      type,
      attrs.window.map(constantDim) as unknown as readonly [Dim, Dim],
      attrs,
      type.shape[3] as Dim,
    )
  );
}

/** The shape that a window leaves: ⌈size / stride⌉ for `same`, ⌊(size - window) / stride⌋ + 1 for `valid`. */
function windows(
  image: TensorType,
  window: readonly [Dim, Dim],
  { stride, padding }: ConvolutionAttrs,
  channels: Dim,
): Outcome {
  const sides = [0, 1].map((side) => {
    const [size, length, step] = [
      image.shape[side + 1] as Dim,
      window[side] as Dim,
      constantDim(stride[side] as number),
    ];
    return padding === "same"
      ? quotientDims(addDims(size, subtractDims(step, constantDim(1))), step)
      : addDims(quotientDims(subtractDims(size, length), step), constantDim(1));
  }) as [Dim, Dim];
  const empty = sides.some((dim) => (knownSize(dim) ?? 1) < 1);
  if (empty)
    return fault(
      `a window of ${window.map((dim) => dim.key).join("×")} is larger than the image ${printType(image)}`,
    );
  return tensorType("f32", [image.shape[0] as Dim, ...sides, channels]);
}

/** How many elements a type holds, as a dimension. */
export function elementsOf(type: TensorType): Dim {
  return type.shape.reduce(multiplyDims, constantDim(1));
}

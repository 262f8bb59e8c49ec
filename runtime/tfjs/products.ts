/**
 * Matrix products, each written as the untransposed product that the wasm backend is fast at: its transposed ones run at
 * a fifteenth of the speed.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Heap } from "./heap.ts";

/** What follows a product or a convolution in the same kernel: a bias along the last axis, and max(x, 0). */
export interface Epilogue {
  readonly bias: tf.Tensor;
  readonly activation?: "relu";
}

export type Product = (a: tf.Tensor, b: tf.Tensor, epilogue?: Epilogue) => tf.Tensor;

export function productKernels(matMul: Product) {
  return {
    matMul,
    /** a · bᵀ */
    matMulTransposeB: (a: tf.Tensor, b: tf.Tensor) =>
      transposedProduct(matMul, [a, "plain"], [b, "transposed"]),
    /** aᵀ · b */
    matMulTransposeA: (a: tf.Tensor, b: tf.Tensor) =>
      transposedProduct(matMul, [a, "transposed"], [b, "plain"]),
    /** aᵀ · bᵀ = (b · a)ᵀ */
    matMulTransposeBoth: (a: tf.Tensor, b: tf.Tensor) => takeTransposed(matMul(b, a)),
  };
}

/**
 * The wasm backend packs a right operand at its first product and keeps what it packed for as long as the data lives,
 * whatever shape a later tensor sees in the same data. So one that comes again in another shape is copied first.
 */
export function createProduct(heap: Heap): Product {
  const packed = new WeakMap<object, string>();
  return (a, b, epilogue) => {
    const shape = b.shape.join("×");
    const known = packed.get(b.dataId);
    packed.set(b.dataId, known ?? shape);
    if (known === undefined || known === shape) return multiply(heap, a, b, epilogue);
    const own = copied(heap, b);
    const result = multiply(heap, a, own, epilogue);
    own.dispose();
    return result;
  };
}

function multiply(heap: Heap, a: tf.Tensor, b: tf.Tensor, epilogue: Epilogue | undefined): tf.Tensor {
  const [left, right] = [a as tf.Tensor2D, b as tf.Tensor2D];
  if (a.size === 0 || b.size === 0) return emptyProduct(a, b, epilogue);
  if (epilogue === undefined) return tf.matMul(left, right);
  return withBias(heap, epilogue, (ready) => tf.fused.matMul({ a: left, b: right, ...ready }));
}

/** A sum of no products, which the wasm backend does not set. */
function emptyProduct(a: tf.Tensor, b: tf.Tensor, epilogue: Epilogue | undefined): tf.Tensor {
  const zeros = tf.zeros([a.shape[0] ?? 0, b.shape[1] ?? 0]);
  if (epilogue === undefined) return zeros;
  const sum = tf.add(zeros, epilogue.bias);
  const result = epilogue.activation === "relu" ? tf.relu(sum) : tf.clone(sum);
  tf.dispose([zeros, sum]);
  return result;
}

/** The wasm backend asks the data of a bias whether it is a vector, and not the tensor that sees it as one. */
export function withBias(
  heap: Heap,
  { bias, activation }: Epilogue,
  use: (epilogue: { readonly bias: tf.Tensor; readonly activation?: "relu" }) => tf.Tensor,
): tf.Tensor {
  const rest = activation === undefined ? {} : { activation };
  if (heap.rankOfData(bias) === 1) return use({ bias, ...rest });
  const own = copied(heap, bias);
  const result = use({ bias: own, ...rest });
  own.dispose();
  return result;
}

function copied(heap: Heap, x: tf.Tensor): tf.Tensor {
  const result = heap.make(x.shape, "float32");
  heap.view(result).set(heap.view(x));
  return result;
}

/** An operand, and how the product reads it. */
type Side = readonly [operand: tf.Tensor, form: "plain" | "transposed"];

/** Transposes either the operand that is flagged, or the other one and the result: whichever is less. */
function transposedProduct(matMul: Product, [a, formA]: Side, [b, formB]: Side): tf.Tensor {
  const rows = (formA === "plain" ? a.shape[0] : a.shape[1]) ?? 1;
  const columns = (formB === "plain" ? b.shape[1] : b.shape[0]) ?? 1;
  const [flagged, other] = formA === "transposed" ? [a, b] : [b, a];
  if (flagged.size <= other.size + rows * columns) {
    const straight = tf.transpose(flagged);
    const result = formA === "transposed" ? matMul(straight, b) : matMul(a, straight);
    straight.dispose();
    return result;
  }
  const turned = tf.transpose(other);
  const product = formA === "transposed" ? matMul(turned, a) : matMul(b, turned);
  turned.dispose();
  return takeTransposed(product);
}

/** The transpose of a tensor that is used up. */
function takeTransposed(x: tf.Tensor): tf.Tensor {
  const result = tf.transpose(x);
  x.dispose();
  return result;
}

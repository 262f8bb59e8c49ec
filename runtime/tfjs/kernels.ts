/**
 * `k` of emitted modules: every operation that tfjs-core does not offer as it is needed, gathered from the
 * files beside this one. A kernel returns one new tensor, disposes whatever else it made, and never keeps
 * its inputs; the few that end in `Into` or begin with `set` write in place and return nothing.
 */
import * as tf from "@tensorflow/tfjs-core";
import { normalNumbers, uniformNumbers } from "../random.ts";
import { convolutionKernels } from "./convolutions.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { filterGradientKernels } from "./filter-gradients.ts";
import { fusedKernels } from "./fused.ts";
import { type DataType, type Heap, heapOfActiveBackend } from "./heap.ts";
import { indexingKernels } from "./indexing.ts";
import { layoutKernels } from "./layout.ts";
import { poolingKernels } from "./pooling.ts";
import { createProduct, productKernels } from "./products.ts";
import { reductionKernels } from "./reductions.ts";
import { streamingKernels } from "./streaming.ts";

export type Kernels = ReturnType<typeof createKernels>;

/** Kernels for the backend that is active; `dispose` frees the constants that they cache. */
export function createKernels() {
  const heap = heapOfActiveBackend();
  const elementwise = elementwiseKernels(heap);
  const matMul = createProduct(heap);
  return {
    ...constantKernels(heap),
    ...elementwise,
    ...fusedKernels(heap, elementwise),
    ...layoutKernels(heap),
    ...reductionKernels(heap, elementwise),
    ...indexingKernels(heap),
    ...productKernels(matMul),
    ...convolutionKernels(heap),
    ...filterGradientKernels(heap),
    ...poolingKernels(heap),
    ...streamingKernels(heap),
  };
}

function constantKernels(heap: Heap) {
  const cached = new Map<string, tf.Tensor>();
  return {
    /** A constant. The upload happens once; each call gives a handle of its own to the same memory. */
    scalar(value: number, dtype: DataType): tf.Tensor {
      const key = `${dtype} ${Object.is(value, -0) ? "-0" : value}`;
      const known = cached.get(key) ?? tf.keep(tf.scalar(dtype === "bool" ? value !== 0 : value, dtype));
      cached.set(key, known);
      return tf.clone(known);
    },

    /** A number that depends on the sizes of a call, as an f32 scalar. */
    size: (value: number): tf.Tensor => tf.scalar(value, "float32"),

    list(values: readonly number[], dtype: DataType): tf.Tensor {
      const result = heap.make([values.length], dtype);
      heap.view(result).set(values);
      return result;
    },

    range(size: number): tf.Tensor {
      const result = heap.make([size], "int32");
      const values = heap.view(result);
      for (let i = 0; i < size; i++) values[i] = i;
      return result;
    },

    /** The numbers of one site at (seed, step), both i32 scalars. */
    random(
      distribution: "uniform" | "normal",
      site: number,
      shape: readonly number[],
      seed: tf.Tensor,
      step: tf.Tensor,
    ): tf.Tensor {
      const [key = 0, at = 0] = [heap.view(seed)[0], heap.view(step)[0]];
      const numbers = distribution === "uniform" ? uniformNumbers : normalNumbers;
      const result = heap.make(shape, "float32");
      heap.view(result).set(numbers(key, at, site, result.size));
      return result;
    },

    dispose(): void {
      for (const tensor of cached.values()) tensor.dispose();
      cached.clear();
    },
  };
}

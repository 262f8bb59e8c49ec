/**
 * The memory under tfjs tensors, seen as typed arrays without a copy: the WebAssembly heap of the wasm
 * backend, plain arrays of the cpu backend. tfjs has no public door to it, so this file alone knows the
 * two backends' insides; kernels are written against `Heap`.
 *
 * A view is good until the next tensor is made: making one may grow the wasm heap, which detaches every
 * view. So a kernel makes its result first and looks at its inputs after.
 */
import * as tf from "@tensorflow/tfjs-core";
import { DeviceFault } from "../device-fault.ts";
import { type SimdLoops, simdLoops, simdModule } from "./simd.ts";
import type { ThreadPool } from "./thread-pool.ts";

export type DataType = "float32" | "int32" | "bool";
export type Values = Float32Array | Int32Array | Uint8Array;

export interface Heap {
  readonly view: (tensor: tf.Tensor) => Values;
  /** Of the data as the backend keeps them; a tensor that is a view of them may have another one. */
  readonly rankOfData: (tensor: tf.Tensor) => number;
  /** A new tensor whose elements are not set. */
  readonly make: (shape: readonly number[], dtype: DataType) => tf.Tensor;
  /** Loops over vectors that run on the wasm heap itself, and where a tensor lies in it. */
  readonly simd?: {
    readonly loops: SimdLoops;
    readonly memory: WebAssembly.Memory;
    readonly address: (tensor: tf.Tensor) => number;
    /** Other threads for the same loops. */
    readonly pool: ThreadPool | undefined;
  };
}

function heapFull(shape: readonly number[]): DeviceFault {
  return new DeviceFault(
    `tfjs has no memory left for a tensor [${shape.join(", ")}]: WebAssembly has 4 GiB at most`,
    "take a smaller batch; what a step needs says margo ir FILE --stage plan",
  );
}

/** The heap of the backend that is active. Throws for a backend other than wasm and cpu. */
export function heapOfActiveBackend(): Heap {
  const name = tf.getBackend();
  const backend: unknown = tf.backend();
  if (name === "wasm") return wasmHeap(backend as WasmBackend);
  if (name === "cpu") return cpuHeap(backend as CpuBackend);
  throw new Error(`the tfjs target runs on the backends wasm and cpu, not on ${name}`);
}

/** The part of tfjs 4.22's BackendWasm that is used here. */
interface WasmBackend extends tf.KernelBackend {
  readonly wasm: {
    readonly asm: { readonly memory?: WebAssembly.Memory };
    /** Of the build with threads, whose module does not make its memory itself. */
    readonly wasmMemory?: WebAssembly.Memory;
  };
  /** There where whoever started the backend with threads gave it one. */
  readonly pool?: ThreadPool;
  makeOutput(shape: number[], dtype: DataType): tf.TensorInfo;
  readonly dataIdMap: { get(dataId: object): { readonly shape: readonly number[] } };
  getMemoryOffset(dataId: object): number;
  typedArrayFromHeap(tensor: tf.TensorInfo): Values;
}

function wasmHeap(backend: WasmBackend): Heap {
  const simd = simdOf(backend);
  return {
    view: (tensor) => backend.typedArrayFromHeap(tensor),
    rankOfData: (tensor) => backend.dataIdMap.get(tensor.dataId).shape.length,
    make: (shape, dtype) => {
      const made = backend.makeOutput([...shape], dtype);
      // What the allocator says where nothing is left; a kernel would write over the heap's beginning.
      if (backend.getMemoryOffset(made.dataId) === 0) throw heapFull(shape);
      return tf.engine().makeTensorFromTensorInfo(made, backend);
    },
    ...(simd === undefined ? {} : { simd }),
  };
}

function simdOf(backend: WasmBackend): Heap["simd"] {
  const memory = backend.wasm.wasmMemory ?? backend.wasm.asm.memory;
  const module = memory && simdModule(memory);
  if (memory === undefined || module === undefined) return undefined;
  const address = (tensor: tf.Tensor): number => backend.getMemoryOffset(tensor.dataId);
  return { loops: simdLoops(module, memory), memory, address, pool: backend.pool };
}

/** The part of tfjs 4.22's MathBackendCPU that is used here. */
interface CpuBackend extends tf.KernelBackend {
  readonly data: { get(dataId: object): { values: Values } };
  makeTensorInfo(shape: number[], dtype: DataType, values: Values): tf.TensorInfo;
}

function cpuHeap(backend: CpuBackend): Heap {
  return {
    view: (tensor) => {
      const entry = backend.data.get(tensor.dataId);
      // Some cpu kernels keep a plain array; it is replaced so that writes through the view are seen.
      if (!ArrayBuffer.isView(entry.values)) entry.values = typedCopy(entry.values, tensor.dtype as DataType);
      return entry.values;
    },
    rankOfData: (tensor) => tensor.rank,
    make: (shape, dtype) => {
      const values = emptyValues(dtype, tf.util.sizeFromShape([...shape]));
      return tf.engine().makeTensorFromTensorInfo(backend.makeTensorInfo([...shape], dtype, values), backend);
    },
  };
}

function emptyValues(dtype: DataType, size: number): Values {
  return dtype === "float32"
    ? new Float32Array(size)
    : dtype === "int32"
      ? new Int32Array(size)
      : new Uint8Array(size);
}

function typedCopy(values: ArrayLike<number>, dtype: DataType): Values {
  const copy = emptyValues(dtype, values.length);
  copy.set(values);
  return copy;
}

/** Buffers on the device, counted, and values on their way to them and back. Booleans take four bytes there. */
import type { DType, HostTensor } from "../program.ts";
import { type GpuDevice, outOfMemory } from "./device.ts";

export type Allocate = (bytes: number, label: string, usage?: number) => GPUBuffer;

export interface DeviceMemory {
  readonly allocate: Allocate;
  /**
   * Runs what allocates several buffers and returns at once. Throws where the device has no memory for them, and
   * then none is left; `what` they are for is said.
   */
  readonly together: <T>(what: string, make: (allocate: Allocate) => T) => Promise<T>;
  readonly free: (buffer: GPUBuffer) => void;
  readonly freeAll: () => void;
  readonly held: () => { readonly bytes: number; readonly tensors: number };
}

/** `GPUBufferUsage` is no global in Node, so its constants are repeated: they are fixed by the specification. */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;

export function createMemory(gpu: GpuDevice): DeviceMemory {
  const { device } = gpu;
  const buffers = new Set<GPUBuffer>();
  const free = (buffer: GPUBuffer): void => {
    buffers.delete(buffer);
    buffer.destroy();
  };
  const allocate: Allocate = (bytes, label, use = usage.storage | usage.copySource | usage.copyTarget) => {
    const buffer = device.createBuffer({ size: Math.max(4, Math.ceil(bytes / 4) * 4), usage: use, label });
    buffers.add(buffer);
    return buffer;
  };
  return {
    allocate,
    together: async (what, make) => {
      const own: GPUBuffer[] = [];
      device.pushErrorScope("out-of-memory");
      let refused: Promise<GPUError | null>;
      let made;
      try {
        made = make((...asked) => {
          const buffer = allocate(...asked);
          own.push(buffer);
          return buffer;
        });
      } catch (error) {
        own.forEach(free);
        throw error;
      } finally {
        refused = device.popErrorScope();
      }
      const error = await refused;
      if (error === null) return made;
      const bytes = own.reduce((total, { size }) => total + size, 0);
      own.forEach(free);
      throw outOfMemory(gpu, `${what}, ${(bytes / 2 ** 20).toFixed(1)} MiB`, error.message);
    },
    free,
    freeAll: () => [...buffers].forEach(free),
    held: () => ({ bytes: [...buffers].reduce((total, { size }) => total + size, 0), tensors: buffers.size }),
  };
}

/** Copies a value into a buffer that is large enough. */
export function upload(device: GPUDevice, buffer: GPUBuffer, { dtype, data }: HostTensor): void {
  const words = dtype === "bool" ? Uint32Array.from(data) : data;
  if (words.length > 0)
    device.queue.writeBuffer(buffer, 0, words.buffer as ArrayBuffer, words.byteOffset, words.byteLength);
}

/** The same into several buffers, each filled before the next. */
export function uploadShards(device: GPUDevice, shards: readonly GPUBuffer[], value: HostTensor): void {
  if (shards.length === 1 && shards[0] !== undefined) return upload(device, shards[0], value);
  let from = 0;
  for (const shard of shards) {
    const data = value.data.subarray(from, from + shard.size / 4);
    upload(device, shard, { dtype: value.dtype, shape: [data.length], data });
    from += data.length;
  }
}

/** A value from mapped memory, with memory of its own. */
export function fromWords(words: ArrayBuffer, dtype: DType, shape: readonly number[]): HostTensor {
  const data =
    dtype === "f32"
      ? new Float32Array(words)
      : dtype === "i32"
        ? new Int32Array(words)
        : Uint8Array.from(new Uint32Array(words));
  return { dtype, shape, data };
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

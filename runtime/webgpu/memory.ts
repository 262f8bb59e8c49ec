/** Buffers on the device, counted, and values on their way to them and back. Booleans take four bytes there. */
import type { DType, HostTensor } from "../program.ts";

export interface DeviceMemory {
  readonly allocate: (bytes: number, label: string, usage?: number) => GPUBuffer;
  readonly free: (buffer: GPUBuffer) => void;
  readonly held: () => { readonly bytes: number; readonly tensors: number };
}

/** `GPUBufferUsage` is no global in Node, so its constants are repeated: they are fixed by the specification. */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;

export function createMemory(device: GPUDevice): DeviceMemory {
  const buffers = new Set<GPUBuffer>();
  return {
    allocate: (bytes, label, use = usage.storage | usage.copySource | usage.copyTarget) => {
      const buffer = device.createBuffer({ size: Math.max(4, Math.ceil(bytes / 4) * 4), usage: use, label });
      buffers.add(buffer);
      return buffer;
    },
    free: (buffer) => {
      buffers.delete(buffer);
      buffer.destroy();
    },
    held: () => ({ bytes: [...buffers].reduce((total, { size }) => total + size, 0), tensors: buffers.size }),
  };
}

/** Copies a value into a buffer that is large enough. */
export function upload(device: GPUDevice, buffer: GPUBuffer, { dtype, data }: HostTensor): void {
  const words = dtype === "bool" ? Uint32Array.from(data) : data;
  if (words.length > 0)
    device.queue.writeBuffer(buffer, 0, words.buffer as ArrayBuffer, words.byteOffset, words.byteLength);
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

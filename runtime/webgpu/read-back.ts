/**
 * Values on their way to the host. Each call copies what was asked for behind the values of earlier calls into one
 * staging buffer, and the buffer is mapped once for all of them: when the first of them is asked for, or when it is
 * full. So nobody waits for the device between two steps, and a few staging buffers serve a whole run.
 */
import type { DType, NamedTensors } from "../program.ts";
import { type DeviceMemory, countOf, fromWords, usage } from "./memory.ts";

export interface Readable {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly buffer: GPUBuffer;
}

export interface ReadBack {
  /**
   * Adds the copies to the encoder. What is returned is called once the encoder was submitted, and gives the
   * values; it rejects where the device was lost.
   */
  readonly copy: (encoder: GPUCommandEncoder, values: readonly Readable[]) => () => Promise<NamedTensors>;
  /** `bytes` that lie in one buffer after the other, in pieces that any device can stage. */
  readonly whole: (device: GPUDevice, shards: readonly GPUBuffer[], bytes: number) => Promise<ArrayBuffer>;
  readonly dispose: () => void;
}

/** The results of some dozens of steps fit; larger ones get a buffer of their own. */
export const blockBytes = 16384;

/** Of a variable, at a time. */
const pieceBytes = 2 ** 26;

/** A staging buffer that fills up. */
interface Block {
  readonly buffer: GPUBuffer;
  used: number;
  /** The copied bytes, once it was closed. */
  closed: Promise<ArrayBuffer> | undefined;
}

export function createReadBack(memory: DeviceMemory): ReadBack {
  const idle: GPUBuffer[] = [];
  let current: Block | undefined;
  const open = (bytes: number): Block => {
    const standard = bytes <= blockBytes ? idle.pop() : undefined;
    const size = Math.max(bytes, blockBytes);
    const buffer = standard ?? memory.allocate(size, "read back", usage.mapRead | usage.copyTarget);
    return { buffer, used: 0, closed: undefined };
  };
  const close = (block: Block): Promise<ArrayBuffer> => {
    if (block === current) current = undefined;
    return (block.closed ??= contents(block));
  };
  const contents = async ({ buffer, used }: Block): Promise<ArrayBuffer> => {
    await buffer.mapAsync(1);
    const bytes = buffer.getMappedRange().slice(0, used);
    buffer.unmap();
    if (buffer.size === blockBytes) idle.push(buffer);
    else memory.free(buffer);
    return bytes;
  };
  const blockFor = (bytes: number): Block => {
    if (current !== undefined && current.used + bytes <= current.buffer.size) return current;
    if (current !== undefined) close(current).catch(toldLater);
    return (current = open(bytes));
  };
  return {
    copy: (encoder, values) => {
      const counts = values.map(({ shape }) => countOf(shape) * 4);
      const total = counts.reduce((sum, bytes) => sum + bytes, 0);
      if (total === 0) return async () => named(values, new ArrayBuffer(0), []);
      const block = blockFor(total);
      const offsets = counts.map((bytes, index) => {
        const offset = block.used;
        const source = values[index]?.buffer;
        if (bytes > 0 && source !== undefined)
          encoder.copyBufferToBuffer(source, 0, block.buffer, offset, bytes);
        block.used += bytes;
        return offset;
      });
      return async () => named(values, await close(block), offsets);
    },
    whole: async (device, shards, bytes) => {
      const all = new Uint8Array(bytes);
      let start = 0;
      for (const shard of shards) {
        const end = Math.min(bytes, start + shard.size);
        for (let from = start; from < end; from += pieceBytes) {
          const size = Math.min(pieceBytes, end - from);
          const block = open(size);
          const encoder = device.createCommandEncoder({ label: "read" });
          encoder.copyBufferToBuffer(shard, from - start, block.buffer, 0, size);
          device.queue.submit([encoder.finish()]);
          block.used = size;
          all.set(new Uint8Array(await close(block)), from);
        }
        start = end;
      }
      return all.buffer;
    },
    dispose: () => {
      if (current !== undefined) memory.free(current.buffer);
      current = undefined;
      idle.splice(0).forEach(memory.free);
    },
  };
}

/** Those who ask for the values of a closed block hear why there are none. */
function toldLater(): void {}

function named(values: readonly Readable[], bytes: ArrayBuffer, offsets: readonly number[]): NamedTensors {
  return Object.fromEntries(
    values.map(({ name, dtype, shape }, index) => {
      const from = offsets[index] ?? 0;
      return [name, fromWords(bytes.slice(from, from + countOf(shape) * 4), dtype, shape)];
    }),
  );
}

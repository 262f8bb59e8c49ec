/**
 * A device that counts the bytes of the buffers made on it: what a program really holds, measured where memory is
 * taken and given back and nowhere in the runtime.
 */
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { withMembers } from "./stand-in-device.ts";

export interface Counted {
  readonly gpu: GpuDevice;
  readonly held: () => number;
  /** The most bytes held at one time since the last call. */
  readonly peak: () => number;
}

export function counted(gpu: GpuDevice): Counted {
  let [held, peak] = [0, 0];
  const createBuffer = (description: GPUBufferDescriptor): GPUBuffer => {
    const buffer = gpu.device.createBuffer(description);
    const destroy = buffer.destroy.bind(buffer);
    held += buffer.size;
    peak = Math.max(peak, held);
    let destroyed = false;
    buffer.destroy = () => {
      if (!destroyed) held -= buffer.size;
      destroyed = true;
      return destroy();
    };
    return buffer;
  };
  return {
    gpu: withMembers(gpu, { createBuffer }),
    held: () => held,
    peak: () => {
      const most = peak;
      peak = held;
      return most;
    },
  };
}

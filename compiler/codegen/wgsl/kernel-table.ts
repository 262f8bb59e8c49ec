/** The kernels of a module: those of the same structure are one, however many dispatches use them. */
import type { GpuKernel } from "../../../runtime/webgpu/schedule.ts";
import { bytesOfShared } from "./kernel.ts";
import { printComments, printKernel } from "./print.ts";
import type { WrittenKernel } from "./writer.ts";

export interface KernelTable {
  /** The number of the kernel; a new one at the first of its structure. */
  readonly add: (written: WrittenKernel) => number;
  readonly kernels: () => readonly GpuKernel[];
}

export function createKernelTable(): KernelTable {
  const kernels: GpuKernel[] = [];
  const numbers = new Map<string, number>();
  return {
    kernels: () => kernels,
    add: ({ kernel, overrides }) => {
      const text = printKernel(kernel);
      // Of constants that differ in the size they hold, the text alone says nothing.
      const key = `${text}${JSON.stringify(overrides)}`;
      const known = numbers.get(key);
      if (known !== undefined) return known;
      const made = kernels.push({
        name: kernel.name,
        code: `${printComments(kernel)}${text}`,
        access: kernel.bindings.map(({ access }) => access),
        overrides,
        chunked: kernel.chunked,
        workgroupBytes: bytesOfShared(kernel.shared),
        invocations: kernel.workgroupSize,
        features: kernel.features,
      });
      numbers.set(key, made - 1);
      return made - 1;
    },
  };
}

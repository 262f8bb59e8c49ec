/** The kernels of a module: those of the same structure are one, however many dispatches use them. */
import type { GpuKernel } from "../../../runtime/webgpu/schedule.ts";
import { type KernelFeature, bytesOfShared } from "./kernel.ts";
import { type PrintedLine, commentLines, kernelLines } from "./print.ts";
import type { WrittenKernel } from "./writer.ts";

export interface KernelTable {
  /** The number of the kernel; a new one at the first of its structure. */
  readonly add: (written: WrittenKernel) => number;
  readonly kernels: () => readonly GpuKernel[];
  /** WebGPU features that some kernel enables. */
  readonly features: () => readonly KernelFeature[];
  /** The lines of each kernel's code, with the places of the source they were written for. */
  readonly lines: () => readonly (readonly PrintedLine[])[];
}

export function createKernelTable(): KernelTable {
  const kernels: GpuKernel[] = [];
  const lines: (readonly PrintedLine[])[] = [];
  const numbers = new Map<string, number>();
  const features = new Set<KernelFeature>();
  return {
    kernels: () => kernels,
    features: () => [...features].sort(),
    lines: () => lines,
    add: ({ kernel, overrides }) => {
      const shader = kernelLines(kernel);
      const text = textOf(shader);
      // Of constants that differ in the size they hold, the text alone says nothing.
      const key = `${text}${JSON.stringify(overrides)}`;
      const known = numbers.get(key);
      if (known !== undefined) return known;
      for (const feature of kernel.features) features.add(feature);
      const from = kernel.comments.at(-1);
      lines.push([...commentLines(kernel), ...shader]);
      const made = kernels.push({
        name: kernel.name,
        ...(from === undefined ? {} : { from }),
        code: `${textOf(commentLines(kernel))}${text}`,
        access: kernel.bindings.map(({ access }) => access),
        sliced: kernel.bindings.map(({ sliced }) => sliced),
        overrides,
        chunked: kernel.chunked,
        workgroupBytes: bytesOfShared(kernel.shared),
        invocations: kernel.workgroupSize,
      });
      numbers.set(key, made - 1);
      return made - 1;
    },
  };
}

function textOf(lines: readonly PrintedLine[]): string {
  return lines.map(({ text }) => `${text}\n`).join("");
}

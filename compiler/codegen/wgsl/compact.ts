/**
 * A shader without what only people read: comments, indentation and blanks around signs. A line ends where a block does,
 * so that what a driver says of a line still leads somewhere. What it computes is the same, token by token.
 */
import type { GpuModule } from "../../../runtime/webgpu/schedule.ts";

/** The module as a page downloads it. */
export function compactModule(module: GpuModule): GpuModule {
  const kernels = module.kernels.map((kernel) => ({ ...kernel, code: compactShader(kernel.code) }));
  return { ...module, kernels };
}

/** WGSL has no text literals, so every `//` begins a comment. */
export function compactShader(code: string): string {
  return code
    .replaceAll(/\/\/.*/g, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(blanksAroundSign, "$1")
    .replaceAll("}", "}\n")
    .trim();
}

/** Two of `-` or `+` keep their distance: `a - -b` is not `a--b`. */
const blanksAroundSign = /(?<![-+]) ?([*/%=<>!&|^,;:(){}[\]]|[-+](?! ?[-+])) ?/g;

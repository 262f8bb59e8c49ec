/**
 * A shader without what only people read: comments, indentation and blanks around signs. A line ends where a block does,
 * so that what a driver says of a line still leads somewhere. What it computes is the same, token by token.
 */
import type { GpuDispatch, GpuFunction, GpuModule, GpuStep } from "../../../runtime/webgpu/schedule.ts";

/**
 * The module as a page downloads it. Its kernels stand by length, so that those which are alike are neighbours: what
 * packs a file looks back no further than 32 kB.
 */
export function compactModule(module: GpuModule): GpuModule {
  const order = module.kernels
    .map((kernel, place) => ({ kernel, place }))
    .sort((a, b) => a.kernel.code.length - b.kernel.code.length);
  const kernels = order.map(({ kernel }) => ({ ...kernel, code: compactShader(kernel.code) }));
  const places = order.map(({ place }) => place);
  const functions = Object.fromEntries(
    Object.entries(module.functions).map(([name, fn]) => [name, renumbered(fn, places)]),
  );
  return { ...module, kernels, functions };
}

/** The same function when kernel `places[i]` has become kernel i. */
function renumbered(fn: GpuFunction, places: readonly number[]): GpuFunction {
  const dispatch = (step: GpuDispatch): GpuDispatch => ({ ...step, kernel: places.indexOf(step.kernel) });
  const steps = fn.steps.map((step): GpuStep =>
    step.kind === "dispatch" ? dispatch(step) : { ...step, steps: step.steps.map(dispatch) },
  );
  return { ...fn, steps };
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

/**
 * The runtime for a page without a bundler: `dist/browser` has it as one module with tfjs beside it, and the .wasm files
 * that tfjs fetches. Everything but where those files lie is as in `margo-lang/runtime`.
 */
import {
  type CompiledProgram,
  type OpenOptions,
  type OpenedProgram,
  openProgram as open,
} from "./open-program.ts";

export * from "./index.ts";

/** The runtime's `openProgram`, with the .wasm files beside this module unless it is told of others. */
export function openProgram(program: CompiledProgram, options: OpenOptions = {}): Promise<OpenedProgram> {
  return open(program, { wasmPath: new URL("./", import.meta.url).href, ...options });
}

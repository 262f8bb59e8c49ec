/** Every function of a program through all passes, as tfjs takes them. */
import { type CompiledFunction, functionsToCompile } from "../../compiler/codegen/tfjs/module.ts";
import { compileFunction, compileVerified, defaultPassOptions } from "../../compiler/compile.ts";
import { withBudget } from "../../compiler/passes/pass.ts";
import type { Program } from "../../compiler/program.ts";

/** `budgetBytes` is what a streamed loss may hold for its chunks of classes. */
export function compileProgram(program: Program, budgetBytes?: number): readonly CompiledFunction[] {
  const options = withBudget(defaultPassOptions, budgetBytes);
  return functionsToCompile(program).map((fn) => ({ fn, stage: compileFunction(program, fn, options) }));
}

/** The same with the graph checked after every pass. */
export function compileProgramVerified(program: Program): readonly CompiledFunction[] {
  return functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileVerified(program, fn, defaultPassOptions),
  }));
}

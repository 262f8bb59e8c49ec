// Made from digits.margo by margo-lang/vite; it is written anew when that file changes.
import type { CompiledProgram } from "margo-lang/runtime";

type ProgramFor<Name extends string> = CompiledProgram & {
  readonly name: Name;
  readonly modules: Required<Pick<CompiledProgram["modules"], "wgsl" | "tfjs">>;
};
type Trained = Required<Pick<CompiledProgram, "training">>;

/** `train Margin1` takes image: f32[N, 28, 28, 1], y: i32[N]; 23,926 parameters. */
export declare const Margin1: ProgramFor<"Margin1"> & Trained;
/** `train Margin2` takes image: f32[N, 28, 28, 1], y: i32[N]; 23,926 parameters. */
export declare const Margin2: ProgramFor<"Margin2"> & Trained;
/** `train Margin3` takes image: f32[N, 28, 28, 1], y: i32[N]; 23,926 parameters. */
export declare const Margin3: ProgramFor<"Margin3"> & Trained;
/** `train Margin4` takes image: f32[N, 28, 28, 1], y: i32[N]; 23,926 parameters. */
export declare const Margin4: ProgramFor<"Margin4"> & Trained;
export default Margin1;

/**
 * The compiler on one screen:
 *
 *   text ─parse─▶ CST ─build─▶ AST ─check and lower─▶ Program ─passes─▶ Stage ─codegen─▶ artifact
 *
 * `check/` makes a `Program` of graphs from text; here each function of it flows through the passes, and a
 * target's code generator takes the last stage. Every arrow is a pure function.
 */
import { type Bindings, namesOfDim } from "./ir/dim.ts";
import { nodesOfGraph } from "./ir/node.ts";
import type { Stage, PassOptions } from "./passes/pass.ts";
import { passes } from "./passes/index.ts";
import { verifyStage } from "./ir/verify.ts";
import type { Program, ProgramFunction } from "./program.ts";

export const defaultPassOptions: PassOptions = {
  target: "tfjs",
  dims: {},
  streamFrom: 256,
  operands: "f32",
  without: [],
};

/** One stage a pass, the lowered graph first. */
export function stagesOf(program: Program, fn: ProgramFunction, options: PassOptions): readonly Stage[] {
  const stages: Stage[] = [loweredStage(program, fn, options)];
  for (const pass of passes) {
    const before = stages.at(-1);
    if (before === undefined || options.without.includes(pass.name)) continue;
    stages.push({ ...pass.run(before), name: pass.name });
  }
  return stages;
}

/** The stage after the last pass: what a code generator takes. */
export function compileFunction(program: Program, fn: ProgramFunction, options: PassOptions): Stage {
  return stagesOf(program, fn, options).at(-1) ?? loweredStage(program, fn, options);
}

/** The same, with every stage checked. Throws with the pass's name at the first fault: a bug in the pass. */
export function compileVerified(program: Program, fn: ProgramFunction, options: PassOptions): Stage {
  const stages = stagesOf(program, fn, options);
  for (const stage of stages) {
    const [fault] = verifyStage(stage);
    if (fault !== undefined) throw new Error(`after ${stage.name}: ${fault}`);
  }
  return stages.at(-1) ?? loweredStage(program, fn, options);
}

function loweredStage(program: Program, fn: ProgramFunction, options: PassOptions): Stage {
  const { builder, variables, training } = program;
  const dims = { ...usualSizes(program, fn), ...options.dims };
  const { inputs, graph } = fn;
  const stage: Stage = { name: "lower", builder, inputs, variables, graph, options: { ...options, dims } };
  return training === undefined ? stage : { ...stage, batch: training.batch };
}

/** Every free name of a function as the batch of its train, else as 128. */
function usualSizes({ variables, training }: Program, { inputs, graph }: ProgramFunction): Bindings {
  const types = [...nodesOfGraph(graph), ...variables, ...inputs].map(({ type }) => type);
  const names = types.flatMap(({ shape }) => shape.flatMap((dim) => [...namesOfDim(dim)]));
  return Object.fromEntries(names.map((name) => [name, training?.batch ?? 128]));
}

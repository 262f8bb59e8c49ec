/** `margo ir`: what a pass left of an entry's function, as text, or as data for tools. */
import { defaultPassOptions, stagesOf } from "../../compiler/compile.ts";
import { verifyStage } from "../../compiler/ir/verify.ts";
import type { Bindings } from "../../compiler/ir/dim.ts";
import { passes } from "../../compiler/passes/index.ts";
import { type PassOptions, type Stage, type TargetName, withBudget } from "../../compiler/passes/pass.ts";
import type { Program, ProgramFunction } from "../../compiler/program.ts";
import { gpuPlanOf, gpuPlanText } from "./gpu-plan.ts";
import { stageJson, stageText } from "../views/ir-text.ts";
import { Refusal } from "./refusal.ts";
import type { Source } from "../sources/source.ts";
import { declarationsOf, programOf, sourceAt } from "./source.ts";
import { atStage } from "../sources/stage.ts";
import { askedBudget } from "./target-flags.ts";
import { type ExitCode, complain, exitFault, exitFine, exitUsage, writeOut } from "./terminal.ts";

export interface IrOptions {
  readonly entry?: string;
  readonly function?: string;
  readonly stage: string;
  readonly target: TargetName;
  readonly operands: PassOptions["operands"];
  readonly dim: Bindings;
  readonly budget?: number;
  readonly set: Readonly<Record<string, string>>;
  readonly json?: boolean;
  readonly verify?: boolean;
}

export async function ir(file: string, options: IrOptions): Promise<ExitCode> {
  const names = ["lower", ...passes.map(({ name }) => name)];
  if (!names.includes(options.stage)) {
    complain(`there is no stage ${options.stage}`, `the stages are ${names.join(", ")}`);
    return exitUsage;
  }
  const source = sourceAt(file);
  const program = await programOf(source, options.entry ?? defaultEntry(source), { set: options.set });
  const fn = functionOf(program, options.function);
  const stages = await atStage("passes", () => stagesOf(program, fn, passOptions(options)));
  if (options.verify === true) verifyAll(stages);
  const stage = stages.find(({ name }) => name === options.stage);
  if (stage === undefined) throw new Error(`the pass ${options.stage} left no stage`);
  await writeOut(options.json === true ? jsonOf(program, fn, stage) : textOf(program, fn, stage));
  return exitFine;
}

function passOptions({ target, operands, dim, budget }: IrOptions): PassOptions {
  return withBudget({ ...defaultPassOptions, target, operands, dims: dim }, askedBudget(budget, target));
}

function jsonOf(program: Program, fn: ProgramFunction, stage: Stage): string {
  const json = stageJson(program, fn, stage);
  const gpu = isGpuPlan(stage) ? gpuPlanOf(program, fn, stage) : {};
  return `${JSON.stringify({ ...json, ...gpu }, null, 2)}\n`;
}

function textOf(program: Program, fn: ProgramFunction, stage: Stage): string {
  if (!isGpuPlan(stage)) return stageText(program, fn, stage);
  const { plan: _, ...before } = stage;
  return `${stageText(program, fn, before)}${gpuPlanText(gpuPlanOf(program, fn, stage), stage.options.dims)}`;
}

/** The GPU's kernels and buffers are known only when its code is emitted; the plan is then the runtime's own. */
function isGpuPlan({ options, plan }: Stage): boolean {
  return options.target === "wgsl" && plan !== undefined;
}

/** The only declaration of the file, or its only train. */
function defaultEntry(source: Source): string {
  const declarations = declarationsOf(source).filter(({ kind }) => kind !== "let");
  const trains = declarations.filter(({ kind }) => kind === "train");
  const [only, ...others] = trains.length > 0 ? trains : declarations;
  if (only !== undefined && others.length === 0) return only.name.name;
  const offered = declarations.map(({ name }) => name.name);
  complain(
    offered.length === 0
      ? `${source.file} declares nothing`
      : `${source.file} declares ${offered.join(", ")}`,
    "say which with --entry",
  );
  throw new Refusal(exitFault);
}

function functionOf(program: Program, name: string | undefined): ProgramFunction {
  const fn = name === undefined ? program.functions[0] : program.functions.find((one) => one.name === name);
  if (fn !== undefined) return fn;
  complain(
    `${program.name} has no function ${name ?? ""}`,
    `it has ${program.functions.map((one) => one.name).join(", ")}`,
  );
  throw new Refusal(exitFault);
}

function verifyAll(stages: readonly Stage[]): void {
  for (const stage of stages) {
    const [fault] = verifyStage(stage);
    if (fault !== undefined) throw new Error(`after ${stage.name}: ${fault}`);
  }
}

/**
 * The plain-data half of an artifact: what a program's variables, functions and training plan look like to
 * those who run it. The code half is each target's own.
 */
import type { ProgramInfo, TrainingInfo, ValueInfo } from "../runtime/program.ts";
import { type Dim, knownSize } from "./ir/dim.ts";
import { type Node, isOp, nodesOf } from "./ir/node.ts";
import type { TensorType } from "./ir/type.ts";
import type { Program, ProgramFunction, ProgramInput, TrainingPlan } from "./program.ts";

export function programInfo(program: Program, target: string, version: string): ProgramInfo {
  return {
    name: program.name,
    version,
    target,
    variables: program.variables.map(({ name, kind, type }) => ({ ...valueInfo(name, type), kind })),
    functions: program.functions.map((fn) => ({
      name: fn.name,
      inputs: fn.inputs.map(({ name, type, role, place, bound }) => ({
        ...valueInfo(name, type),
        role,
        ...(place === undefined ? {} : { place }),
        ...boundInfo(bound),
      })),
      outputs: fn.graph.outputs
        .filter((output) => !output.name.startsWith("next:"))
        .map((output) => valueInfo(output.name, output.node.type)),
    })),
    ...(program.training === undefined ? {} : { training: trainingInfo(program.training) }),
  };
}

/** The function that gives every variable its first value, `next:NAME`, from the counters it reads. */
export function initializeFunction(program: Program): ProgramFunction {
  const outputs = program.variables.map(({ name, initial }) => ({ name: `next:${name}`, node: initial }));
  const leaves = nodesOf(program.variables.map((variable) => variable.initial)).filter(isInput);
  const inputs = leaves.map((node): ProgramInput => ({
    name: node.attrs.name,
    type: node.type,
    role: "counter",
  }));
  return { name: "initialize", inputs, graph: { outputs } };
}

function isInput(node: Node): node is Node<"input"> {
  return isOp(node, "input");
}

function valueInfo(name: string, type: TensorType): ValueInfo {
  return { name, dtype: type.dtype, shape: type.shape.map((dim) => knownSize(dim) ?? dim.key) };
}

function boundInfo(bound: Dim | undefined): { bound?: number } {
  const size = bound === undefined ? undefined : knownSize(bound);
  return size === undefined ? {} : { bound: size };
}

function trainingInfo({ spans: _, ...info }: TrainingPlan): TrainingInfo {
  return info;
}

/**
 * The time that a call cannot go below on an adapter, by the ceilings that were measured on it in the same run: its products
 * and convolutions as multiply-adds from registers, or the bytes that must move whatever the kernels do (every variable and
 * input read once, every new value of a variable written once), whichever takes longer. Everything else that a call does, its
 * launches among it, counts as nothing, so nothing real gets there.
 */
import { flopsOf } from "../../compiler/flops.ts";
import { compileFunction } from "../../compiler/compile.ts";
import type { GpuPath } from "../../compiler/codegen/wgsl/capabilities.ts";
import { isProduct } from "../../compiler/passes/fuse/products.ts";
import {
  type Bindings,
  type Dim,
  addDims,
  constantDim,
  multiplyDims,
  sizeOfDim,
} from "../../compiler/ir/dim.ts";
import { nodesOfGraph } from "../../compiler/ir/node.ts";
import type { TensorType } from "../../compiler/ir/type.ts";
import { elementsOf } from "../../compiler/ops/types.ts";
import type { Program, ProgramFunction } from "../../compiler/program.ts";
import { gpuPassOptions } from "../../src/artifacts/gpu-artifact.ts";
import type { Ceilings } from "./micro.ts";

export interface Limit {
  readonly seconds: number;
  /** What the call would wait for. */
  readonly by: "arithmetic" | "memory";
}

export function limitOf(program: Program, name: string, dims: Bindings, ceilings: Ceilings): Limit {
  const fn = program.functions.find((each) => each.name === name);
  if (fn === undefined) throw new Error(`the program has no function ${name}`);
  const arithmetic = sizeOfDim(productFlops(program, fn), dims) / ceilings.flops;
  const memory = sizeOfDim(bytesThatMove(program, fn), dims) / ceilings.bytes;
  return arithmetic > memory ? { seconds: arithmetic, by: "arithmetic" } : { seconds: memory, by: "memory" };
}

/** As values of a table. Subgroup matrices multiply faster than the ceiling of f32, and nothing measures theirs. */
export function beside(
  { seconds, by }: Limit,
  measured: number,
  path: GpuPath | "f32",
): Readonly<Record<string, number | string>> {
  if (path === "matrix") return {};
  return { "limit ms": seconds * 1000, "limited by": by, "time ÷ limit": measured / seconds };
}

/** Each product once: those that a streamed loss multiplies again are its own choice. */
function productFlops(program: Program, fn: ProgramFunction): Dim {
  const { graph } = compileFunction(program, fn, { ...gpuPassOptions, without: ["stream"] });
  return nodesOfGraph(graph)
    .filter(isProduct)
    .map((node) => flopsOf(node))
    .reduce(addDims, constantDim(0));
}

function bytesThatMove({ variables }: Program, { inputs, graph }: ProgramFunction): Dim {
  const written = graph.outputs.map(({ node }) => node.type);
  const read = [...variables, ...inputs].map(({ type }) => type);
  return [...read, ...written].map(bytesOf).reduce(addDims, constantDim(0));
}

function bytesOf(type: TensorType): Dim {
  return multiplyDims(constantDim(4), elementsOf(type));
}

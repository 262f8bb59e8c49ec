/**
 * Finds the fastest tile for the products of a program on the device at hand: each tile multiplies matrices of the
 * product's sizes, rounded up to powers of two, and the device's own clock decides. All tiles give the same numbers but
 * for the order of sums, so a wrong choice costs time only.
 */
import type { Capabilities } from "../../compiler/codegen/wgsl/capabilities.ts";
import { emitGpuModule } from "../../compiler/codegen/wgsl/module.ts";
import { type ProductSizes, type TileTable, sizesOfBucket } from "../../compiler/codegen/wgsl/tile-table.ts";
import { type TileName, tileNames } from "../../compiler/codegen/wgsl/tile.ts";
import { compileFunction } from "../../compiler/compile.ts";
import { formulas } from "../../compiler/ir/build.ts";
import { constantDim } from "../../compiler/ir/dim.ts";
import { GraphBuilder } from "../../compiler/ir/node.ts";
import { tensorType } from "../../compiler/ir/type.ts";
import type { Program, ProgramFunction } from "../../compiler/program.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { millisecondsOfCall } from "../../runtime/webgpu/timing.ts";
import { gpuPassOptions } from "../artifacts/gpu-artifact.ts";
import { version } from "../version.ts";

/** Milliseconds of a product of the bucket's sizes with a tile; undefined where the device cannot run it. */
export type TileTimer = (bucket: string, tile: TileName) => Promise<number | undefined>;

/** The fastest tile of each bucket; a bucket that no tile ran has none, nor has one that was not reached. */
export async function fastestTiles(
  buckets: Iterable<string>,
  time: TileTimer,
  signal?: AbortSignal,
): Promise<TileTable> {
  const found: Record<string, TileName> = {};
  for (const bucket of buckets) {
    let best = Infinity;
    for (const tile of tileNames) {
      if (signal?.aborted === true) return without(found, bucket);
      const milliseconds = (await time(bucket, tile)) ?? Infinity;
      if (milliseconds >= best) continue;
      best = milliseconds;
      found[bucket] = tile;
    }
  }
  return found;
}

/** A bucket that was measured in part is not settled. */
function without(found: TileTable, bucket: string): TileTable {
  return Object.fromEntries(Object.entries(found).filter(([each]) => each !== bucket));
}

/** Multiply-adds of a product that is timed: larger ones say no more, and take longer. */
const mostWork = 2 ** 35;
const calls = 5;

export function timerOn(gpu: GpuDevice, capabilities: Capabilities): TileTimer {
  return async (bucket, tile) => {
    const sizes = sizesOfBucket(bucket);
    if (sizes === undefined) return undefined;
    const { program, fn } = productOf(shortened(sizes));
    const stage = compileFunction(program, fn, gpuPassOptions);
    const module = emitGpuModule(program, [{ fn, stage }], version, {
      capabilities,
      sourceLine: () => undefined,
      tileOf: () => tile,
    });
    return millisecondsOfCall(module, gpu, fn.name, {}, calls).catch(() => undefined);
  };
}

/** Its longest side halved until it is little enough work. What is long stays long: a product's shape decides on its tile. */
export function shortened(sizes: ProductSizes): ProductSizes {
  const { rows, columns, depth } = sizes;
  if (rows * columns * depth <= mostWork) return sizes;
  const longest = Math.max(rows, columns, depth);
  if (longest === columns) return shortened({ ...sizes, columns: columns / 2 });
  return shortened(longest === rows ? { ...sizes, rows: rows / 2 } : { ...sizes, depth: depth / 2 });
}

/** A program with one function, `product`: the product of two inputs of these sizes. */
export function productOf({ rows, columns, depth }: ProductSizes): {
  readonly program: Program;
  readonly fn: ProgramFunction;
} {
  const builder = new GraphBuilder();
  const f = formulas(builder);
  const types = {
    a: tensorType("f32", [constantDim(rows), constantDim(depth)]),
    b: tensorType("f32", [constantDim(depth), constantDim(columns)]),
  };
  const [a, b] = [
    builder.make("input", [], { name: "a", ...types.a }),
    builder.make("input", [], { name: "b", ...types.b }),
  ];
  const fn: ProgramFunction = {
    name: "product",
    inputs: [
      { name: "a", type: types.a, role: "data" },
      { name: "b", type: types.b, role: "data" },
    ],
    graph: { outputs: [{ name: "value", node: f.matmul(a, b, "keep", "keep") }] },
  };
  return { program: { name: "Product", kind: "fn", builder, variables: [], functions: [fn] }, fn };
}

/**
 * margin_softmax of the standard library with a margin, from text to numbers: elaborated, through
 * `decompose`, `angles` and `gradient`, evaluated by the float64 reference.
 */
import { readFileSync, readdirSync } from "node:fs";
import { elaborateEntry } from "../../compiler/check/index.ts";
import type { SourceHost } from "../../compiler/check/workspace.ts";
import type { Bindings } from "../../compiler/ir/dim.ts";
import { type Graph, type Node, isOp, nodesOfGraph } from "../../compiler/ir/node.ts";
import { withoutAngles } from "../../compiler/passes/angles.ts";
import { decomposeGraph } from "../../compiler/passes/decompose.ts";
import { differentiateGraph } from "../../compiler/passes/gradient.ts";
import type { Program, ProgramFunction } from "../../compiler/program.ts";
import { type Feeds, evaluateGraph } from "../../compiler/reference.ts";

/** Files given as texts, and the library from the repository. */
export function hostOf(files: Readonly<Record<string, string>>): SourceHost {
  return {
    read: (file) => files[file] ?? libraryText(file),
    library: () => readdirSync("std").map((name) => `std/${name.replace(/\.margo$/, "")}`),
  };
}

function libraryText(file: string): string | undefined {
  if (!/^std\/[\w-]+$/.test(file)) return undefined;
  try {
    return readFileSync(`${file}.margo`, "utf8");
  } catch {
    return undefined;
  }
}

/** The program of an entry of a text. Throws with the diagnostics where there is none. */
export function programOf(
  text: string,
  entry: string,
  settings: Readonly<Record<string, string>> = {},
): Program {
  const host = hostOf({ "test.margo": text });
  const { program, diagnostics } = elaborateEntry(host, "test.margo", entry, { set: settings });
  if (program === undefined)
    throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
  return program;
}

export interface LossGraph {
  /** Outputs value, gradient:x, gradient:W (where they exist) after `decompose`, before `angles`. */
  readonly before: Graph;
  /** The same after `angles`. */
  readonly after: Graph;
  readonly program: Program;
  readonly fn: ProgramFunction;
  readonly leaves: readonly string[];
}

export function lossGraph(program: Program): LossGraph {
  const fn = program.functions.find(({ graph }) => graph.outputs.some(({ name }) => name === "value"));
  const value = fn?.graph.outputs.find(({ name }) => name === "value")?.node;
  if (fn === undefined || value === undefined) throw new Error("the program has no value");
  const { builder } = program;
  const leaves = nodesOfGraph(fn.graph).filter(
    (node): node is Node<"input" | "parameter"> =>
      (isOp(node, "input") || isOp(node, "parameter")) && node.type.dtype === "f32",
  );
  const gradients = leaves.map((leaf) => ({
    name: `gradient:${leaf.attrs.name}`,
    node: builder.make("gradient", [value, leaf], {}),
  }));
  const others = fn.graph.outputs.filter(({ name }) => name !== "value" && !name.startsWith("gradient:"));
  const before = decomposeGraph(
    { outputs: [{ name: "value", node: value }, ...gradients, ...others] },
    builder,
  );
  return {
    before,
    after: withoutAngles(before, builder),
    program,
    fn,
    leaves: leaves.map(({ attrs }) => attrs.name),
  };
}

/** The outputs, with initial values for states that are not fed. */
export function evaluateLoss(
  { after, program }: LossGraph,
  feeds: Feeds,
  dims: Bindings,
): ReturnType<typeof evaluateGraph> {
  const counters: Feeds = {
    seed: { dtype: "i32", shape: [], data: Float64Array.of(1) },
    step: { dtype: "i32", shape: [], data: Float64Array.of(0) },
    epoch: { dtype: "i32", shape: [], data: Float64Array.of(0) },
  };
  const all: Record<string, Feeds[string]> = { ...counters };
  for (const { name, initial } of program.variables) {
    const start = evaluateGraph({ outputs: [{ name, node: initial }] }, counters, dims)[name];
    if (start !== undefined) all[name] = start;
  }
  return evaluateGraph(differentiateGraph(after, program.builder), { ...all, ...feeds }, dims);
}

/**
 * One function of a module: the steps of its schedule in order, every tensor disposed behind its last use.
 * It returns a tensor of its own for each output; inputs and variables belong to the caller, except that a new
 * value of a variable may be the variable's own tensor, updated in place by a streamed pass.
 */
import { type Node, isOp } from "../../ir/node.ts";
import { isLeaf } from "../../passes/fuse.ts";
import type { Stage } from "../../passes/pass.ts";
import { scheduleAsWritten } from "../../passes/schedule.ts";
import type { Step } from "../../passes/steps.ts";
import { type RegionEmission, emitRegions } from "./region.ts";
import { type Scope, type SharedData, createScope } from "./scope.ts";
import type { SourceNotes } from "./source-notes.ts";
import { type Statement, emitStatements, kernelStatements } from "./statements.ts";

/** The text of a method `name(tf, k, inputs, variables, dims) { … }`. `inPlace` names variables that may be overwritten. */
export function emitFunction(
  name: string,
  stage: Stage,
  inPlace: ReadonlySet<string>,
  notes: SourceNotes,
  data: SharedData,
): string {
  const { steps } = stage.schedule ?? scheduleAsWritten(stage);
  const scope = createScope(data);
  const outputs = stage.graph.outputs;
  const kept = new Set(outputs.map(({ node }) => node));
  const leaves = leavesOf(
    steps,
    outputs.map(({ node }) => node),
  );
  const leafLines = leaves.map((leaf) => leafLine(leaf, scope));
  const regions = emitRegions(stage, steps, inPlace, notes);
  const statements = withoutUnread(
    steps.flatMap((step) => stepStatements(step, regions)),
    kept,
  );
  const lines = emitStatements(statements, kept, scope, notes);
  const results = returned(stage, regions, scope);
  const sizes = scope.sizes().map(([size, variable]) => `const ${variable} = dims[${JSON.stringify(size)}];`);
  const body = [...sizes, ...leafLines, ...lines, "return {", ...results.map((line) => `  ${line}`), "};"];
  return `${name}(tf, k, inputs, variables, dims) {\n${indent(body)}\n}`;
}

export function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line.replaceAll("\n", "\n  ")}`).join("\n");
}

function stepStatements(step: Step, regions: RegionEmission): readonly Statement[] {
  return step.kind === "kernel" ? kernelStatements(step.kernel) : regions.statementsOf(step.pass);
}

/** Constants that became part of chains need no tensor. */
function withoutUnread(statements: readonly Statement[], kept: ReadonlySet<Node>): readonly Statement[] {
  const read = new Set(statements.flatMap(({ reads }) => reads));
  const isUnread = (node: Node): boolean => isOp(node, "constant") && !read.has(node) && !kept.has(node);
  return statements.filter(({ writes }) => writes.length === 0 || !writes.every(isUnread));
}

function leavesOf(steps: readonly Step[], outputs: readonly Node[]): readonly Node[] {
  const read = new Set([...steps.flatMap(({ reads }) => reads), ...outputs]);
  return [...read].filter(isLeaf).sort((a, b) => a.id - b.id);
}

function leafLine(leaf: Node, scope: Scope): string {
  if (!isLeaf(leaf)) throw new Error(`${leaf.op} is no leaf`);
  const record = isOp(leaf, "input") ? "inputs" : "variables";
  return `const ${scope.name(leaf)} = ${record}[${JSON.stringify(leaf.attrs.name)}];`;
}

/** A leaf, and a node that is returned before, are returned as handles of their own. */
function returned({ graph }: Stage, regions: RegionEmission, scope: Scope): readonly string[] {
  const given = new Set<Node>();
  return graph.outputs.map(({ name, node }) => {
    const shared = isLeaf(node) || given.has(node);
    given.add(node);
    const value = scope.name(regions.inPlace.get(node) ?? node);
    return `${JSON.stringify(name)}: ${shared ? `tf.clone(${value})` : value},`;
  });
}

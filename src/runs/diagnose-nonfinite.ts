/**
 * Why a loss or an update became no number: the broken step is evaluated once more on the reference, each
 * operation's result rounded to f32 as a device would hold it. From the bad output the search goes back
 * through results that are not finite to the first one whose inputs all were; that operation is the cause,
 * its source the place, and its first bad element names the row.
 */
import { type Bindings, knownSize, sizeOfDim } from "../../compiler/ir/dim.ts";
import { type Node, nodesOfGraph } from "../../compiler/ir/node.ts";
import { isOp } from "../../compiler/ir/node.ts";
import type { Span } from "../../compiler/errors/span.ts";
import type { Reference } from "../../compiler/ops/record.ts";
import { evaluateNode } from "../../compiler/ops/table.ts";
import { programInfo } from "../../compiler/artifact.ts";
import type { Program, ProgramFunction } from "../../compiler/program.ts";
import { inPrimitives } from "../../compiler/reference.ts";
import { type RuntimeFault, fault } from "../../runtime/errors.ts";
import { feedsOf } from "../../runtime/fit-dataset.ts";
import type { HostTensor } from "../../runtime/program.ts";
import type { BrokenStep } from "../../runtime/replay.ts";

export interface NonFiniteCause {
  readonly op: string;
  readonly value: number;
  /** Where the operation was written. */
  readonly span?: Span;
  /** Row of the dataset, where the result has a row axis. */
  readonly row?: number;
  /** The loss, or the variable whose update it spoiled. */
  readonly output: string;
}

/** Undefined where the reference stays finite: the device's own rounding made the difference. */
export function diagnoseNonFinite(program: Program, broken: BrokenStep): NonFiniteCause | undefined {
  const step = program.functions.find(({ name }) => name === "step");
  if (step === undefined) return undefined;
  const graph = inPrimitives(step.graph);
  const feeds = feedsFor(program, step, broken);
  const dims = bindingsOf(step, feeds);
  const bad = nonFiniteNodes(nodesOfGraph(graph), feeds, dims);
  const named = graph.outputs.find(({ name }) => name === broken.output || name === `next:${broken.output}`);
  const output =
    named !== undefined && bad.has(named.node) ? named : graph.outputs.find(({ node }) => bad.has(node));
  const node = output === undefined ? undefined : originOf(output.node, bad);
  const found = node === undefined ? undefined : bad.get(node);
  if (output === undefined || node === undefined || found === undefined) return undefined;
  const row = rowOf(node, found.at, step, dims, broken.batch.rows);
  return {
    op: node.op,
    value: found.value,
    output: output.name.replace(/^next:/, ""),
    ...(node.span === undefined ? {} : { span: node.span }),
    ...(row === undefined ? {} : { row }),
  };
}

/** The fault of a broken run with its cause in words. `place` is the span as "file:line:column". */
export function explainedFault(
  broken: BrokenStep,
  cause: NonFiniteCause | undefined,
  place?: string,
): RuntimeFault {
  const { step, output } = broken;
  const reached = output === "loss" ? "the loss" : `the new value of ${output}`;
  const help =
    "lower the learning rate, clip the gradient's norm, or guard the operation with max, clamp or a small constant";
  if (cause === undefined)
    return fault(
      "M0601",
      `${reached} became no number in step ${step}; evaluated in float64 the step is finite, so an operation left the range or the precision of f32`,
      help,
      { step },
    );
  const where = place === undefined ? "" : ` at ${place}`;
  const row = cause.row === undefined ? "" : `, in row ${cause.row} of the data,`;
  return fault(
    "M0601",
    `${reached} became no number in step ${step}: \`${cause.op}\`${where}${row} gave ${cause.value} first`,
    help,
    { step, ...(cause.row === undefined ? {} : { row: cause.row }) },
  );
}

interface BadElement {
  readonly at: number;
  readonly value: number;
}

function nonFiniteNodes(
  nodes: readonly Node[],
  feeds: Readonly<Record<string, Reference>>,
  dims: Bindings,
): ReadonlyMap<Node, BadElement> {
  const lastUse = new Map<Node, Node>();
  for (const node of nodes) for (const input of node.inputs) lastUse.set(input, node);
  const values = new Map<Node, Reference>();
  const bad = new Map<Node, BadElement>();
  for (const node of nodes) {
    const value = rounded(valueOf(node, values, feeds, dims));
    values.set(node, value);
    const at = value.dtype === "f32" ? value.data.findIndex((element) => !Number.isFinite(element)) : -1;
    if (at >= 0) bad.set(node, { at, value: value.data[at] ?? NaN });
    for (const input of node.inputs) if (lastUse.get(input) === node) values.delete(input);
  }
  return bad;
}

function valueOf(
  node: Node,
  values: ReadonlyMap<Node, Reference>,
  feeds: Readonly<Record<string, Reference>>,
  dims: Bindings,
): Reference {
  const leaf = leafName(node);
  const fed = leaf === undefined ? undefined : feeds[leaf];
  if (fed !== undefined) return fed;
  if (leaf !== undefined) throw new Error(`no value was given for ${leaf}`);
  const inputs = node.inputs.map((input) => {
    const value = values.get(input);
    if (value === undefined) throw new Error(`${input.op} was not evaluated before its use`);
    return value;
  });
  const shape = node.type.shape.map((dim) => sizeOfDim(dim, dims));
  return evaluateNode(node, inputs, shape, dims);
}

function leafName(node: Node): string | undefined {
  return isOp(node, "input") || isOp(node, "parameter") || isOp(node, "state") ? node.attrs.name : undefined;
}

/** In place: what shares the array has been rounded already. */
function rounded(value: Reference): Reference {
  if (value.dtype !== "f32") return value;
  const { data } = value;
  for (let i = 0; i < data.length; i++) data[i] = Math.fround(data[i] ?? 0);
  return value;
}

/** The earliest result on the way to a bad one that is bad while its inputs are not. */
function originOf(output: Node, bad: ReadonlyMap<Node, BadElement>): Node | undefined {
  const seen = new Set<Node>();
  const stack = [output];
  let origin: Node | undefined;
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    const guilty = node.inputs.filter((input) => bad.has(input));
    if (guilty.length === 0 && (origin === undefined || node.id < origin.id)) origin = node;
    stack.push(...guilty);
  }
  return origin;
}

function feedsFor(
  program: Program,
  step: ProgramFunction,
  broken: BrokenStep,
): Readonly<Record<string, Reference>> {
  const counters: Readonly<Record<string, number>> = {
    step: broken.step - 1,
    epoch: broken.epoch,
    seed: broken.seed,
  };
  const counted = step.inputs
    .filter(({ role }) => role === "counter")
    .map(
      ({ name }) => [name, { dtype: "i32", shape: [], data: Float64Array.of(counters[name] ?? 0) }] as const,
    );
  const given = {
    ...broken.variables,
    ...feedsOf(programInfo(program, "reference", ""), "step", broken.batch),
  };
  const tensors = Object.entries(given).map(([name, value]) => [name, reference(value)] as const);
  return Object.fromEntries([...counted, ...tensors]);
}

function reference(tensor: HostTensor): Reference {
  return { dtype: tensor.dtype, shape: tensor.shape, data: Float64Array.from(tensor.data) };
}

/** Sizes of the free dimensions, which inputs have as whole axes. */
function bindingsOf(step: ProgramFunction, feeds: Readonly<Record<string, Reference>>): Bindings {
  const bindings: [string, number][] = [];
  for (const { name, type } of step.inputs)
    for (const [axis, dim] of type.shape.entries())
      if (knownSize(dim) === undefined) bindings.push([dim.key, feeds[name]?.shape[axis] ?? 0]);
  return Object.fromEntries(bindings);
}

function rowOf(
  node: Node,
  at: number,
  step: ProgramFunction,
  dims: Bindings,
  rows: readonly number[],
): number | undefined {
  const batch = step.inputs.find(({ role, type }) => role === "data" && type.shape.length > 0)?.type.shape[0]
    ?.key;
  const axis = node.type.shape.findIndex((dim) => dim.key === batch);
  if (axis < 0) return undefined;
  const sizes = node.type.shape.map((dim) => sizeOfDim(dim, dims));
  const stride = sizes.slice(axis + 1).reduce((product, size) => product * size, 1);
  return rows[Math.floor(at / stride) % (sizes[axis] ?? 1)];
}

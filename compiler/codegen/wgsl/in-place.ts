/**
 * Which new values of variables are written where the old ones lie, so that no copy follows. That is right when
 * everything that reads the old value has run before, but for the kernel that writes the new one, and there each
 * invocation reads the old value at the one place that it then writes. A chunk of a region reads and writes its own
 * rows only, so it does not matter to the next chunk. Where none of this can be shown, the new value has a buffer of its
 * own and is copied at the end.
 */
import { type Node, nameOfVariable, nodesOfGraph } from "../../ir/node.ts";
import { updatedBy } from "../../live-variables.ts";
import type { Stage } from "../../passes/pass.ts";
import type { Step } from "../../passes/steps.ts";
import { type BodyStep, bodySteps, readsOfStep, variantsOf } from "../../passes/stream/body-steps.ts";
import { type Result, readsOfPass } from "../../passes/stream.ts";
import { isLeaf } from "../../passes/fuse.ts";
import { readsOwnPlace } from "../../passes/fuse/updates.ts";
import type { Part } from "./groups.ts";
import { isView } from "./scope.ts";

/** What is dispatched as one: a kernel, or the loop of a pass. */
type Unit = { readonly kind: "kernel"; readonly part: Part } | Extract<Step, { kind: "pass" }>;

/** The nodes that are written to variables' own buffers, with the variables' names. */
export function valuesInPlace({ graph }: Stage, steps: readonly Step[]): ReadonlyMap<Node, string> {
  const units = steps.map((step): Unit =>
    step.kind === "pass" ? step : { kind: "kernel", part: step.kernel },
  );
  const copiedAtTheEnd = variablesUnder(
    graph.outputs.flatMap(({ node }) => (isLeaf(node) || isView(node) ? [node] : [])),
  );
  const found = new Map<Node, string>();
  for (const { name, node } of graph.outputs) {
    const variable = updatedBy(name);
    if (variable === undefined || isLeaf(node) || isView(node) || found.has(node)) continue;
    if (!copiedAtTheEnd.has(variable) && isLastReader(units, variable, node)) found.set(node, variable);
  }
  return found;
}

/** Outputs that are new values of variables whose old values nothing reads, with the variables' names. */
export function unreadVariables({ graph }: Stage): ReadonlyMap<string, string> {
  const read = variablesUnder(nodesOfGraph(graph));
  const nexts = graph.outputs.flatMap(({ name }) => {
    const variable = updatedBy(name);
    return variable === undefined ? [] : [[name, variable] as const];
  });
  return new Map(nexts.filter(([, variable]) => !read.has(variable)));
}

function isLastReader(units: readonly Unit[], variable: string, node: Node): boolean {
  const at = units.findIndex((unit) => writesOf(unit).includes(node));
  const writer = units[at];
  if (writer === undefined || units.slice(at + 1).some((unit) => readsVariable(unit, variable))) return false;
  if (!readsVariable(writer, variable)) return true;
  return writer.kind === "pass"
    ? rowsBeforeWritten(writer, variable, node)
    : isAtOwnPlace(writer.part, (each) => nameOfVariable(each) === variable, node);
}

function writesOf(unit: Unit): readonly Node[] {
  return unit.kind === "pass" ? unit.writes : unit.part.writes;
}

function readsVariable(unit: Unit, variable: string): boolean {
  const reads =
    unit.kind === "pass"
      ? readsOfPass(unit.region, unit.pass)
      : unit.part.nodes.flatMap(({ inputs }) => inputs);
  return variablesUnder(reads).has(variable);
}

/** Whether the kernel reads the old value only at the place that it writes. */
function isAtOwnPlace({ nodes }: Part, isOld: (node: Node) => boolean, node: Node): boolean {
  return readsOwnPlace(nodes, node, isOld, (each) => storedUnder([each]));
}

/** A pass that slices the old value as it writes the new one, and writes a chunk's rows after all that read them. */
function rowsBeforeWritten(
  { region, pass }: Extract<Unit, { kind: "pass" }>,
  variable: string,
  node: Node,
): boolean {
  const result = pass.results.find((each) => each.node === node);
  if (result?.kind !== "rows") return false;
  const old = pass.slices.filter(({ of }) => variablesUnder([of]).has(variable));
  const alike = old.every(
    ({ of, axis, unit }) =>
      nameOfVariable(of) === variable && axis === result.axis && unit.key === result.unit.key,
  );
  const leaves = new Set<Node>(pass.slices.map(({ leaf }) => leaf));
  const whole = pass.body.flatMap(({ inputs }) => inputs).filter((input) => !leaves.has(input));
  if (!alike || variablesUnder(whole).has(variable)) return false;
  const oldLeaves = new Set<Node>(old.map(({ leaf }) => leaf));
  return variantsOf(region, pass).every((variant) =>
    isWrittenLast(bodySteps(region, variant.pass), result, (each) => oldLeaves.has(each)),
  );
}

/** The kernel that works the rows out may write them at once, so it is held to its own place too. */
function isWrittenLast(
  steps: readonly BodyStep[],
  { piece }: Extract<Result, { kind: "rows" }>,
  isOld: (node: Node) => boolean,
): boolean {
  const at = steps.findIndex((step) => step.kind === "compute" && step.kernel.writes.includes(piece));
  const writer = steps[at];
  const ownPlace =
    writer?.kind !== "compute" ||
    !storedUnder(writer.kernel.reads).some(isOld) ||
    isAtOwnPlace(writer.kernel, isOld, piece);
  return ownPlace && steps.slice(at + 1).every((step) => !storedUnder(readsOfStep(step)).some(isOld));
}

function variablesUnder(nodes: readonly Node[]): ReadonlySet<string> {
  return new Set(storedUnder(nodes).flatMap((node) => nameOfVariable(node) ?? []));
}

/** What is read where these nodes are: views are worked out from what they are made of. */
export function storedUnder(nodes: readonly Node[]): readonly Node[] {
  const seen = new Set<Node>();
  const stack = [...nodes];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (isView(node)) stack.push(...node.inputs);
  }
  return [...seen].filter((node) => !isView(node));
}

/** Kernels that only make new values of parameters: nothing in the function waits for them. */
import { knownSize } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { elementsOf } from "../../ops/types.ts";
import type { KernelGroup } from "../fuse.ts";
import type { Stage } from "../pass.ts";
import { type Surroundings, holds, readsOf } from "./touched.ts";

/**
 * Marks the kernels that only make new values of parameters. Where new values take the place of old ones, those of small
 * parameters are one kernel, of as many as its buffers allow; others run as soon as their gradient is there, so that no
 * gradient waits.
 */
export function withOptimizer(
  stage: Stage,
  groups: readonly KernelGroup[],
  around: Surroundings,
): readonly KernelGroup[] {
  const names = new Set(
    stage.variables.filter(({ kind }) => kind !== "state").map(({ name }) => `next:${name}`),
  );
  const updates = new Set(stage.graph.outputs.filter(({ name }) => names.has(name)).map(({ node }) => node));
  const read = new Set(groups.flatMap(({ reads }) => reads));
  const isUpdate = ({ kind, writes }: KernelGroup): boolean =>
    kind === "elementwise" && writes.every((node) => updates.has(node) && !read.has(node));
  const marked = groups.filter(isUpdate).map((group): KernelGroup => ({ ...group, kind: "optimizer" }));
  const others = groups.filter((group) => !isUpdate(group));
  return [...others, ...(around.limits.updatesInPlace ? packed(marked, around) : marked)];
}

/** The kernels with small ones put together. */
function packed(groups: readonly KernelGroup[], around: Surroundings): readonly KernelGroup[] {
  const packs: KernelGroup[] = [];
  for (const group of groups) {
    const joined = packs.map((pack) => joinedGroup(pack, group));
    const at = joined.findIndex(({ nodes }) => nodes.every(isFewElements) && holds(around, nodes));
    const pack = joined[at];
    if (pack === undefined) packs.push(group);
    else packs[at] = pack;
  }
  return packs;
}

function joinedGroup(a: KernelGroup, b: KernelGroup): KernelGroup {
  const nodes = [...a.nodes, ...b.nodes];
  return { kind: a.kind, nodes, reads: readsOf(nodes), writes: [...a.writes, ...b.writes] };
}

/** So few that a dispatch costs more than the work. */
function isFewElements({ type }: Node): boolean {
  return (knownSize(elementsOf(type)) ?? Infinity) <= 2 ** 16;
}

/**
 * The facts that `stream`, `fuse` and `schedule` leave beside the graph: bodies of regions are sound, every
 * value is computed once, and nothing is read before it is there. Part of `verify`.
 */
import { isLeaf } from "../passes/fuse.ts";
import type { KernelGroup } from "../passes/fuse.ts";
import type { Stage } from "../passes/pass.ts";
import type { Step } from "../passes/steps.ts";
import { type Region, type RegionPass, partialsOf, readsOfPass } from "../passes/stream.ts";
import type { Node } from "./node.ts";

export function orderFaults(stage: Stage): readonly string[] {
  return [
    ...(stage.regions ?? []).flatMap((region) => region.passes.flatMap((pass) => bodyFaults(region, pass))),
    ...(stage.kernels ?? []).flatMap(kernelFaults),
    ...repeated((stage.kernels ?? []).flatMap(({ writes }) => writes)).map(
      (node) => `${named(node)} is written by two kernels`,
    ),
    ...(stage.schedule === undefined ? [] : scheduleFaults(stage, stage.schedule.steps)),
  ];
}

/** Body nodes come after what they read, and a result's parts are in the body or read from outside. */
function bodyFaults(region: Region, pass: RegionPass): readonly string[] {
  const there = new Set<Node>([
    ...readsOfPass(region, pass),
    ...pass.slices.map(({ leaf }) => leaf),
    region.first,
  ]);
  const place = `pass ${pass.level} of region ${region.name}`;
  const faults = pass.body.flatMap((node) => {
    const missing = node.inputs.filter((input) => !there.has(input));
    there.add(node);
    return missing.map((input) => `${place}: ${named(node)} comes before ${named(input)}`);
  });
  const parts = pass.results.flatMap(partialsOf).filter((node) => !there.has(node));
  return [...faults, ...parts.map((node) => `${place}: the result part ${named(node)} is not computed`)];
}

function kernelFaults({ nodes, reads, writes }: KernelGroup): readonly string[] {
  const there = new Set(reads);
  const early = nodes.flatMap((node) => {
    const missing = node.inputs.filter((input) => !there.has(input));
    there.add(node);
    return missing.map((input) => `${named(node)} is in a kernel that does not read ${named(input)}`);
  });
  const unmade = writes.filter((node) => !nodes.includes(node));
  return [...early, ...unmade.map((node) => `a kernel writes ${named(node)} and does not compute it`)];
}

function scheduleFaults(stage: Stage, steps: readonly Step[]): readonly string[] {
  const there = new Set<Node>();
  const isThere = (node: Node): boolean => there.has(node) || isLeaf(node);
  const early = steps.flatMap((step, index) => {
    const missing = step.reads.filter((node) => !isThere(node));
    step.writes.forEach((node) => there.add(node));
    return missing.map((node) => `step ${index} reads ${named(node)} before it is there`);
  });
  const unmade = stage.graph.outputs.filter(({ node }) => !isThere(node));
  return [
    ...early,
    ...repeated(steps.flatMap(({ writes }) => writes)).map((node) => `two steps write ${named(node)}`),
    ...unmade.map(({ name }) => `no step makes the output ${name}`),
  ];
}

function repeated(nodes: readonly Node[]): readonly Node[] {
  const seen = new Set<Node>();
  return nodes.filter((node) => seen.size === seen.add(node).size);
}

function named(node: Node): string {
  return `%${node.id} ${node.op}`;
}

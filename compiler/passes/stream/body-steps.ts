/**
 * The statements of a pass's loop body in order, shared by whoever runs them and by the plan that counts their
 * memory: first what kept values are made of, then the kept values (taken from the earlier pass or computed
 * again), then the rest; each result is taken up as soon as its partial value is there.
 */
import { type Node, nodesOf } from "../../ir/node.ts";
import { type KernelGroup, groupNodes, inReadingOrder, singleKernels } from "../fuse.ts";
import { type Region, type RegionPass, type Result, type Slice, partialsOf } from "../stream.ts";

export type BodyStep =
  | { readonly kind: "slice"; readonly slice: Slice }
  | { readonly kind: "first"; readonly node: Node }
  | { readonly kind: "compute"; readonly kernel: KernelGroup }
  /** The kept values of this pass; `again` computes them where an earlier pass could not keep them. */
  | { readonly kind: "recall"; readonly nodes: readonly Node[]; readonly again: readonly KernelGroup[] }
  /** Hands the value to a later pass. */
  | { readonly kind: "keep"; readonly node: Node }
  | { readonly kind: "result"; readonly result: Result };

/** Values a later pass recalls, with the pass that makes them and the last one that needs them. */
export interface Keeping {
  readonly node: Node;
  readonly from: RegionPass;
  readonly last: RegionPass;
}

export function keepingsOf({ passes }: Region): readonly Keeping[] {
  const nodes = [...new Set(passes.flatMap(({ kept }) => kept))];
  return nodes.flatMap((node) => {
    const from = passes.find((pass) => pass.body.includes(node) && !pass.kept.includes(node));
    const last = passes.findLast((pass) => pass.kept.includes(node));
    return from === undefined || last === undefined ? [] : [{ node, from, last }];
  });
}

/** One way in which a pass runs for a chunk. */
export interface Variant {
  readonly pass: RegionPass;
  readonly when: "always" | "kept" | "recomputed";
}

/**
 * A target that fuses what it works out again with what follows has two bodies for a pass that shares values with
 * another one: for chunks whose values are kept, and for the others, which neither keep nor recall anything.
 */
export function variantsOf(region: Region, pass: RegionPass): readonly Variant[] {
  const shares = pass.kept.length > 0 || keepingsOf(region).some(({ from }) => from === pass);
  if (!shares) return [{ pass, when: "always" }];
  return [
    { pass, when: "kept" },
    { pass: { ...pass, kept: [] }, when: "recomputed" },
  ];
}

export function bodySteps(region: Region, pass: RegionPass): readonly BodyStep[] {
  const kept = new Set(pass.kept);
  const computed = pass.body.filter((node) => !kept.has(node));
  const later = dependents(computed, kept);
  const needed = neededNodes(pass, kept);
  const forKept = new Set(ancestorsOf(pass.kept, new Set(pass.body)));
  const early = computed.filter((node) => !later.has(node) && needed.has(node) && forKept.has(node));
  const late = computed.filter((node) => needed.has(node) && !early.includes(node));
  const again = [...forKept].filter((node) => !early.includes(node));
  const handed = keepingsOf(region).flatMap(({ node, from }) => (from === pass ? [node] : []));
  const seen = [...pass.results.flatMap(partialsOf), ...handed];
  const seenEarly = [
    ...seen,
    ...late.flatMap(({ inputs }) => inputs),
    ...again.flatMap(({ inputs }) => inputs),
  ];
  const recall: BodyStep = { kind: "recall", nodes: pass.kept, again: kernelsOf(region, again, pass.kept) };
  return [
    ...leafSteps(region, pass),
    ...withResults(
      [
        ...kernelsOf(region, early, seenEarly).map(compute),
        ...(kept.size === 0 ? [] : [recall]),
        ...kernelsOf(region, late, seen).map(compute),
      ],
      pass,
    ),
    ...handed.map((node): BodyStep => ({ kind: "keep", node })),
  ];
}

/** Kernels of a stretch of the body, in order; each node alone before `fuse`. */
function kernelsOf(
  { limits, first }: Region,
  nodes: readonly Node[],
  seen: readonly Node[],
): readonly KernelGroup[] {
  if (limits === undefined) return singleKernels(nodes);
  return inReadingOrder(groupNodes(nodes, new Set(seen), limits, () => [], new Set([first])));
}

function compute(kernel: KernelGroup): BodyStep {
  return { kind: "compute", kernel };
}

function leafSteps(region: Region, pass: RegionPass): readonly BodyStep[] {
  const readsFirst = pass.body.some((node) => node.inputs.includes(region.first));
  return [
    ...pass.slices.map((slice): BodyStep => ({ kind: "slice", slice })),
    ...(readsFirst ? [{ kind: "first", node: region.first } as const] : []),
  ];
}

/** Puts each result behind the step that completes it. */
function withResults(steps: readonly BodyStep[], pass: RegionPass): readonly BodyStep[] {
  const made = new Set<Node>();
  const waiting = new Set(pass.results);
  const body = new Set(pass.body);
  const due = (): readonly BodyStep[] =>
    [...waiting].flatMap((result): readonly BodyStep[] => {
      if (!partialsOf(result).every((node) => made.has(node) || !body.has(node))) return [];
      waiting.delete(result);
      return [{ kind: "result", result }];
    });
  return [
    ...due(),
    ...steps.flatMap((step) => {
      if (step.kind === "compute") step.kernel.writes.forEach((node) => made.add(node));
      if (step.kind === "recall") step.nodes.forEach((node) => made.add(node));
      return [step, ...due()];
    }),
  ];
}

/** Nodes that depend on one of `sources`. */
function dependents(nodes: readonly Node[], sources: ReadonlySet<Node>): ReadonlySet<Node> {
  const found = new Set<Node>();
  for (const node of nodes)
    if (node.inputs.some((input) => sources.has(input) || found.has(input))) found.add(node);
  return found;
}

/** What the results need when the kept values are there. */
function neededNodes(pass: RegionPass, kept: ReadonlySet<Node>): ReadonlySet<Node> {
  const seen = new Set<Node>();
  const stack = pass.results.flatMap(partialsOf);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (!kept.has(node)) stack.push(...node.inputs);
  }
  return seen;
}

function ancestorsOf(roots: readonly Node[], body: ReadonlySet<Node>): readonly Node[] {
  return nodesOf(roots).filter((node) => body.has(node));
}

/** What a step reads, beside values from outside the loop. */
export function readsOfStep(step: BodyStep): readonly Node[] {
  switch (step.kind) {
    case "slice":
    case "first":
      return [];
    case "compute":
      return step.kernel.reads;
    case "recall": {
      const made = new Set(step.again.flatMap(({ writes }) => writes));
      return step.again.flatMap(({ reads }) => reads).filter((node) => !made.has(node));
    }
    case "keep":
      return [step.node];
    case "result":
      return partialsOf(step.result);
    default:
      return step satisfies never;
  }
}

/** The values a step makes. */
export function writesOfStep(step: BodyStep): readonly Node[] {
  switch (step.kind) {
    case "slice":
      return [step.slice.leaf];
    case "first":
      return [step.node];
    case "compute":
      return step.kernel.writes;
    case "recall":
      return step.nodes;
    case "keep":
    case "result":
      return [];
    default:
      return step satisfies never;
  }
}

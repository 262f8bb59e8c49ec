/**
 * Pass `fuse`: every node that is computed belongs to one kernel. A kernel is a set of nodes that runs as one
 * unit: an element-wise chain with any number of results, a reduction with the chain that feeds it and what follows from
 * its results, a matrix product or convolution with its bias and activation, the update of the parameters. Values inside
 * a kernel need never be stored. The bodies of streamed regions are grouped in the same way, each on its own.
 *
 *   before   %3 = matmul(x, W)   %4 = add(%3, b)   %5 = maximum(%4, 0)   %6 = mul(%5, %5)   %7 = exp(%6)
 *   after    k0 contraction [%3 %4 %5]     k1 elementwise [%6 %7]
 *
 * A target says with `limits` how many values a kernel may touch. What it cannot do yet: give one kernel a reduction
 * and the elements that need its result, as the softmax of a row would be.
 */
import type { OpName } from "../ops/attrs.ts";
import { type Node, isOp, isReduction, usersOf, isVariable } from "../ir/node.ts";
import { shapeKey } from "../ir/type.ts";
import { knownSize } from "../ir/dim.ts";
import { Drafts } from "./fuse/drafts.ts";
import { withOptimizer } from "./fuse/optimizer.ts";
import { repeatCheapValues } from "./fuse/repeats.ts";
import type { Surroundings } from "./fuse/touched.ts";
import { type Updates, updatesInPlace } from "./fuse/updates.ts";
import type { Pass, Stage } from "./pass.ts";
import { comeTooEarly } from "./steps.ts";
import { type Region, nodesOutside, readsOfPass, streamedNodes } from "./stream.ts";

export interface KernelGroup {
  readonly kind: KernelKind;
  /** Inputs before users. */
  readonly nodes: readonly Node[];
  /** Values it takes from elsewhere. */
  readonly reads: readonly Node[];
  /** Values that others see. */
  readonly writes: readonly Node[];
}

/** `single` is a kernel of one node that fuses with nothing: a gather, a sort, a reshape. */
export type KernelKind = "elementwise" | "reduction" | "contraction" | "optimizer" | "single";

/** What a target's kernels can hold. */
export interface KernelLimits {
  /** Values that one kernel may read and write together. */
  readonly buffers: number;
  /** Element-wise operations that the target's loops do not have: each is a kernel of its own. */
  readonly apart: ReadonlySet<OpName>;
  /**
   * What a product takes into its kernel. `bias`: a vector added to each row, and max(x, 0). `chains`: every
   * element-wise operation on values of its shape, reductions of those along its rows or columns, and the chain
   * that one operand is made by where an element of it is read a few times only.
   */
  readonly products: "bias" | "chains";
  /**
   * What a kernel with a reduction holds. `alone`: the chain that feeds it, when nobody else needs the chain.
   * `shared`: any number of reductions along the same axes, and the chains that feed them, stored or not.
   */
  readonly folds: "alone" | "shared";
  /** Whether cheap values outside of streamed bodies are worked out by each reader instead of stored. */
  readonly repeats: boolean;
  /** Whether new values of variables are written where the old ones lie, so that both take one buffer. */
  readonly updatesInPlace: boolean;
  /** Operations that readers work out themselves: they take no buffer, what they are made of does. */
  readonly views: ReadonlySet<OpName>;
}

/** What a kernel may bind on every WebGPU device: the default of maxStorageBuffersPerShaderStage. */
export const leastStorageBuffers = 8;

const none: ReadonlySet<never> = new Set();

/** The limits of the target, and of the device where it is known. */
export function limitsOf({ target, buffers }: Pick<Stage["options"], "target" | "buffers">): KernelLimits {
  const limits = kernelLimits[target];
  return buffers === undefined ? limits : { ...limits, buffers };
}

const kernelLimits: Readonly<Record<Stage["options"]["target"], KernelLimits>> = {
  reference: {
    buffers: Infinity,
    apart: none,
    products: "bias",
    folds: "alone",
    repeats: false,
    updatesInPlace: false,
    views: none,
  },
  tfjs: {
    buffers: 24,
    apart: new Set<OpName>(["sin", "cos", "acos", "pow", "half"]),
    products: "bias",
    folds: "alone",
    repeats: false,
    updatesInPlace: false,
    views: none,
  },
  wgsl: {
    buffers: leastStorageBuffers,
    apart: none,
    products: "chains",
    folds: "shared",
    repeats: true,
    updatesInPlace: true,
    views: new Set<OpName>([
      "constant",
      "size",
      "iota",
      "reshape",
      "transpose",
      "broadcast",
      "slice",
      "alias",
    ]),
  },
};

export const fuse: Pass = {
  name: "fuse",
  doc: "Nodes are grouped into kernels: chains, reductions with their prologue, products with their epilogue.",
  run: (stage) => ({
    ...stage,
    ...fusedKernels(stage),
    ...(stage.regions === undefined
      ? {}
      : {
          regions: stage.regions.map((region) => ({ ...region, limits: limitsOf(stage.options) })),
        }),
  }),
};

/** New values that turn out to come too early take a buffer of their own after all. */
function fusedKernels(stage: Stage): Required<Pick<Stage, "kernels" | "updates">> {
  let updates = updatesInPlace(stage);
  for (;;) {
    const kernels = kernelsOf(stage, updates);
    const early = comeTooEarly({ ...stage, kernels, updates });
    if (early.size === 0) return { kernels, updates };
    updates = new Map([...updates].filter(([node]) => !early.has(node)));
  }
}

/** Kernels of what is computed outside regions, in id order of their last node. */
function kernelsOf(stage: Stage, updates: Updates): readonly KernelGroup[] {
  const regions = stage.regions ?? [];
  const streamed = streamedNodes(regions);
  const nodes = nodesOutside(stage.graph, regions).filter((node) => !streamed.has(node) && !isLeaf(node));
  const streamedReads = streamedDependencies(regions);
  const visible = new Set([
    ...stage.graph.outputs.map(({ node }) => node),
    ...[...streamedReads.values()].flat(),
  ]);
  const limits = limitsOf(stage.options);
  const waitsFor = (node: Node): readonly Node[] => streamedReads.get(node) ?? [];
  const around = { ...surroundingsOf(nodes, visible, limits, waitsFor), updates };
  const groups = groupsOf(nodes, around);
  return withOptimizer(stage, limits.repeats ? repeatCheapValues(groups, around) : groups, around);
}

/** The twin without fusion: each node a kernel of its own. */
export function singleKernels(nodes: readonly Node[]): readonly KernelGroup[] {
  return nodes.map((node) => ({
    kind: "single",
    nodes: [node],
    reads: [...new Set(node.inputs)],
    writes: [node],
  }));
}

/** Leaves are bound, not computed. */
export function isLeaf(node: Node): node is Node<"input" | "parameter" | "state"> {
  return isOp(node, "input") || isVariable(node);
}

/** What each streamed value waits for: the reads of its pass and of the passes before it. */
function streamedDependencies(regions: readonly Region[]): ReadonlyMap<Node, readonly Node[]> {
  const found = new Map<Node, readonly Node[]>();
  for (const region of regions) {
    const reads: Node[] = [];
    for (const pass of region.passes) {
      reads.push(...readsOfPass(region, pass));
      for (const { node } of pass.results) found.set(node, [...reads]);
    }
  }
  return found;
}

/**
 * Groups `nodes`. Those that are `visible` from outside must be written; `waitsFor` says what a value that is
 * computed elsewhere waits for, so that no kernel ends up waiting for itself; `unbound` are leaves that take no buffer.
 */
export function groupNodes(
  nodes: readonly Node[],
  visible: ReadonlySet<Node>,
  limits: KernelLimits,
  waitsFor: (node: Node) => readonly Node[],
  unbound: ReadonlySet<Node> = new Set(),
): readonly KernelGroup[] {
  return groupsOf(nodes, surroundingsOf(nodes, visible, limits, waitsFor, unbound));
}

function surroundingsOf(
  nodes: readonly Node[],
  visible: ReadonlySet<Node>,
  limits: KernelLimits,
  waitsFor: (node: Node) => readonly Node[],
  unbound: ReadonlySet<Node> = none,
): Surroundings {
  const inside = new Set(nodes);
  const users = usersOf([...new Set(nodes.flatMap((node) => [...node.inputs, node]))]);
  const usersInside = (node: Node): readonly Node[] =>
    (users.get(node) ?? []).filter((user) => inside.has(user));
  const seen = (node: Node): boolean => visible.has(node);
  return { limits, users: usersInside, seen, waitsFor, unbound, updates: new Map() };
}

function groupsOf(nodes: readonly Node[], around: Surroundings): readonly KernelGroup[] {
  const drafts = new Drafts(around);
  const ends = endsOf(nodes, around);
  for (const node of nodes) if (!ends.has(node)) drafts.place(node);
  drafts.mergeSiblings();
  for (const node of nodes) if (ends.has(node)) drafts.place(node);
  return drafts.groups();
}

/**
 * Element-wise operations that nothing waits for, like the updates of parameters, come when all others have found their
 * kernels: they take what room is left there.
 */
function endsOf(nodes: readonly Node[], { users }: Surroundings): ReadonlySet<Node> {
  const ends = new Set<Node>();
  for (const node of [...nodes].reverse())
    if (isElementwise(node) && users(node).every((user) => ends.has(user))) ends.add(node);
  return ends;
}

/** Kernels in an order in which each comes after those that it reads from; of those that could, the first. */
export function inReadingOrder(groups: readonly KernelGroup[]): readonly KernelGroup[] {
  const waiting = new Set(groups);
  const missing = new Set(groups.flatMap(({ writes }) => writes));
  const order: KernelGroup[] = [];
  while (waiting.size > 0) {
    const next = [...waiting].find(({ reads }) => !reads.some((node) => missing.has(node)));
    if (next === undefined) throw new Error("kernels wait for each other");
    order.push(next);
    waiting.delete(next);
    for (const node of next.writes) missing.delete(node);
  }
  return order;
}

export function kernelKind(node: Node): KernelKind {
  if (isElementwise(node)) return "elementwise";
  if (isReduction(node)) return "reduction";
  return isOp(node, "matmul") || isOp(node, "conv2d") ? "contraction" : "single";
}

/** A bias over the last axis right after the product, then max(x, 0). */
export function isBiasEpilogue(kernel: readonly Node[], node: Node): boolean {
  const last = kernel.at(-1);
  if (last === undefined) return false;
  if (kernel.length === 1 && isOp(node, "add")) return biasOf(node, last) !== undefined;
  return kernel.length === 2 && isOp(node, "maximum") && node.inputs.some(isZero);
}

/** The vector that `sum` adds to each row of `product`, if that is what it does. */
export function biasOf(sum: Node<"add">, product: Node): Node | undefined {
  const [a, b] = sum.inputs;
  const bias = a === product ? b : a;
  if (bias === undefined || bias === product || shapeKey(sum.type.shape) !== shapeKey(product.type.shape))
    return undefined;
  return bias.type.shape.length === 1 && shapeKey(bias.type.shape) === shapeKey(product.type.shape.slice(-1))
    ? bias
    : undefined;
}

export function isZero(node: Node): boolean {
  return isOp(node, "constant") && node.attrs.value === 0;
}

const elementwiseOps: ReadonlySet<OpName> = new Set<OpName>([
  ...([
    "neg",
    "abs",
    "sign",
    "exp",
    "log",
    "sqrt",
    "floor",
    "round",
    "sin",
    "cos",
    "acos",
    "tanh",
    "erf",
    "half",
  ] as const),
  ...(["not", "cast", "add", "sub", "mul", "div", "pow", "minimum", "maximum"] as const),
  ...(["less", "less_equal", "equal", "and", "or", "select"] as const),
]);

/** One result element from the elements at its place. */
export function isElementwise(node: Node): boolean {
  return elementwiseOps.has(node.op);
}

/** Rank 0, or all axes known to be 1. */
export function isScalar(node: Node): boolean {
  return node.type.shape.every((dim) => knownSize(dim) === 1);
}

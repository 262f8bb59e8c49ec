/**
 * How large a chunk is. The budget is shared: a quarter for what a loop body holds at its worst moment, half
 * for what is kept for later passes, the rest for running results and what kernels use inside. Bytes
 * are expressions of the free sizes; the same expressions are emitted, so that the plan and the run agree.
 */
import {
  type Bindings,
  type Dim,
  addDims,
  constantDim,
  sizeOfDim,
  substituteDim,
  subtractDims,
} from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { bytesOfValue, insideKernel } from "../bytes.ts";
import type { Region, RegionPass } from "../stream.ts";
import { type BodyStep, bodySteps, keepingsOf, readsOfStep, variantsOf, writesOfStep } from "./body-steps.ts";

export interface ChunkSizes {
  readonly chunk: number;
  /** How many chunks' values are kept between passes. */
  readonly keptChunks: number;
  /** Their bytes. */
  readonly kept: number;
}

/** Shares of the budget. */
export const bodyShare = 1 / 4;
export const keptShare = 1 / 2;

export function chunkSizes(region: Region, budgetBytes: number, bindings: Bindings): ChunkSizes {
  const classes = sizeOfDim(region.classes, bindings);
  const perClass = Math.max(1, ...bytesPerClass(region).map((bytes) => sizeOfDim(bytes, bindings)));
  const count = Math.max(1, Math.min(classes, Math.ceil((classes * perClass) / (budgetBytes * bodyShare))));
  const chunk = Math.max(1, Math.ceil(classes / count));
  const keptPerChunk = chunk * sizeOfDim(keptBytesPerClass(region), bindings);
  const chunks = Math.ceil(classes / chunk);
  const keptChunks =
    keptPerChunk === 0 ? 0 : Math.min(chunks, Math.floor((budgetBytes * keptShare) / keptPerChunk));
  return { chunk, keptChunks, kept: keptChunks * keptPerChunk };
}

/** What grows with each class of a chunk, one expression for each moment that could be the worst. */
export function bytesPerClass(region: Region): readonly Dim[] {
  return undominated(
    region.passes.flatMap((pass) => bodyMoments(region, pass)).map((dim) => perClass(dim, region.chunk)),
  );
}

export function keptBytesPerClass(region: Region): Dim {
  const bytes = keepingsOf(region).map(({ node }) => bytesOfValue(node));
  return perClass(bytes.reduce(addDims, constantDim(0)), region.chunk);
}

/** The most a pass's body holds at one time for a chunk, running results left out. */
export function bodyBytes(region: Region, pass: RegionPass, chunk: number, bindings: Bindings): number {
  const sizes = { ...bindings, [region.chunk]: chunk };
  return Math.max(0, ...bodyMoments(region, pass).map((dim) => sizeOfDim(dim, sizes)));
}

/** Bytes held while each step of the body runs, of each of its variants where the target has them. */
function bodyMoments(region: Region, pass: RegionPass): readonly Dim[] {
  const { limits } = region;
  const bodies = limits?.products === "chains" ? variantsOf(region, pass) : [{ pass }];
  return undominated(bodies.flatMap((body) => momentsOf(bodySteps(region, body.pass), limits)));
}

function momentsOf(steps: readonly BodyStep[], limits: Region["limits"]): readonly Dim[] {
  const last = new Map<Node, number>();
  steps.forEach((step, index) =>
    [...readsOfStep(step), ...writesOfStep(step)].forEach((node) => last.set(node, index)),
  );
  const live = new Set<Node>();
  let held = constantDim(0);
  return steps.flatMap((step, index) => {
    const touched = new Set([...readsOfStep(step), ...writesOfStep(step)]);
    for (const node of writesOfStep(step)) {
      live.add(node);
      held = addDims(held, bytesOfValue(node));
    }
    const moments = insideStep(step, limits).map((bytes) => addDims(held, bytes));
    for (const node of touched) {
      if (last.get(node) !== index || !live.delete(node)) continue;
      held = subtractDims(held, bytesOfValue(node));
    }
    return moments;
  });
}

/** What a step holds beside the live values, at each of its own moments. */
function insideStep(step: BodyStep, limits: Region["limits"]): readonly Dim[] {
  if (step.kind === "compute") return [insideKernel(step.kernel, limits).reduce(addDims, constantDim(0))];
  if (step.kind !== "recall" || limits?.products === "chains") return [constantDim(0)];
  const steps = step.again.map((kernel): BodyStep => ({ kind: "compute", kernel }));
  // The kept values are counted twice, here and with the live ones: an upper bound is enough.
  return [...momentsOf(steps, limits), constantDim(0)];
}

function perClass(dim: Dim, chunk: string): Dim {
  const at = (size: number): Dim =>
    substituteDim(dim, (name) => (name === chunk ? constantDim(size) : undefined));
  return subtractDims(at(1), at(0));
}

/** Without those that another one exceeds term by term. */
function undominated(dims: readonly Dim[]): readonly Dim[] {
  const distinct = [...new Map(dims.map((dim) => [dim.key, dim])).values()];
  return distinct.filter((dim) => !distinct.some((other) => other !== dim && dominates(other, dim)));
}

/** Sizes are not negative, so a difference whose terms are all positive is. */
function dominates(larger: Dim, smaller: Dim): boolean {
  return subtractDims(larger, smaller).terms.every(({ coefficient }) => coefficient > 0);
}

/**
 * A function's buffers and dispatches with all sizes known: how many elements each buffer holds, which buffers share
 * memory because their lives do not meet, how a region is cut into chunks. Pure arithmetic, so limits are
 * checked and the peak is known before a device allocates anything.
 */
import { type Sizes, sizeOf } from "../sizes.ts";
import { defaultBudgetBytes } from "./budget.ts";
import type {
  GpuBuffer,
  GpuDispatch,
  GpuFunction,
  GpuKernel,
  GpuRegion,
  Size,
  StoredType,
} from "./schedule.ts";
import { rowsPerShard, shardBytes } from "./shards.ts";

/** Offsets of bindings are multiples of this on every device. */
const alignment = 256;

export interface FunctionPlan {
  /** Bytes of each buffer of the function; a kept one counts all its slots. */
  readonly bytes: readonly number[];
  /** For values: the slot of memory each buffer lives in. Inputs, variables and constants have none. */
  readonly slots: readonly (number | undefined)[];
  /** Bytes of each slot. */
  readonly slotBytes: readonly number[];
  readonly chunks: readonly ChunkPlan[];
  /** Bytes of the largest binding of each buffer: one slot, or a shard where all kernels take it by its rows. */
  readonly boundBytes: readonly number[];
  /** What runs, in order, loops written out. */
  readonly runs: readonly Run[];
}

export interface ChunkPlan {
  readonly size: number;
  readonly count: number;
  readonly kept: number;
  /** Each chunk's first class, number of classes, and the class from which sliced buffers are bound. */
  readonly ranges: readonly ChunkRange[];
}

export interface ChunkRange {
  readonly first: number;
  readonly size: number;
  readonly base: number;
}

export interface Run {
  readonly dispatch: GpuDispatch;
  readonly groups: number;
  /** Of the region, where the dispatch is in a loop. */
  readonly chunk?: { readonly region: number; readonly index: number };
}

/**
 * `mostBytes` is what the device binds at once; larger variables are cut into shards. `budgetBytes` is what a streamed
 * region may hold.
 */
export function planFunction(
  fn: GpuFunction,
  kernels: readonly GpuKernel[],
  sizes: Sizes,
  mostBytes = Infinity,
  budgetBytes = defaultBudgetBytes,
): FunctionPlan {
  const slices = slicesOf(fn, kernels);
  const chunks = fn.regions.map((region, index) =>
    planChunks(region, sizes, cutsOf(fn, region, slices[index] ?? new Set(), sizes, mostBytes), budgetBytes),
  );
  const whole = withLargestChunks(fn, chunks, sizes);
  const bytes = fn.buffers.map((buffer) => bytesOf(buffer, chunks, whole));
  const { slots, slotBytes } = placeBuffers(fn, kernels, bytes);
  const boundBytes = largestBindings(fn, kernels, slices, chunks, bytes, sizes, mostBytes);
  return { bytes, slots, slotBytes, chunks, boundBytes, runs: runsOf(fn, chunks, sizes) };
}

/** Of each region, the variables that its kernels take by their rows. */
function slicesOf(fn: GpuFunction, kernels: readonly GpuKernel[]): readonly ReadonlySet<number>[] {
  const found = fn.regions.map(() => new Set<number>());
  for (const step of fn.steps) {
    if (step.kind === "dispatch") continue;
    for (const { kernel, buffers } of step.steps)
      buffers.forEach((buffer, binding) => {
        const variable = fn.buffers[buffer]?.kind === "variable";
        if (variable && kernels[kernel]?.sliced[binding] === true) found[step.region]?.add(buffer);
      });
  }
  return found;
}

/** Classes at which a shard of some variable begins, the first left out. */
function cutsOf(
  fn: GpuFunction,
  region: GpuRegion,
  variables: ReadonlySet<number>,
  sizes: Sizes,
  mostBytes: number,
): readonly number[] {
  const classes = settled(region.classes, sizes);
  const cuts = new Set<number>();
  for (const index of variables) {
    const { elements } = fn.buffers[index] ?? { elements: 0 };
    const each = rowsPerShard(settled(elements, sizes) * 4, classes, mostBytes);
    if (each !== undefined) for (let row = each; row < classes; row += each) cuts.add(row);
  }
  return [...cuts].sort((a, b) => a - b);
}

function largestBindings(
  fn: GpuFunction,
  kernels: readonly GpuKernel[],
  slices: readonly ReadonlySet<number>[],
  chunks: readonly ChunkPlan[],
  bytes: readonly number[],
  sizes: Sizes,
  mostBytes: number,
): readonly number[] {
  const wholes = new Set<number>();
  for (const step of fn.steps)
    for (const { kernel, buffers } of step.kind === "dispatch" ? [step] : step.steps)
      buffers.forEach((buffer, binding) => {
        if (kernels[kernel]?.sliced[binding] !== true) wholes.add(buffer);
      });
  return bytes.map((own, index) => {
    const info = fn.buffers[index];
    if (info?.kind === "kept") {
      const { chunk } = fn.regions[info.region] ?? { chunk: "" };
      return keptSlotBytes(
        info,
        settled(info.elements, { ...sizes, [chunk]: chunks[info.region]?.size ?? 1 }),
      );
    }
    const region = slices.findIndex((variables) => variables.has(index));
    const rows = settled(fn.regions[region]?.classes ?? 0, sizes);
    return wholes.has(index) || region < 0 ? own : Math.max(...shardBytes(own, rows, mostBytes));
  });
}

/** Bytes held while the function runs, inputs and variables left out. */
export function workingBytes(plan: FunctionPlan): number {
  return plan.slotBytes.reduce((total, bytes) => total + bytes, 0);
}

/** Bytes of one slot of a kept buffer. */
export function keptSlotBytes({ dtype }: Pick<GpuBuffer, "dtype">, elements: number): number {
  return Math.max(alignment, Math.ceil((elements * elementBytes(dtype)) / alignment) * alignment);
}

export function elementBytes(dtype: StoredType): number {
  return dtype === "f16" ? 2 : 4;
}

/** A size that the caller knows to be settled. */
export function settled(size: Size, sizes: Sizes): number {
  const value = sizeOf(size, sizes);
  if (value === undefined) throw new Error(`the size ${size} has no value`);
  return value;
}

/** The same arithmetic as the compiler's plan, so that both name the same peak. */
function planChunks(
  region: GpuRegion,
  sizes: Sizes,
  cuts: readonly number[],
  budgetBytes: number,
): ChunkPlan {
  const classes = settled(region.classes, sizes);
  // Rows that need nothing each are one chunk, however many they are.
  const perClass = Math.max(...region.bytesPerClass.map((bytes) => settled(bytes, sizes)));
  const wanted = Math.ceil((classes * perClass) / (budgetBytes * region.bodyShare));
  const size = Math.max(1, Math.ceil(classes / Math.max(1, Math.min(classes, wanted))));
  const ranges = rangesOf(classes, size, cuts);
  const count = ranges.length;
  const keptBytes = size * settled(region.keptBytesPerClass, sizes);
  const kept =
    keptBytes === 0 ? 0 : Math.min(count, Math.floor((budgetBytes * region.keptShare) / keptBytes));
  return { size, count, kept, ranges };
}

/** Chunks never lie across a cut. */
function rangesOf(classes: number, size: number, cuts: readonly number[]): readonly ChunkRange[] {
  return [0, ...cuts].flatMap((base, index) => {
    const end = cuts[index] ?? classes;
    return Array.from({ length: Math.ceil((end - base) / size) }, (_, chunk) => {
      const first = base + chunk * size;
      return { first, size: Math.min(size, end - first), base };
    });
  });
}

function withLargestChunks(fn: GpuFunction, chunks: readonly ChunkPlan[], sizes: Sizes): Sizes {
  return {
    ...sizes,
    ...Object.fromEntries(fn.regions.map(({ chunk }, index) => [chunk, chunks[index]?.size ?? 1])),
  };
}

/** A binding is never empty: of an empty value there is as much as the widest one takes for an element. */
function bytesOf(buffer: GpuBuffer, chunks: readonly ChunkPlan[], sizes: Sizes): number {
  const elements = settled(buffer.elements, sizes);
  if (buffer.kind !== "kept")
    return elements === 0 ? 16 : Math.ceil((elements * elementBytes(buffer.dtype)) / 4) * 4;
  const { kept } = chunks[buffer.region] ?? { kept: 0 };
  return Math.max(alignment, keptSlotBytes(buffer, elements) * kept);
}

function runsOf(fn: GpuFunction, chunks: readonly ChunkPlan[], sizes: Sizes): readonly Run[] {
  return fn.steps.flatMap((step): readonly Run[] => {
    if (step.kind === "dispatch") return [{ dispatch: step, groups: settled(step.groups, sizes) }];
    const { ranges = [], kept = 0 } = chunks[step.region] ?? {};
    const name = fn.regions[step.region]?.chunk ?? "";
    return ranges.flatMap(({ size }, index) =>
      step.steps
        .filter(({ when }) => when === "always" || (when === "kept") === index < kept)
        .map((dispatch) => ({
          dispatch,
          groups: settled(dispatch.groups, { ...sizes, [name]: size }),
          chunk: { region: step.region, index },
        })),
    );
  });
}

interface Life {
  from: number;
  to: number;
}

/**
 * Buffers whose lives do not meet share a slot. The largest come first and each takes the first slot that is free all its
 * life, so a slot never grows, and small values fill the gaps between large ones. What a loop reads from outside, and
 * what it adds up, lives as long as the loop.
 */
function placeBuffers(
  fn: GpuFunction,
  kernels: readonly GpuKernel[],
  bytes: readonly number[],
): { readonly slots: readonly (number | undefined)[]; readonly slotBytes: readonly number[] } {
  const slots: (number | undefined)[] = fn.buffers.map(() => undefined);
  const memory: { readonly bytes: number; readonly lives: Life[] }[] = [];
  const placed = [...livesOf(fn, kernels)].map(([buffer, life]) => ({
    buffer,
    life,
    bytes: bytes[buffer] ?? 4,
  }));
  for (const { buffer, life, bytes: needed } of placed.sort(
    (a, b) => b.bytes - a.bytes || a.life.from - b.life.from,
  )) {
    const free = memory.find(({ lives }) => lives.every((other) => !meet(life, other)));
    if (free === undefined) memory.push({ bytes: needed, lives: [life] });
    else free.lives.push(life);
    slots[buffer] = free === undefined ? memory.length - 1 : memory.indexOf(free);
  }
  return { slots, slotBytes: memory.map((slot) => slot.bytes) };
}

function meet(a: Life, b: Life): boolean {
  return a.from <= b.to && b.from <= a.to;
}

/** First and last step of every value; steps of loops are numbered where they stand. */
function livesOf(fn: GpuFunction, kernels: readonly GpuKernel[]): ReadonlyMap<number, Life> {
  const lives = new Map<number, Life>();
  const touch = (buffer: number, at: number): void => {
    const kind = fn.buffers[buffer]?.kind;
    if (kind !== "value" && kind !== "kept") return;
    const life = lives.get(buffer) ?? { from: at, to: at };
    lives.set(buffer, { from: Math.min(life.from, at), to: Math.max(life.to, at) });
  };
  let at = 0;
  for (const step of fn.steps) {
    const start = at;
    const dispatches = step.kind === "dispatch" ? [step] : step.steps;
    for (const dispatch of dispatches) {
      for (const buffer of dispatch.buffers) touch(buffer, at);
      at++;
    }
    if (step.kind === "chunks")
      for (const buffer of carriedBuffers(
        fn,
        kernels,
        dispatches,
        (each) => (lives.get(each)?.from ?? start) < start,
      )) {
        touch(buffer, start);
        touch(buffer, Math.max(start, at - 1));
      }
  }
  for (const { buffer } of fn.outputs) touch(buffer, at);
  return lives;
}

/** What outlives one turn of a loop: running totals, kept values, outer values, and what is read after the loop. */
function carriedBuffers(
  fn: GpuFunction,
  kernels: readonly GpuKernel[],
  dispatches: readonly GpuDispatch[],
  isOuter: (buffer: number) => boolean,
): readonly number[] {
  const touched = dispatches.flatMap(({ kernel, buffers }) =>
    buffers.map((buffer, index) => ({ buffer, access: kernels[kernel]?.access[index] ?? "read" })),
  );
  const readInside = new Set(touched.filter(({ access }) => access === "read").map(({ buffer }) => buffer));
  return touched
    .filter(
      ({ buffer, access }) =>
        access === "update" ||
        fn.buffers[buffer]?.kind === "kept" ||
        isOuter(buffer) ||
        !readInside.has(buffer),
    )
    .map(({ buffer }) => buffer);
}

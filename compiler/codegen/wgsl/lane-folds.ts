/**
 * Folds whose results several lanes share: each lane walks its elements, then the lanes of a result meet in their
 * workgroup. Neighbouring lanes read neighbouring elements, so the lanes of one result lie side by side when its elements
 * do ("rows") and apart when those of the next result lie beside them ("columns"). How many share one follows from
 * how few results there are: a card wants tens of thousands of invocations, and a long loop in one of them waits for
 * memory all the time.
 */
import { type Dim, multiplyDims } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import {
  type States,
  assignMerged,
  mergeInSubgroups,
  mergeInWorkgroup,
  subgroupPosition,
} from "./merge-lanes.ts";
import type { Monoid } from "./monoids.ts";
import type { Context } from "./scope.ts";
import { type Sink, groupsFor } from "./sink.ts";
import { declareState } from "./tile-folds.ts";

export interface LaneFold {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly monoids: readonly Monoid[];
  readonly results: Dim;
  /** Elements of a result. */
  readonly length: Dim;
  readonly layout: "rows" | "columns";
  /** What element `k` of a result brings. */
  readonly states: (context: Context, result: string, k: string) => States;
  /** Takes the whole of a result. */
  readonly store: (context: Context, result: string, states: States) => void;
}

export function emitLaneFold(sink: Sink, fold: LaneFold): void {
  emitRanges(sink, fold, lanesFor(sink, fold), fold.results, ({ writer }, slot) => ({
    result: slot,
    from: "0u",
    to: writer.size(fold.length),
  }));
}

/** So many elements of a result are folded by themselves; as many as there are where one dispatch is right. */
export function partLength(
  { guess, style }: Sink,
  fold: Pick<LaneFold, "results" | "length" | "layout">,
): number | undefined {
  const length = guess(fold.length);
  const lanes = lanesFor({ guess, style }, fold);
  const invocations = guess(fold.results) * lanes;
  const wanted = style === "invocation" ? longestPart : powerOfTwo((length * invocations) / busyInvocations);
  const part = Math.min(longestPart, Math.max(32 * lanes, wanted));
  return length > 2 * part ? part : undefined;
}

/** The parts of a long fold: slot `part * results + result` holds one part of a result. */
export function emitPartsOfFold(sink: Sink, fold: LaneFold, part: number): void {
  const slots = multiplyDims(groupsFor(fold.length, part), fold.results);
  emitRanges(sink, fold, lanesFor(sink, fold), slots, ({ writer }, slot) => {
    const results = writer.size(fold.results);
    const from = writer.index(`${slot} / ${results} * ${part}u`, "from");
    const to = writer.index(`min(${from} + ${part}u, ${writer.size(fold.length)})`, "to");
    return { result: writer.index(`${slot} % ${results}`, "result"), from, to };
  });
}

/** Sums of more elements than this lose digits that a second stage keeps. */
const longestPart = 4096;

/** Half of what a large card holds at a time. */
const busyInvocations = 2 ** 16;

/** Lanes that share one result, a power of two; one for short folds. */
function lanesFor(
  { guess, style }: Pick<Sink, "guess" | "style">,
  { results, length, layout }: Pick<LaneFold, "results" | "length" | "layout">,
): number {
  const size = guess(length);
  if (size <= 16 || style === "invocation") return 1;
  const wanted = powerOfTwo(busyInvocations / guess(results));
  if (layout === "columns") return Math.max(8, Math.min(32, wanted, powerOfTwo(size / 4)));
  return Math.max(size <= 64 ? 16 : 64, Math.min(256, wanted, powerOfTwo(size / 16)));
}

/** The largest that is not more; 1 at least. */
function powerOfTwo(size: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(size)));
}

interface Range {
  readonly result: string;
  readonly from: string;
  readonly to: string;
}

function emitRanges(
  sink: Sink,
  fold: LaneFold,
  lanes: number,
  slots: Dim,
  rangeOf: (context: Context, slot: string) => Range,
): void {
  const { monoids, layout } = fold;
  const workgroupSize = lanes === 1 ? 64 : 256;
  const perGroup = workgroupSize / lanes;
  sink.kernel({ name: fold.name, nodes: fold.nodes, workgroupSize }, (context) => {
    const { writer } = context;
    const inSubgroups = sink.capabilities.subgroups && lanes > 1 && layout === "rows";
    if (inSubgroups) writer.push({ kind: "let", name: "position", value: subgroupPosition });
    const number = inSubgroups ? "position" : "lane";
    const [within, lane] =
      layout === "rows"
        ? [`${number} / ${lanes}u`, `${number} % ${lanes}u`]
        : [`lane % ${perGroup}u`, `lane / ${perGroup}u`];
    writer.push({ kind: "let", name: "slot", value: `group * ${perGroup}u + ${within}` });
    writer.push({ kind: "let", name: "share", value: lane });
    const states = monoids.map(({ types }, index) => types.map((_, part) => `state${index}_${part}_`));
    monoids.forEach((monoid, index) => declareState(context, monoid, states[index] ?? []));
    writer.when(`slot < ${writer.size(slots)}`, () => {
      const { result, from, to } = rangeOf(context, "slot");
      writer.loop("k", from === "0u" ? "share" : `${from} + share`, to, `${lanes}u`, (k) => {
        const brought = fold.states(context, result, k);
        monoids.forEach((monoid, index) =>
          assignMerged(context, monoid, states[index] ?? [], brought[index] ?? []),
        );
      });
    });
    const sharing = {
      monoids,
      states,
      count: lanes,
      distance: layout === "rows" ? 1 : perGroup,
      workgroupSize,
    };
    if (inSubgroups) mergeInSubgroups(context, number, sharing);
    else if (lanes > 1) mergeInWorkgroup(context, sharing);
    writer.when(`share == 0u && slot < ${writer.size(slots)}`, () => fold.store(context, "slot", states));
    return groupsFor(slots, perGroup);
  });
}

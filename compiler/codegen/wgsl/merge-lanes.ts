/**
 * How the lanes that share a result become one. In workgroup memory they halve until one is left. Where kernels may use
 * subgroups, lanes that lie side by side exchange their states without memory, and only the subgroups meet in
 * workgroup memory. The size of a subgroup is known when the kernel runs; any power of two is right.
 */
import type { Monoid } from "./monoids.ts";
import type { Context } from "./scope.ts";

/** Takes `other` into the variables of `state`. */
export function assignMerged(
  { writer }: Context,
  monoid: Monoid,
  state: readonly string[],
  other: readonly string[],
): void {
  const merged = monoid.merge(writer, state, other);
  const names = merged.map(
    (text, index) => writer.let({ text, type: monoid.types[index] ?? "f32" }, "next").text,
  );
  names.forEach((value, index) => writer.push({ kind: "assign", target: state[index] ?? "", value }));
}

export interface Lanes {
  readonly state: readonly string[];
  /** How many share a result, a power of two; `share` says which of them a lane is. */
  readonly count: number;
  /** From one lane of a result to the next. */
  readonly distance: number;
  readonly workgroupSize: number;
  /** Begins the names of the arrays that they meet in. */
  readonly memory: string;
}

/** Lane 0 of each result ends with the whole. */
export function mergeInWorkgroup(context: Context, monoid: Monoid, lanes: Lanes): void {
  const { writer } = context;
  const { state, count, distance } = lanes;
  shareStates(context, monoid, lanes);
  putState(context, lanes, "lane");
  for (let left = count / 2; left >= 1; left /= 2) {
    writer.push({ kind: "barrier" });
    writer.when(`share < ${left}u`, () => {
      const other = sharedState(context, monoid, lanes, `lane + ${left * distance}u`);
      assignMerged(context, monoid, state, other);
      putState(context, lanes, "lane");
    });
  }
}

/** The number of a lane such that those of one subgroup lie side by side, for any way a device makes subgroups. */
export const subgroupPosition = "subgroup * subgroup_lanes + subgroup_lane";

/** Of any device. */
const largestSubgroup = 128;

/** The same for lanes side by side, whose numbers are `position`: by `subgroupPosition`. */
export function mergeInSubgroups(context: Context, monoid: Monoid, position: string, lanes: Lanes): void {
  const { writer } = context;
  const { state, count } = lanes;
  writer.enable("subgroups");
  for (let apart = 1; apart < Math.min(count, largestSubgroup); apart *= 2)
    writer.when(`${apart}u < subgroup_lanes`, () => {
      const other = state.map(
        (value, index) =>
          writer.let(
            { text: `subgroupShuffleXor(${value}, ${apart}u)`, type: monoid.types[index] ?? "f32" },
            "other",
          ).text,
      );
      assignMerged(context, monoid, state, other);
    });
  shareStates(context, monoid, lanes);
  putState(context, lanes, position);
  writer.push({ kind: "barrier" });
  writer.when("share == 0u", () =>
    writer.loop("next", "subgroup_lanes", `${count}u`, "subgroup_lanes", (next) =>
      assignMerged(context, monoid, state, sharedState(context, monoid, lanes, `${position} + ${next}`)),
    ),
  );
}

function shareStates({ writer }: Context, monoid: Monoid, { memory, workgroupSize }: Lanes): void {
  monoid.types.forEach((type, part) => writer.shared(`${memory}${part}`, type, workgroupSize));
}

function putState({ writer }: Context, { memory, state }: Lanes, index: string): void {
  state.forEach((value, part) =>
    writer.push({ kind: "storeShared", array: `${memory}${part}`, index, value }),
  );
}

function sharedState(
  { writer }: Context,
  monoid: Monoid,
  { memory }: Lanes,
  index: string,
): readonly string[] {
  return monoid.types.map(
    (type, part) => writer.let({ text: `${memory}${part}[${index}]`, type }, "other").text,
  );
}

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

/** The numbers of a state for each of several monoids. */
export type States = readonly (readonly string[])[];

export interface Lanes {
  readonly monoids: readonly Monoid[];
  /** The variables of each lane. */
  readonly states: States;
  /** How many share a result, a power of two; `share` says which of them a lane is. */
  readonly count: number;
  /** From one lane of a result to the next. */
  readonly distance: number;
  readonly workgroupSize: number;
}

/** Lane 0 of each result ends with the whole. */
export function mergeInWorkgroup(context: Context, lanes: Lanes): void {
  const { writer } = context;
  const { count, distance } = lanes;
  shareStates(context, lanes);
  putStates(context, lanes, "lane");
  for (let left = count / 2; left >= 1; left /= 2) {
    writer.push({ kind: "barrier" });
    writer.when(`share < ${left}u`, () => {
      takeShared(context, lanes, `lane + ${left * distance}u`);
      putStates(context, lanes, "lane");
    });
  }
}

/** The number of a lane such that those of one subgroup lie side by side, for any way a device makes subgroups. */
export const subgroupPosition = "subgroup * subgroup_lanes + subgroup_lane";

/** Of any device. */
const largestSubgroup = 128;

/** The same for lanes side by side, whose numbers are `position`: by `subgroupPosition`. */
export function mergeInSubgroups(context: Context, position: string, lanes: Lanes): void {
  const { writer } = context;
  const { monoids, states, count } = lanes;
  writer.enable("subgroups");
  for (let apart = 1; apart < Math.min(count, largestSubgroup); apart *= 2)
    writer.when(`${apart}u < subgroup_lanes`, () =>
      monoids.forEach((monoid, index) => {
        const other = monoid.types.map((type, part) => {
          const text = `subgroupShuffleXor(${states[index]?.[part]}, ${apart}u)`;
          return writer.let({ text, type }, "other").text;
        });
        assignMerged(context, monoid, states[index] ?? [], other);
      }),
    );
  shareStates(context, lanes);
  putStates(context, lanes, position);
  writer.push({ kind: "barrier" });
  writer.when("share == 0u", () =>
    writer.loop("next", "subgroup_lanes", `${count}u`, "subgroup_lanes", (next) =>
      takeShared(context, lanes, `${position} + ${next}`),
    ),
  );
}

const arrayOf = (index: number, part: number): string => `shared${index}_${part}`;

function shareStates({ writer }: Context, { monoids, workgroupSize }: Lanes): void {
  monoids.forEach(({ types }, index) =>
    types.forEach((type, part) => writer.shared(arrayOf(index, part), type, workgroupSize)),
  );
}

function putStates({ writer }: Context, { states }: Lanes, at: string): void {
  states.forEach((state, index) =>
    state.forEach((value, part) =>
      writer.push({ kind: "storeShared", array: arrayOf(index, part), index: at, value }),
    ),
  );
}

/** Takes in what another lane left. */
function takeShared(context: Context, { monoids, states }: Lanes, at: string): void {
  const { writer } = context;
  monoids.forEach((monoid, index) => {
    const other = monoid.types.map(
      (type, part) => writer.let({ text: `${arrayOf(index, part)}[${at}]`, type }, "other").text,
    );
    assignMerged(context, monoid, states[index] ?? [], other);
  });
}

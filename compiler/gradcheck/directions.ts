/**
 * The directions along which slopes are compared: everything together, each leaf by itself in a random direction, and a
 * few elements of each one by one. The first says whether anything is wrong; the rest say where.
 */
import type { Node } from "../ir/node.ts";
import type { Feeds } from "../reference.ts";
import { normalNumbers } from "../../runtime/random.ts";

/** How far each leaf moves, by its name; leaves that are not named stay where they are. */
export type Steps = ReadonlyMap<string, Float64Array>;

export interface Direction {
  /** For people: "everything", "W, all together", "W[2]". */
  readonly name: string;
  readonly by: Steps;
}

const singleElements = 3;

export function directionsOf(
  leaves: readonly Node<"input" | "parameter">[],
  feeds: Feeds,
  seed: number,
): readonly Direction[] {
  const random = new Map(
    leaves.flatMap(({ attrs: { name } }, site) => {
      const count = feeds[name]?.data.length ?? 0;
      return count === 0 ? [] : [[name, Float64Array.from(normalNumbers(seed, 1, site, count))] as const];
    }),
  );
  const apart = [...random].flatMap(([leaf, by]) => ofLeaf(leaf, by));
  return random.size > 1 ? [{ name: "everything", by: scaledTo(random) }, ...apart] : apart;
}

/** `count` of the directions, the first one and others at equal distances. */
export function spreadOver(directions: readonly Direction[], count: number): readonly Direction[] {
  return Array.from(
    { length: count },
    (_, k) => directions[Math.floor((k * directions.length) / count)],
  ).filter((direction) => direction !== undefined);
}

function ofLeaf(leaf: string, all: Float64Array): readonly Direction[] {
  const count = all.length;
  const picked = Array.from({ length: Math.min(singleElements, count) }, (_, k) =>
    Math.floor(((k + 0.5) * count) / Math.min(singleElements, count)),
  );
  return [
    ...(count > 1 ? [{ name: `${leaf}, all together`, by: new Map([[leaf, all]]) }] : []),
    ...picked.map((at) => ({
      name: `${leaf}[${at}]`,
      by: new Map([[leaf, all.map((_, k) => (k === at ? 1 : 0))]]),
    })),
  ];
}

/** Moved together, many leaves bend the value more than one does: each moves a little less. */
function scaledTo(steps: Steps): Steps {
  const factor = 1 / Math.sqrt(steps.size);
  return new Map([...steps].map(([leaf, by]) => [leaf, by.map((v) => v * factor)]));
}

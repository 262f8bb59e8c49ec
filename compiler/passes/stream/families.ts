/**
 * Sets of places that grow into each other. Places are the axes of a graph's values; which of
 * them belong together is for the callers to say.
 */
import type { Node } from "../../ir/node.ts";

export interface Place {
  readonly node: Node;
  readonly axis: number;
}

export interface Families {
  /** The same number for places that have been joined. */
  readonly of: (place: Place) => number;
  readonly join: (a: Place, b: Place) => void;
}

export function noFamilies(): Families {
  const parents = new Map<number, number>();
  const root = (key: number): number => {
    let at = key;
    for (let up = parents.get(at); up !== undefined; up = parents.get(at)) at = up;
    if (at !== key) parents.set(key, at);
    return at;
  };
  return {
    of: (place) => root(keyOf(place)),
    join: (one, other) => {
      const [a, b] = [root(keyOf(one)), root(keyOf(other))];
      if (a !== b) parents.set(Math.max(a, b), Math.min(a, b));
    },
  };
}

/** Ranks stay far below this. */
const maximalRank = 64;

function keyOf({ node, axis }: Place): number {
  return node.id * maximalRank + axis;
}

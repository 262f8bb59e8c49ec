/** What the loops over vectors are put together from: addresses that advance, and counts that go down. */
import {
  type Code,
  get,
  i32Add,
  i32Const,
  i32GreaterEqual,
  i32Sub,
  set,
  vectorOps,
  whileLoop,
} from "./assembler.ts";

/** Adds to an address. */
export function advance(local: number, by: Code): Code {
  return [...get(local), ...by, ...i32Add, ...set(local)];
}

/** Runs `body` as often as a local says, which is 0 then. */
export function times(count: number, body: Code): Code {
  return whileLoop(get(count), [...body, ...down(count, 1)]);
}

/** Counts down by four while there are four, then by one. */
export function loopOver(count: number, many: Code, one: Code): Code {
  return [...whileAtLeast(count, 4, many), ...times(count, one)];
}

/** Repeats `body` for so many elements each time, as long as there are so many. */
export function whileAtLeast(count: number, elements: number, body: Code): Code {
  return whileLoop(
    [...get(count), ...i32Const(elements), ...i32GreaterEqual],
    [...body, ...down(count, elements)],
  );
}

function down(count: number, by: number): Code {
  return [...get(count), ...i32Const(by), ...i32Sub, ...set(count)];
}

/**
 * Elements that lie side by side and are worked on together: several vectors, one, or less than one.
 * Several, since an addition waits for the one before it in the same lane, and those of other vectors go in between.
 */
export interface Block {
  readonly elements: number;
  readonly vectors: readonly number[];
  /** Of the vector `index` of the block that begins at an address on the stack. */
  readonly load: (index: number) => Code;
  readonly store: (index: number) => Code;
}

const blocks: readonly Block[] = [
  { elements: 16, vectors: [0, 1, 2, 3], load: vectorOps.loadAt, store: vectorOps.storeAt },
  { elements: 8, vectors: [0, 1], load: vectorOps.loadAt, store: vectorOps.storeAt },
  { elements: 4, vectors: [0], load: vectorOps.loadAt, store: vectorOps.storeAt },
  { elements: 2, vectors: [0], load: () => vectorOps.loadTwo32, store: () => vectorOps.storeTwo32 },
  { elements: 1, vectors: [0], load: () => vectorOps.loadOne32, store: () => vectorOps.storeOne32 },
];

/** In how many blocks so many elements are gone over. */
export function countBlocks(elements: number): number {
  let [left, count] = [elements, 0];
  for (const block of blocks) {
    count += Math.floor(left / block.elements);
    left %= block.elements;
  }
  return count;
}

/** Goes over `count` elements by blocks, the widest first. */
export function loopOverBlocks(count: number, body: (block: Block) => Code): Code {
  return blocks.flatMap((block) => whileAtLeast(count, block.elements, body(block)));
}

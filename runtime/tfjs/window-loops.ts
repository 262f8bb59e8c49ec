/**
 * SIMD loops over images [H, W, K], channels by blocks of vectors: the gradients of pooling a row of windows at a time,
 * what one tap of a filter multiplies, summed in registers, and pixels put apart. Addresses and distances are in bytes.
 */
import {
  type Code,
  type FunctionDefinition,
  floats,
  get,
  i32Const,
  i32Splat,
  integers,
  set,
  vectorOps,
} from "./assembler.ts";
import { type Block, advance, loopOver, loopOverBlocks, times } from "./loop-code.ts";

/**
 * Adds the adjoints of `windows` windows side by side to the elements of an image. `image` and `result` are the corners
 * of the first; `step` leads from the end of one's channels to the next one, `line` from the end of its row to the next.
 */
export type PoolLoop = (
  image: number,
  result: number,
  pooled: number,
  adjoint: number,
  windows: number,
  step: number,
  rows: number,
  columns: number,
  area: number,
  pixel: number,
  line: number,
  channels: number,
) => void;

/**
 * result[k] += Σ x[row, column, k] · y[row, column, k] for `outs` channels k; or result[i, k] += Σ x[row, column, i] ·
 * y[row, column, k] for `ins` channels i too. `columnX` leads from one column to the next, `rowX` from behind the last
 * column to the next row.
 */
export type TapLoop = (
  x: number,
  columnX: number,
  rowX: number,
  y: number,
  columnY: number,
  rowY: number,
  rows: number,
  columns: number,
  result: number,
  ins: number,
  outs: number,
) => void;

/** Copies `pixels` pixels that lie side by side to places with `gap` bytes between them. */
export type SpreadLoop = (from: number, to: number, gap: number, pixels: number, channels: number) => void;

export interface WindowLoops {
  readonly spread: SpreadLoop;
  /** Each adjoint to the first element of its window that equals the largest; where none does, to the first. */
  readonly maxPoolGradient: PoolLoop;
  readonly avgPoolGradient: PoolLoop;
  /** Channel by channel, and each channel with each. */
  readonly tap: { readonly own: TapLoop; readonly all: TapLoop };
}

export function windowDefinitions(): readonly FunctionDefinition[] {
  return [
    poolDefinition("window.maxPool", firstLargest),
    poolDefinition("window.avgPool", evenShares),
    spreadDefinition(),
    tapDefinition("tap.own"),
    tapDefinition("tap.all"),
  ];
}

/** What a pooling does before, at each element of and after a window, for as many channels as are loaded. */
interface Spread {
  readonly before: (load: Code) => Code;
  readonly each: (load: Code, store: Code) => Code;
  readonly after: (load: Code, store: Code) => Code;
}

const [image, result, pooled, adjoint, windows, step, rows, columns, area, pixel, line, channels] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
];
const [from, to, rowsLeft, columnsLeft, channelsLeft] = [12, 13, 14, 15, 16];
const [share, largest, open, hit] = [17, 18, 19, 20];

/** Adds the vector that `what` leaves to what lies at an address. */
const addTo = (address: number, load: Code, store: Code, what: Code): Code => [
  ...[...get(address), ...get(address), ...load, ...what, ...floats.add, ...store],
];

const firstLargest: Spread = {
  before: (load) => [
    ...[...get(adjoint), ...load, ...set(share)],
    ...[...get(pooled), ...load, ...set(largest)],
    ...[...i32Splat(-1), ...set(open)],
  ],
  each: (load, store) => [
    ...[...get(from), ...load, ...get(largest), ...floats.equal, ...get(open), ...vectorOps.and, ...set(hit)],
    ...[...get(open), ...get(hit), ...vectorOps.andNot, ...set(open)],
    ...addTo(to, load, store, [...get(hit), ...get(share), ...vectorOps.and]),
  ],
  // Only a NaN equals nothing in its window; the first element stands for it.
  after: (load, store) => addTo(result, load, store, [...get(open), ...get(share), ...vectorOps.and]),
};

const evenShares: Spread = {
  before: (load) => [
    ...[...get(adjoint), ...load, ...get(area), ...integers.splat, ...floats.fromInteger, ...floats.div],
    ...set(share),
  ],
  each: (load, store) => addTo(to, load, store, get(share)),
  after: () => [],
};

function poolDefinition(name: string, { before, each, after }: Spread): FunctionDefinition {
  const part = (load: Code, store: Code, elements: number): Code => [
    ...before(load),
    ...[...get(image), ...set(from), ...get(result), ...set(to), ...get(rows), ...set(rowsLeft)],
    ...times(rowsLeft, [
      ...[...get(columns), ...set(columnsLeft)],
      ...times(columnsLeft, [
        ...each(load, store),
        ...[from, to].flatMap((local) => advance(local, get(pixel))),
      ]),
      ...[from, to].flatMap((local) => advance(local, get(line))),
    ]),
    ...after(load, store),
    ...[image, result, pooled, adjoint].flatMap((local) => advance(local, i32Const(4 * elements))),
  ];
  const body = times(windows, [
    ...[...get(channels), ...set(channelsLeft)],
    ...loopOver(
      channelsLeft,
      part(vectorOps.load, vectorOps.store, 4),
      part(vectorOps.loadOne32, vectorOps.storeOne32, 1),
    ),
    ...[image, result].flatMap((local) => advance(local, get(step))),
  ]);
  return { name, parameters: 12, counters: 5, vectors: 4, body };
}

function tapDefinition(name: "tap.own" | "tap.all"): FunctionDefinition {
  const [x, columnX, rowX, y, columnY, rowY, height, width, sums, ins, outs] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ];
  const [atX, atY, blockY, down, across, count] = [11, 12, 13, 14, 15, 16];
  const factor = 17;
  const total = (index: number): number => 18 + index;
  const all = name === "tap.all";
  const block = ({ elements, vectors, load, store }: Block): Code => [
    ...vectors.flatMap((index) => [...i32Splat(0), ...set(total(index))]),
    ...[...get(x), ...set(atX), ...get(blockY), ...set(atY), ...get(height), ...set(down)],
    ...times(down, [
      ...[...get(width), ...set(across)],
      ...times(across, [
        ...(all ? [...get(atX), ...vectorOps.loadSplat32, ...set(factor)] : []),
        ...vectors.flatMap((index) => [
          ...get(total(index)),
          ...(all ? get(factor) : [...get(atX), ...load(index)]),
          ...[...get(atY), ...load(index), ...floats.mul, ...floats.add, ...set(total(index))],
        ]),
        ...[...advance(atX, get(columnX)), ...advance(atY, get(columnY))],
      ]),
      ...[...advance(atX, get(rowX)), ...advance(atY, get(rowY))],
    ]),
    ...vectors.flatMap((index) => [
      ...[...get(sums), ...get(sums), ...load(index)],
      ...[...get(total(index)), ...floats.add, ...store(index)],
    ]),
    ...(all ? [blockY, sums] : [x, blockY, sums]).flatMap((local) => advance(local, i32Const(4 * elements))),
  ];
  const body = times(ins, [
    ...[...get(y), ...set(blockY), ...get(outs), ...set(count)],
    ...loopOverBlocks(count, block),
    ...(all ? advance(x, i32Const(4)) : []),
  ]);
  return { name, parameters: 11, counters: 6, vectors: 5, body };
}

function spreadDefinition(): FunctionDefinition {
  const [source, target, gap, pixels, size, count] = [0, 1, 2, 3, 4, 5];
  const block = ({ elements, vectors, load, store }: Block): Code => [
    ...vectors.flatMap((index) => [...get(target), ...get(source), ...load(index), ...store(index)]),
    ...[source, target].flatMap((local) => advance(local, i32Const(4 * elements))),
  ];
  const body = times(pixels, [
    ...[...get(size), ...set(count)],
    ...loopOverBlocks(count, block),
    ...advance(target, get(gap)),
  ]);
  return { name: "window.spread", parameters: 5, counters: 1, vectors: 0, body };
}

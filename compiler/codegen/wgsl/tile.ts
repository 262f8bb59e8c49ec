/**
 * The sizes of tiles, and how the invocations of a workgroup share one: each has a block of rows that lie side by side and
 * of quads of columns that lie as far apart as its neighbours' reach.
 */
export interface Tile {
  /** Of the result, and how much of the depth is staged at a time; multiples of four. */
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** What one invocation keeps: rows side by side, and columns in quads that lie as far apart as its neighbours' do. */
  readonly blockRows: number;
  readonly blockColumns: 4 | 8;
}

export const tiles = {
  huge: { rows: 128, columns: 128, depth: 8, blockRows: 8, blockColumns: 8 },
  large: { rows: 128, columns: 64, depth: 8, blockRows: 8, blockColumns: 8 },
  square: { rows: 64, columns: 64, depth: 16, blockRows: 4, blockColumns: 4 },
  high: { rows: 128, columns: 32, depth: 16, blockRows: 8, blockColumns: 4 },
  broad: { rows: 32, columns: 128, depth: 16, blockRows: 4, blockColumns: 8 },
  tall: { rows: 128, columns: 16, depth: 16, blockRows: 4, blockColumns: 4 },
  wide: { rows: 16, columns: 128, depth: 16, blockRows: 4, blockColumns: 4 },
  small: { rows: 32, columns: 32, depth: 16, blockRows: 4, blockColumns: 4 },
} as const satisfies Readonly<Record<string, Tile>>;

export type TileName = keyof typeof tiles;

export const tileNames = Object.keys(tiles) as readonly TileName[];

export const components = ["x", "y", "z", "w"] as const;

export function invocationsOf(tile: Tile): number {
  return (tile.rows / tile.blockRows) * lanesAcross(tile);
}

/** Invocations that share the rows of a block. */
export function lanesAcross({ columns, blockColumns }: Tile): number {
  return columns / blockColumns;
}

/** The column of a block's element (i, j) within its tile: neighbours have neighbouring quads. */
export function columnInTile(tile: Tile, j: number): string {
  return `blockColumn * 4u + ${Math.floor(j / 4) * lanesAcross(tile) * 4 + (j % 4)}u`;
}

/** The quad number `quad` of a block's row i, as it is added up. */
export function sumOf(i: number, quad: number): string {
  return `sum_${i}_${quad}`;
}

/** A block's element (i, j) of it. */
export function elementOfSum(i: number, j: number): string {
  return `${sumOf(i, Math.floor(j / 4))}.${components[j % 4]}`;
}

export function eachQuad(tile: Tile, visit: (i: number, quad: number) => void): void {
  for (let i = 0; i < tile.blockRows; i++)
    for (let quad = 0; quad < tile.blockColumns / 4; quad++) visit(i, quad);
}

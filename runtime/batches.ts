/**
 * The order in which a run sees its rows. Each epoch is a permutation that depends on nothing but
 * (seed, epoch), so a position is two numbers and a resumed run goes on exactly where it stopped. The
 * last batch of an epoch is whatever is left.
 */
import { threefry2x32 } from "./random.ts";

/** The next batch to run: `batch` counts from 0 within its epoch. */
export interface Position {
  readonly epoch: number;
  readonly batch: number;
}

/** The permutation of one epoch, by Fisher and Yates with the run's counter generator. */
export function epochOrder(seed: number, epoch: number, rows: number): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  const key = threefry2x32([seed | 0, epoch | 0], [shuffleSite, shuffleSite]);
  for (let last = rows - 1; last > 0; last--) {
    const [word] = threefry2x32(key, [last, 0]);
    const other = Math.floor((word / 2 ** 32) * (last + 1));
    const kept = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = kept;
  }
  return order;
}

/** The rows of each class, in the order given; classes in the order in which they come up. */
export function rowsByClass(
  rows: Iterable<number>,
  labels: ArrayLike<number>,
): ReadonlyMap<number, readonly number[]> {
  const classes = new Map<number, number[]>();
  for (const row of rows) {
    const label = labels[row] ?? 0;
    const known = classes.get(label);
    if (known === undefined) classes.set(label, [row]);
    else known.push(row);
  }
  return classes;
}

/**
 * The same rows with those of one class together, so many at a time: where a row comes up, the next ones of its class
 * come along. So a batch holds several rows of each of its classes, and an epoch still every row once.
 */
export function groupedByClass(order: Int32Array, labels: ArrayLike<number>, perClass: number): Int32Array {
  const classes = rowsByClass(order, labels);
  const placed = new Map<number, number>();
  const grouped = new Int32Array(order.length);
  const isPlaced = new Uint8Array(order.length);
  let at = 0;
  for (const row of order) {
    if (isPlaced[row] === 1) continue;
    const label = labels[row] ?? 0;
    const from = placed.get(label) ?? 0;
    for (const next of classes.get(label)?.slice(from, from + perClass) ?? []) {
      isPlaced[next] = 1;
      grouped[at++] = next;
    }
    placed.set(label, from + perClass);
  }
  return grouped;
}

/** No operation of a program has this site: shuffling shares no numbers with dropout or initialisers. */
const shuffleSite = -1;

/** Batches of an epoch, the last of which may be short. */
export function batchesPerEpoch(rows: number, batch: number): number {
  return Math.ceil(rows / batch);
}

/** Rows of one batch of an epoch's order; the last one may be shorter. */
export function batchRows(order: Int32Array, batch: number, index: number): readonly number[] {
  return Array.from(order.subarray(index * batch, (index + 1) * batch));
}

/** The position after one of so many batches an epoch. */
export function nextPosition(position: Position, batches: number): Position {
  return position.batch + 1 < batches
    ? { epoch: position.epoch, batch: position.batch + 1 }
    : { epoch: position.epoch + 1, batch: 0 };
}

/** At most `count` of `length` places, evenly spread and rising. */
export function spreadPlaces(length: number, count: number): readonly number[] {
  const kept = Math.min(length, count);
  return Array.from({ length: kept }, (_, at) => Math.floor((at * length) / kept));
}

/** Rows in file order, for evaluation. */
export function* consecutiveRows(rows: number, batch: number): Generator<readonly number[]> {
  for (let from = 0; from < rows; from += batch)
    yield Array.from({ length: Math.min(batch, rows - from) }, (_, at) => from + at);
}

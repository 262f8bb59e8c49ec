/** Cosines between all pairs of rows, as verification and retrieval compare them. */
import type { HostTensor } from "../../runtime/program.ts";

/** Rows whose pairs are compared within a second: so many multiplications, and so many cosines to sort. */
export function comparableRows(width: number): number {
  return Math.floor(Math.sqrt(2 * Math.min(pairLimit, workLimit / width)));
}

const workLimit = 5e8;
const pairLimit = 4e6;

/** Each row at length 1; one of length 0, or of no length, becomes 0 and is at a right angle to every other. */
export function unitRows({ shape, data }: HostTensor): HostTensor {
  const rows = shape[0] ?? 0;
  const width = rows === 0 ? 0 : data.length / rows;
  const units = new Float32Array(data.length);
  for (let from = 0; from < data.length; from += width) {
    let square = 0;
    for (let i = from; i < from + width; i++) square += (data[i] ?? 0) ** 2;
    const length = Math.sqrt(square);
    if (!(length > 0 && Number.isFinite(length))) continue;
    for (let i = from; i < from + width; i++) units[i] = (data[i] ?? 0) / length;
  }
  return { dtype: "f32", shape: [rows, width], data: units };
}

/** Of two rows of length 1: their cosine. */
export function dot(
  data: HostTensor["data"],
  a: number,
  width: number,
  others: HostTensor["data"],
  b: number,
): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += (data[a + i] ?? 0) * (others[b + i] ?? 0);
  return Math.min(1, Math.max(-1, sum));
}

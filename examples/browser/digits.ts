/** The digits that the build packed, as datasets: most to train on, the last thousand to look at. */
import { type Dataset, type RuntimeFault, datasetOf } from "margo-lang/runtime";

export interface Digits {
  readonly training: Dataset | RuntimeFault;
  readonly shown: Dataset | RuntimeFault;
}

const pixels = 28 * 28;
const shownRows = 1000;

/** Throws when the file is missing or cut off. */
export async function loadDigits(url: URL): Promise<Digits> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new Error(`the digits are not at ${url.pathname}`);
  const unpacked = response.body.pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(unpacked).arrayBuffer());
  const rows = bytes.length / (pixels + 1);
  const at = rows - shownRows;
  return { training: datasetOfRows(bytes, 0, at), shown: datasetOfRows(bytes, at, rows) };
}

function datasetOfRows(bytes: Uint8Array, from: number, to: number): Dataset | RuntimeFault {
  const features = new Uint8Array((to - from) * pixels);
  const labels = new Uint8Array(to - from);
  for (let row = from; row < to; row++) {
    const start = row * (pixels + 1);
    features.set(bytes.subarray(start, start + pixels), (row - from) * pixels);
    labels[row - from] = bytes[start + pixels] ?? 0;
  }
  return datasetOf({
    source: "digits.bin",
    features,
    labels,
    shape: [28, 28, 1],
    classes: 10,
    mean: 33,
    std: 79,
  });
}

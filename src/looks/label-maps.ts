/**
 * A few rows of an evaluation whose labels are a map, a class for each pixel: the image, its true map and the one that was
 * predicted. They are kept small, as a report shows them.
 */
import type { EvaluationObserver } from "../../runtime/trainer.ts";
import type { HostTensor } from "../../runtime/program.ts";

/** Pixels row after row, bytes in base64; `noClass` in a map stands for what is no class. */
export interface LabelMap {
  /** The row of the data, counted from 0. */
  readonly row: number;
  readonly height: number;
  readonly width: number;
  /** 1 (grey) or 3 (colour). */
  readonly channels: 1 | 3;
  readonly image: string;
  readonly truth: string;
  readonly predicted: string;
}

export const noClass = 255;

export interface LabelMapCollector {
  readonly observe: EvaluationObserver;
  readonly collected: () => readonly LabelMap[];
}

/** Rows that are kept, and how many pixels high and wide they are at most. */
const [rowsKept, longestSide] = [6, 128] as const;

export function collectLabelMaps(): LabelMapCollector {
  const maps: LabelMap[] = [];
  return {
    observe: ({ features: [features], labels: [labels], rows }, { predictions }) => {
      if (labels?.dtype !== "i32" || predictions === undefined || !areMaps(features, labels)) return;
      for (const [at, row] of rows.entries())
        if (maps.length < rowsKept) maps.push(mapOf({ features, labels, predictions }, at, row));
    },
    collected: () => maps,
  };
}

function areMaps(features: HostTensor, labels: HostTensor): boolean {
  const isFilled = labels.shape.every((size, axis) => features.shape[axis] === size);
  return labels.shape.length === 3 && isFilled && (features.shape[3] ?? 0) >= 1;
}

interface Batch {
  readonly features: HostTensor;
  readonly labels: HostTensor;
  readonly predictions: HostTensor;
}

function mapOf({ features, labels, predictions }: Batch, at: number, row: number): LabelMap {
  const [, rows = 1, columns = 1] = labels.shape;
  const stride = Math.ceil(Math.max(rows, columns) / longestSide);
  const [height, width] = [Math.ceil(rows / stride), Math.ceil(columns / stride)];
  const pixels = Array.from(
    { length: height * width },
    (_, pixel) => (at * rows + Math.floor(pixel / width) * stride) * columns + (pixel % width) * stride,
  );
  const all = features.shape[3] ?? 1;
  const channels = all === 3 || all === 4 ? 3 : 1;
  const values = pixels.flatMap((pixel) =>
    Array.from({ length: channels }, (_, channel) => features.data[pixel * all + channel] ?? 0),
  );
  return {
    row,
    height,
    width,
    channels,
    image: base64(stretched(values)),
    truth: base64(pixels.map((pixel) => classByte(labels.data[pixel] ?? noClass))),
    predicted: base64(pixels.map((pixel) => classByte(predictions.data[pixel] ?? noClass))),
  };
}

function classByte(label: number): number {
  return label >= 0 && label < noClass ? label : noClass;
}

/** From the darkest to the brightest: what `mean` and `std` made of the pixels is undone so. */
function stretched(values: readonly number[]): readonly number[] {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return values.map((value) => Math.round((255 * (value - low)) / Math.max(high - low, 1e-12)));
}

function base64(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString("base64");
}

/** The features of a dataset's rows, batch by batch. */
import { consecutiveRows } from "../runtime/batches.ts";
import { type Dataset, gatherBatch, rowCount } from "../runtime/dataset.ts";
import type { HostTensor } from "../runtime/program.ts";
import type { Trainer } from "../runtime/trainer.ts";

/** f32[rows, …]. The dataset was opened for the program's `embed`. */
export async function embedRows(trainer: Trainer, dataset: Dataset, batch: number): Promise<HostTensor> {
  const parts: HostTensor[] = [];
  const rows = rowCount(dataset);
  for (const places of consecutiveRows(rows, batch)) {
    const { features } = gatherBatch(dataset, places);
    const part = await trainer.embed(features);
    if (part === undefined) throw new Error(`${trainer.executor.info.name} has no features`);
    parts.push(part);
  }
  const shape = [rows, ...(parts[0]?.shape.slice(1) ?? [])];
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { dtype: "f32", shape, data };
}

/** What a trained model makes of a dataset's rows, batch by batch: their features or their scores. */
import { consecutiveRows } from "../../runtime/batches.ts";
import { type Dataset, type OneOrMore, gatherBatch, rowCount } from "../../runtime/dataset.ts";
import type { HostTensor } from "../../runtime/program.ts";
import type { Trainer } from "../../runtime/trainer.ts";

/** Features, f32[rows, …], by the first model or that of the name. The dataset was fitted to the function that embeds. */
export function embedRows(
  trainer: Trainer,
  dataset: Dataset,
  batch: number,
  model?: string,
): Promise<HostTensor> {
  return inBatches(dataset, batch, async (rows) => {
    const features = await trainer.embed(rows, model);
    if (features === undefined) throw new Error(`${trainer.executor.info.name} has no features`);
    return features;
  });
}

/** Scores, f32[rows, classes]. The dataset was fitted to the program's `predict`. */
export function predictRows(trainer: Trainer, dataset: Dataset, batch: number): Promise<HostTensor> {
  return inBatches(dataset, batch, async (rows) => {
    const scores = await trainer.predict(rows);
    if (scores === undefined) throw new Error(`${trainer.executor.info.name} has no scores`);
    return scores;
  });
}

async function inBatches(
  dataset: Dataset,
  batch: number,
  run: (features: OneOrMore<HostTensor>) => Promise<HostTensor>,
): Promise<HostTensor> {
  const parts: HostTensor[] = [];
  const rows = rowCount(dataset);
  for (const places of consecutiveRows(rows, batch))
    parts.push(await run(gatherBatch(dataset, places).features));
  const shape = [rows, ...(parts[0]?.shape.slice(1) ?? [])];
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { dtype: "f32", shape, data };
}

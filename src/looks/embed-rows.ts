/** What a trained model makes of a dataset's rows, batch by batch: their features or their scores. */
import { consecutiveRows } from "../../runtime/batches.ts";
import { type Dataset, type OneOrMore, gatherBatch, rowCount } from "../../runtime/dataset.ts";
import type { HostTensor, ProgramInfo } from "../../runtime/program.ts";
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
  // Scores of each row with each other are of all rows at once.
  const whole = scoresOfPairs(trainer.executor.info) ? Math.max(batch, rowCount(dataset)) : batch;
  return inBatches(dataset, whole, async (rows) => {
    const scores = await trainer.predict(rows);
    if (scores === undefined) throw new Error(`${trainer.executor.info.name} has no scores`);
    return scores;
  });
}

function scoresOfPairs({ functions }: ProgramInfo): boolean {
  const predict = functions.find(({ name }) => name === "predict");
  const [rows, ...others] = predict?.outputs[0]?.shape ?? [];
  return typeof rows === "string" && others.some((size) => typeof size === "string");
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

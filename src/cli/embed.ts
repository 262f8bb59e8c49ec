/** `margo embed`: what a trained model makes of rows, as arrays for other tools. */
import { join } from "node:path";
import { rowCount } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault, runFaults } from "../../runtime/errors.ts";
import type { TrainingInfo } from "../../runtime/program.ts";
import { embedRows } from "../embed-rows.ts";
import { openFitted } from "../fitted-dataset.ts";
import { writeNpz } from "../npz.ts";
import { count } from "../report/numbers.ts";
import { writeWholeFile } from "../write-file.ts";
import { tellFault } from "./fault.ts";
import { type ExitCode, exitFault, exitFine, say, writeOut } from "./terminal.ts";
import { type TrainedRunOptions, withTrainedRun } from "./trained-run.ts";

/** Which rows of the `train`. */
const rowSettings = ["data", "validation", "verification"] as const;
type RowSetting = (typeof rowSettings)[number];

export interface EmbedOptions extends TrainedRunOptions {
  readonly of?: RowSetting;
  readonly out?: string;
}

/** The npz file has `features`, f32[rows, …], and `labels` where the rows have some. Its path goes to standard output. */
export async function embed(folder: string, options: EmbedOptions): Promise<ExitCode> {
  const { out = join(folder, "features.npz") } = options;
  const arrays = await withTrainedRun(folder, options, async ({ training, trainer, context }) => {
    const rows = rowsAsked(training, options.of);
    if (isFault(rows)) return rows;
    const dataset = await openFitted(
      training[rows] ?? training.data,
      trainer.executor.info,
      "embed",
      context,
    );
    if (isFault(dataset)) return dataset;
    const all = Array.from({ length: rowCount(dataset) }, (_, row) => row);
    const features = await embedRows(trainer, dataset, all, training.batch);
    return { rows, features, labels: dataset.labels };
  });
  if (isFault(arrays)) {
    tellFault(arrays);
    return exitFault;
  }
  const { rows, features, labels } = arrays;
  await writeWholeFile(out, writeNpz({ features, ...(labels === undefined ? {} : { labels }) }));
  say(`${rows}: features ${features.shape.map(count).join(" × ")}${labels === undefined ? "" : ", labels"}`);
  await writeOut(`${out}\n`);
  return exitFine;
}

function rowsAsked(training: TrainingInfo, asked: RowSetting | undefined): RowSetting | RuntimeFault {
  if (asked === undefined) return training.validation === undefined ? "data" : "validation";
  const named = rowSettings.filter((one) => training[one] !== undefined);
  return named.includes(asked) ? asked : runFaults.missingRows(asked, named);
}

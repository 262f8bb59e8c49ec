/** `margo embed`: what a trained model makes of rows, as arrays for other tools. */
import { join } from "node:path";
import { type RuntimeFault, isFault, runFaults } from "../../runtime/errors.ts";
import type { TrainingInfo } from "../../runtime/program.ts";
import { type DataSetting, dataSettings } from "../data-settings.ts";
import { embedRows } from "../embed-rows.ts";
import { openFitted } from "../fitted-dataset.ts";
import { writeNpz } from "../npz.ts";
import { count } from "../report/numbers.ts";
import { runFiles } from "../run-folder.ts";
import { writeWholeFile } from "../write-file.ts";
import { tellFault } from "./fault.ts";
import { type ExitCode, exitFault, exitFine, say, writeOut } from "./terminal.ts";
import { type RunFlags, withTrainedRun } from "./trained-run.ts";

export interface EmbedOptions extends RunFlags {
  /** Which rows of the `train`. */
  readonly of?: DataSetting;
  readonly out?: string;
}

/**
 * The npz file has `features`, f32[rows, …], and what is known of the rows: `labels`, the `classes` that they count, the
 * `names` of files. Its path goes to standard output.
 */
export async function embed(folder: string, options: EmbedOptions): Promise<ExitCode> {
  const { out = join(folder, runFiles.features) } = options;
  const embedded = await withTrainedRun(folder, options, async ({ training, trainer, context }) => {
    const rows = rowsAsked(training, options.of);
    if (isFault(rows)) return rows;
    const dataset = await openFitted(
      training[rows] ?? training.data,
      trainer.executor.info,
      "embed",
      context,
    );
    if (isFault(dataset)) return dataset;
    const features = await embedRows(trainer, dataset, training.batch);
    const { labels, rowNames, classNames } = dataset;
    return {
      rows,
      arrays: {
        features,
        ...(labels === undefined ? {} : { labels }),
        ...(classNames === undefined ? {} : { classes: classNames }),
        ...(rowNames === undefined ? {} : { names: rowNames }),
      },
    };
  });
  if (isFault(embedded)) {
    tellFault(embedded);
    return exitFault;
  }
  const { features, ...others } = embedded.arrays;
  await writeWholeFile(out, writeNpz(embedded.arrays));
  const shape = features.shape.map(count).join(" × ");
  say(`${embedded.rows}: ${[`features ${shape}`, ...Object.keys(others)].join(", ")}`);
  await writeOut(`${out}\n`);
  return exitFine;
}

function rowsAsked(training: TrainingInfo, asked: DataSetting | undefined): DataSetting | RuntimeFault {
  if (asked === undefined) return training.validation === undefined ? "data" : "validation";
  const named = dataSettings.filter((one) => training[one] !== undefined);
  return named.includes(asked) ? asked : runFaults.missingRows(asked, named);
}

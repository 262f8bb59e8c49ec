/** `margo embed`: what a trained model makes of rows, as arrays for other tools. */
import { join } from "node:path";
import { isFault } from "../../runtime/errors.ts";
import type { DataSetting } from "../runs/data-settings.ts";
import { embedData, rowsAsked } from "../runs/embed-data.ts";
import { writeNpz } from "../values/npz.ts";
import { count } from "../report/numbers.ts";
import { runFiles } from "../runs/run-folder.ts";
import { writeWholeFile } from "../files/write-file.ts";
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
  const embedded = await withTrainedRun(folder, options, async (run) => {
    const rows = rowsAsked(run.training, options.of);
    if (isFault(rows)) return rows;
    const found = await embedData(run, run.training[rows] ?? run.training.data);
    if (isFault(found)) return found;
    const { features, labels, classNames, rowNames } = found;
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

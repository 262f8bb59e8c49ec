/** `margo embed`: what a trained model makes of rows, as arrays for other tools. */
import { join } from "node:path";
import { isFault } from "../../runtime/errors.ts";
import { modelNames } from "../../runtime/fit-dataset.ts";
import type { HostTensor } from "../../runtime/program.ts";
import type { DataSetting } from "../runs/data-settings.ts";
import { type EmbeddedRows, embedData, rowsAsked } from "../runs/embed-data.ts";
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
 * The npz file has `features`, f32[rows, …], or of several models those of each under its name, and what is known of the rows:
 * `labels`, the `classes` that they count, the `names` of files. Its path goes to standard output.
 */
export async function embed(folder: string, options: EmbedOptions): Promise<ExitCode> {
  const { out = join(folder, runFiles.features) } = options;
  const embedded = await withTrainedRun(folder, options, async (run) => {
    const rows = rowsAsked(run.training, options.of);
    if (isFault(rows)) return rows;
    const source = run.training[rows] ?? run.training.data;
    const names = modelNames(run.trainer.executor.info);
    const features: [string, HostTensor][] = [];
    let known: Pick<EmbeddedRows, "labels" | "rowNames"> = { labels: [] };
    for (const model of names.length === 0 ? [undefined] : names) {
      const found = await embedData(run, source, model);
      if (isFault(found)) return found;
      features.push([arrayName(model), found.features]);
      known = found;
    }
    return { rows, features, known };
  });
  if (isFault(embedded)) {
    tellFault(embedded);
    return exitFault;
  }
  const { rows, features, known } = embedded;
  const others = knownArrays(known);
  await writeWholeFile(out, writeNpz({ ...Object.fromEntries(features), ...others }));
  const shapes = features.map(([name, { shape }]) => `${name} ${shape.map(count).join(" × ")}`);
  say(`${rows}: ${[...shapes, ...Object.keys(others)].join(", ")}`);
  await writeOut(`${out}\n`);
  return exitFine;
}

/** Of a model; what is known of the rows has names of its own. */
function arrayName(model = "features"): string {
  return /^(labels|classes|names)(_\d+)?$/.test(model) ? `${model}_features` : model;
}

/** Labels with the names of their classes, `labels_2` where there are several, and the names of the rows. */
function knownArrays({ labels, rowNames }: Pick<EmbeddedRows, "labels" | "rowNames">) {
  const named = labels.flatMap(
    ({ classNames, ...values }, at): [string, HostTensor | readonly string[]][] => {
      const suffix = at === 0 ? "" : `_${at + 1}`;
      const classes = classNames === undefined ? [] : ([[`classes${suffix}`, classNames]] as const);
      return [
        [`labels${suffix}`, values],
        ...classes.map(([name, list]): [string, readonly string[]] => [name, list]),
      ];
    },
  );
  return { ...Object.fromEntries(named), ...(rowNames === undefined ? {} : { names: rowNames }) };
}

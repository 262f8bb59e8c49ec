/** The rows that a run's `train` names, or others of its kind, as its model sees them. */
import type { Dataset } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { DataSource, HostTensor, TrainingInfo } from "../../runtime/program.ts";
import { type DataSetting, dataSettings } from "./data-settings.ts";
import { embedRows } from "./embed-rows.ts";
import { openFitted } from "./fitted-dataset.ts";
import { folderFaults } from "./folder-faults.ts";
import type { TrainedRun } from "./trained-run.ts";

/** Features of rows, and what is known of the rows: labels, the classes that they count, the names of files. */
export interface EmbeddedRows extends Pick<Dataset, "labels" | "classNames" | "rowNames"> {
  /** f32[rows, …] */
  readonly features: HostTensor;
}

/** Opens the rows, reads them as training did, and embeds them. */
export async function embedData(
  { training, trainer, context }: TrainedRun,
  source: DataSource,
): Promise<EmbeddedRows | RuntimeFault> {
  const dataset = await openFitted(source, trainer.executor.info, "embed", context);
  if (isFault(dataset)) return dataset;
  const features = await embedRows(trainer, dataset, training.batch);
  const { labels, rowNames, classNames } = dataset;
  return {
    features,
    ...(labels === undefined ? {} : { labels }),
    ...(classNames === undefined ? {} : { classNames }),
    ...(rowNames === undefined ? {} : { rowNames }),
  };
}

/** Which rows of a `train` are meant: by default those of the validation, else of the training. */
export function rowsAsked(
  training: TrainingInfo,
  asked: DataSetting | undefined,
): DataSetting | RuntimeFault {
  if (asked === undefined) return training.validation === undefined ? "data" : "validation";
  const named = dataSettings.filter((one) => training[one] !== undefined);
  return named.includes(asked) ? asked : folderFaults.missingRows(asked, named);
}

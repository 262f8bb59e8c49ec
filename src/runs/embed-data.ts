/** The rows that a run's `train` names, or others of its kind, as its model sees them. */
import type { Dataset } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { embedFunction, modelNames } from "../../runtime/fit-dataset.ts";
import type { DataSources, HostTensor, ProgramInfo, TrainingInfo } from "../../runtime/program.ts";
import { type DataSetting, dataSettings } from "./data-settings.ts";
import { embedRows } from "../looks/embed-rows.ts";
import { openFitted } from "../data/fitted-dataset.ts";
import { folderFaults } from "./folder-faults.ts";
import type { TrainedRun } from "./trained-run.ts";

/** Features of rows, and what is known of the rows: labels with the names of their classes, the names of files. */
export interface EmbeddedRows extends Pick<Dataset, "labels" | "rowNames"> {
  /** f32[rows, …] */
  readonly features: HostTensor;
}

/** Opens the rows, reads them as training did, and embeds them: by the first model, or of several by that of the name. */
export async function embedData(
  { training, trainer, context }: TrainedRun,
  data: DataSources,
  model?: string,
): Promise<EmbeddedRows | RuntimeFault> {
  const { info } = trainer.executor;
  const embedding = embeddingOf(info, model);
  if (isFault(embedding)) return embedding;
  const dataset = await openFitted(data, info, embedding, context);
  if (isFault(dataset)) return dataset;
  const features = await embedRows(trainer, dataset, training.batch, model);
  const { labels, rowNames } = dataset;
  return { features, labels, ...(rowNames === undefined ? {} : { rowNames }) };
}

/** The function by which rows become features. */
export function embeddingOf(info: ProgramInfo, model: string | undefined): string | RuntimeFault {
  return (
    embedFunction(info, model)?.name ?? folderFaults.missingModel(info.name, model ?? "", modelNames(info))
  );
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

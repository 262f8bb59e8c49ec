/**
 * A finished run opened by a program of one's own, for what a service does: rows in, features or scores out. It is what
 * `margo embed` opens; the compiler, the reader's scale and the checkpoint come from the run's folder.
 */
import { type RuntimeFault, fault, isFault } from "../../runtime/errors.ts";
import type {
  DataSource,
  DataSources,
  HostTensor,
  ProgramInfo,
  TrainingInfo,
} from "../../runtime/program.ts";
import { type DataSetting, dataSettings } from "./data-settings.ts";
import { type EmbeddedRows, embedData, embeddingOf, rowsAsked } from "./embed-data.ts";
import { embedRows, predictRows } from "../looks/embed-rows.ts";
import { folderFaults } from "./folder-faults.ts";
import { type GivenRows, givenRows } from "./given-rows.ts";
import { mostThreads } from "../executors/machine.ts";
import { displayedName } from "../sources/host.ts";
import type { RunInfo } from "./run-folder.ts";
import { type Source, elaborated, placeOf } from "../sources/source.ts";
import { type RunDoor, type TrainedRun, type TrainedRunOptions, openTrainedRun } from "./trained-run.ts";

/** How a run is opened; without any, as `margo eval` opens it. */
export interface OpenRunOptions extends Omit<TrainedRunOptions, "limit"> {
  /** Where data files are looked up, and what they may not lead out of; by default as it was for the run. */
  readonly directory?: string;
  /** Hears what people should know: that tfjs takes the place of a GPU, what reading images came upon. */
  readonly onNote?: (text: string) => void;
}

/** A trained model at work. Calls may overlap; after `dispose` they are rejected with an Error that says so. */
export interface OpenedRun {
  /** The name of its `train`. */
  readonly entry: string;
  /** What it was started with. */
  readonly info: RunInfo;
  /** The program's inputs and outputs, and in `target` what runs it. */
  readonly program: ProgramInfo;
  readonly training: TrainingInfo;
  /** How many steps its checkpoint has seen. */
  readonly step: number;
  /**
   * Features of rows, f32[rows, …]. The rows are as the files of the training data have them: `mean`, `std` and the 255 of
   * bytes are applied here. What a reader does before that, like bringing images to one size, is for the caller. Of several
   * models it is the first, or that of the name.
   */
  readonly embed: (rows: GivenRows, model?: string) => Promise<HostTensor | RuntimeFault>;
  /** Scores of rows, f32[rows, classes], with the margin off. A fault where the loss has no scores. */
  readonly predict: (rows: GivenRows) => Promise<HostTensor | RuntimeFault>;
  /** Features of rows in files: of those that the `train` names, by default its validation, or of any other source or list of them. */
  readonly embedData: (
    rows?: DataSetting | DataSources,
    model?: string,
  ) => Promise<EmbeddedRows | RuntimeFault>;
  /** Frees the device; the run is of no use afterwards. */
  readonly dispose: () => void;
}

/**
 * Opens the folder that `margo train` wrote. What is wrong with the folder or its sources is a fault; where the target
 * does not start on this machine it throws an error with a `help`.
 */
export async function openRun(
  folder: string,
  options: OpenRunOptions = {},
): Promise<OpenedRun | RuntimeFault> {
  checkArguments(folder, options);
  // A service answers several calls, of few rows each: threads are for those who ask for them.
  const { directory, onNote = () => undefined, threads = 1, ...rest } = options;
  const asked = { ...rest, threads };
  const door: RunDoor = { programOf: programOrFault, note: (entry, text) => onNote(`${entry} ${text}`) };
  const run = await openTrainedRun(folder, asked, door);
  if (isFault(run)) return run;
  return openedRun(
    directory === undefined ? run : { ...run, context: { ...run.context, directory, root: directory } },
  );
}

function openedRun(run: TrainedRun): OpenedRun {
  const { info, training, trainer } = run;
  const { info: program } = trainer.executor;
  let disposed = false;
  /** Works on rows while the run is open. */
  const whileOpen = <T>(work: () => Promise<T>): Promise<T> =>
    disposed ? Promise.reject(new Error(`the run of ${info.entry} was disposed`)) : work();
  return {
    entry: info.entry,
    info,
    program,
    training,
    step: trainer.progress.step,
    embed: (rows, model) =>
      whileOpen(async () => {
        const embedding = embeddingOf(program, model);
        if (isFault(embedding)) return embedding;
        const dataset = givenRows(rows, training.data, program, embedding);
        return isFault(dataset) ? dataset : embedRows(trainer, dataset, training.batch, model);
      }),
    predict: (rows) =>
      whileOpen(async () => {
        if (!program.functions.some(({ name }) => name === "predict")) return openFaults.noScores(info.entry);
        const dataset = givenRows(rows, training.data, program, "predict");
        return isFault(dataset) ? dataset : predictRows(trainer, dataset, training.batch);
      }),
    embedData: (rows, model) => whileOpen(() => embedSource(run, rows, model)),
    dispose: () => {
      if (!disposed) trainer.dispose();
      disposed = true;
    },
  };
}

async function embedSource(
  run: TrainedRun,
  rows: DataSetting | DataSources | undefined,
  model: string | undefined,
): Promise<EmbeddedRows | RuntimeFault> {
  if (typeof rows === "object" && areDataSources(rows)) return embedData(run, rows, model);
  if (rows !== undefined && !dataSettings.some((setting) => setting === rows))
    throw new TypeError(
      `embedData takes ${dataSettings.join(", ")}, a source { reader, files, options } or a list of sources, not ${JSON.stringify(rows)}`,
    );
  const setting = rowsAsked(run.training, rows);
  if (isFault(setting)) return setting;
  const source = run.training[setting];
  return source === undefined ? folderFaults.missingRows(setting, []) : embedData(run, source, model);
}

function areDataSources(rows: object): rows is DataSources {
  const sources: readonly unknown[] = Array.isArray(rows) ? rows : [rows];
  return sources.length > 0 && sources.every(isDataSource);
}

function isDataSource(value: unknown): value is DataSource {
  if (typeof value !== "object" || value === null) return false;
  const { reader, files, options }: Partial<DataSource> = value;
  return typeof reader === "string" && Array.isArray(files) && typeof options === "object";
}

/** The program, or the first mistake in its sources or settings; another version of Margo may find some. */
async function programOrFault(
  source: Source,
  { entry, margo }: RunInfo,
  set: Readonly<Record<string, string>>,
) {
  const { program, diagnostics } = await elaborated(source, entry, { set });
  if (program !== undefined) return program;
  const [first] = diagnostics.filter(({ severity }) => severity === "error");
  if (first === undefined) throw new Error(`${entry} has no program and no mistake`);
  const { code, message, span, help } = first;
  const place = span.file === source.file ? placeOf(source, span) : displayedName(span.file, source.root);
  return openFaults.notCompiled(entry, `${code} ${message} (${place})`, help, margo);
}

function checkArguments(folder: unknown, { target, checkpoint, threads }: OpenRunOptions): void {
  if (typeof folder !== "string")
    throw new TypeError('openRun takes the folder of a run, like openRun("runs/Faces")');
  for (const [name, value, values] of [
    ["target", target, ["auto", "tfjs", "wgsl", "reference"]],
    ["checkpoint", checkpoint, ["last", "best"]],
    ["threads", threads, Array.from({ length: mostThreads }, (_, index) => index + 1)],
  ] as const)
    if (value !== undefined && !values.some((one) => one === value))
      throw new TypeError(`openRun's ${name} is one of ${values.join(", ")}, not ${JSON.stringify(value)}`);
}

const openFaults = {
  notCompiled: (entry: string, mistake: string, help: string | undefined, trainedWith: string) =>
    fault(
      "M0625",
      `${entry} does not compile: ${mistake}`,
      help ?? `open it with Margo ${trainedWith}, which it was trained with`,
    ),
  noScores: (entry: string) =>
    fault("M0626", `${entry} has no scores of classes: its loss compares features`, "take its features"),
} as const;

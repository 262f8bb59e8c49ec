/** `margo train`: runs the train declarations of a file one after the other, each into a folder with a report. */
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { GpuPath } from "../../compiler/codegen/wgsl/capabilities.ts";
import type { Program } from "../../compiler/program.ts";
import { isFault } from "../../runtime/errors.ts";
import type { TrainingInfo } from "../../runtime/program.ts";
import { displayedName } from "../sources/host.ts";
import { type TrainingTarget, automaticTarget, machineFacts } from "../executors/machine.ts";
import { degrees, duration, percent, significant } from "../report/numbers.ts";
import { writeComparison, writeReport } from "../report/write-report.ts";
import { type RunInfo, readRunInfo, readWeights } from "../runs/run-folder.ts";
import { type Interruption, listenForInterruption } from "../runs/signals.ts";
import { type TrainRequest, type TrainSummary, train as trainRun } from "../runs/train.ts";
import { version } from "../version.ts";
import { tellFault, tellFaultAt } from "./fault.ts";
import { showProgress, showReading } from "./progress.ts";
import { Refusal } from "./refusal.ts";
import { type Source, importedTexts, placeOf, textOf } from "../sources/source.ts";
import { declarationsOf, programOf, sourceAt } from "./source.ts";
import { atStage } from "../sources/stage.ts";
import { pathOfRun, startExecutor, targetOfRun, threadsFor } from "../runs/start-executor.ts";
import { askedBudget, refuseForOtherTarget } from "./target-flags.ts";
import {
  type ExitCode,
  animated,
  complain,
  exitFault,
  exitFine,
  exitUsage,
  say,
  writeOut,
} from "./terminal.ts";

export interface TrainOptions {
  readonly entry: readonly string[];
  readonly target: "auto" | TrainingTarget;
  readonly gpu?: GpuPath;
  readonly tune?: true;
  readonly threads?: number;
  readonly budget?: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly limit?: number;
  readonly set: Readonly<Record<string, string>>;
  readonly seed?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly from?: string;
  /** Seconds. */
  readonly checkpointEvery?: number;
}

/** Standard output gets the path of each report, and of the comparison where there were several runs. */
export async function train(file: string, options: TrainOptions): Promise<ExitCode> {
  const source = sourceAt(file);
  const resumed = resumedRun(options);
  const entries = resumed === undefined ? entriesOf(source, options.entry) : [resumed.entry];
  const interruption = listenForInterruption();
  // Behind the bar, where there is one.
  interruption.signal.addEventListener("abort", () =>
    say(`${animated() ? "\n" : ""}stopping after the step under way; once more ends it at once`),
  );
  const folders: string[] = [];
  try {
    if (resumed !== undefined) noteChanges(source, resumed);
    const settings = { ...resumed?.settings, ...options.set };
    // A mistake in the last one is not told after the others have trained for a night.
    const programs: (readonly [entry: string, program: Program])[] = [];
    for (const entry of entries) programs.push([entry, await programOf(source, entry, { set: settings })]);
    // All runs of a process share tfjs.
    const threads = options.threads ?? Math.max(...programs.map(([, program]) => threadsFor(program)));
    for (const [entry, program] of programs) {
      const folder = options.resume ?? folderOf(entry, entries.length, options.out);
      const run = { source, entry, program, settings, threads, folder, options, resumed, interruption };
      const code = await runEntry(run);
      if (code !== exitFine) return code;
      folders.push(folder);
    }
  } finally {
    interruption.release();
  }
  if (folders.length > 1) {
    const page = await writeComparison(folders, join(options.out ?? "runs", "compare.html"));
    await writeOut(`${page}\n`);
  }
  return exitFine;
}

interface EntryRun {
  readonly source: Source;
  readonly entry: string;
  readonly program: Program;
  readonly settings: Readonly<Record<string, string>>;
  /** On tfjs. */
  readonly threads: number;
  readonly folder: string;
  readonly options: TrainOptions;
  readonly resumed: RunInfo | undefined;
  readonly interruption: Interruption;
}

async function runEntry(run: EntryRun): Promise<ExitCode> {
  const { source, entry, program, settings, folder, options, resumed, interruption } = run;
  const training = trainingOf(program, options, resumed);
  const target = await targetOf(options, resumed);
  const path = pathOf(options, resumed, target);
  const tune = target === "wgsl" ? (options.tune ?? resumed?.tune) : undefined;
  const budget = budgetOf(options, resumed, target);
  const threads = threadsOf(run, target);
  const weights = weightsOf(options);
  const progress = await showProgress(entry);
  const executor = await startExecutor(program, target, source, {
    path,
    tune,
    budgetBytes: budget,
    threads,
    note: (text) => say(text),
    signal: interruption.signal,
    onCompiled: progress.onCompiled,
  });
  const info = await runInfo({
    source,
    entry,
    options,
    resumed,
    settings,
    target,
    path,
    tune,
    budget,
    seed: training.seed,
  });
  progress.nameDevice(deviceText(info));
  const summary = await atStage("training", () =>
    trainRun({
      program,
      executor,
      training,
      data: {
        directory: source.directory,
        root: source.root,
        ...(info.limit === undefined ? {} : { limit: info.limit }),
        onRead: showReading(entry),
        signal: interruption.signal,
        note: (text) => say(`${entry} ${text}`),
      },
      info,
      folder,
      start: options.resume === undefined ? "fresh" : "resume",
      ...(options.checkpointEvery === undefined ? {} : { checkpointSeconds: options.checkpointEvery }),
      ...(weights === undefined ? {} : { weights }),
      signal: interruption.signal,
      onEvent: progress.onEvent,
      placeOf: (span) => placeOf(source, span),
    }),
  ).finally(progress.stop);
  if (summary.kind === "failed") {
    const code = tellFailure(source, program, summary, settings);
    return interruption.exitCode() ?? code;
  }
  return finish(run, summary);
}

/** Who goes on with a run may mean to change it, or may have forgotten that they did. */
function noteChanges(source: Source, { source: text, imported = {} }: RunInfo): void {
  const now = importedTexts(source);
  const changed = [
    ...(textOf(source, source.file) === text ? [] : [source.file]),
    ...Object.keys(imported).filter((name) => now[name] !== imported[name]),
  ];
  if (changed.length === 0) return;
  const names = changed.map((name) => displayedName(name, source.root)).join(", ");
  say(
    `${names} changed since the run was started; it goes on as ${changed.length === 1 ? "it is" : "they are"} now`,
  );
}

function tellFailure(
  source: Source,
  { training }: Program,
  { fault, setting, folder }: Extract<TrainSummary, { kind: "failed" }>,
  settings: Readonly<Record<string, string>>,
): ExitCode {
  const span = setting === undefined ? undefined : training?.spans[setting];
  if (span === undefined) tellFault(fault);
  else tellFaultAt(source, span, fault, settings);
  if (folder !== undefined) say(`  metrics up to there are in ${folder}`);
  return exitFault;
}

async function finish(
  { source, entry, options, interruption }: EntryRun,
  summary: Exclude<TrainSummary, { kind: "failed" }>,
): Promise<ExitCode> {
  const { folder, step, seconds } = summary;
  const report = await atStage("report", () => writeReport(folder));
  if (summary.kind === "cancelled") {
    say(`${entry} stopped after step ${step}; its checkpoint is in ${folder}`);
    say(`  report so far: ${pathToFileURL(report).href}`);
    // Where it ends is no part of the run: who stops earlier than its `train` may want the rest as well.
    const length = (["epochs", "steps"] as const).flatMap((flag) =>
      options[flag] === undefined ? [] : [` --${flag} ${options[flag]}`],
    );
    say(`  go on with: margo train ${source.file} --resume ${folder}${length.join("")}`);
    return interruption.exitCode() ?? exitFault;
  }
  say(`${entry}: ${summaryText(summary)} after ${step} steps in ${duration(seconds)}`);
  say(`  report: ${pathToFileURL(report).href}`);
  await writeOut(`${relative(process.cwd(), report)}\n`);
  return exitFine;
}

function summaryText({
  evaluation,
  angles,
  verification,
}: Extract<TrainSummary, { kind: "finished" | "cancelled" }>): string {
  const parts = [
    evaluation === undefined ? undefined : `validation loss ${significant(evaluation.loss)}`,
    evaluation?.accuracy === undefined ? undefined : `accuracy ${percent(evaluation.accuracy)}`,
    angles === undefined ? undefined : `mean own-class angle ${degrees(angles.own)}`,
    verification === undefined ? undefined : `equal error rate ${percent(verification.equalErrorRate)}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "done" : parts.join(", ");
}

/** What a new run begins with; one that goes on has its own. */
function weightsOf({ from, resume }: TrainOptions): TrainRequest["weights"] {
  if (from === undefined) return undefined;
  if (resume !== undefined) {
    complain("--from begins a new run, and --resume goes on with one", "give one of the two");
    throw new Refusal(exitUsage);
  }
  const bytes = readWeights(from);
  if (!isFault(bytes)) return { name: from, bytes };
  tellFault(bytes);
  throw new Refusal(exitFault);
}

function resumedRun({ resume }: TrainOptions): RunInfo | undefined {
  if (resume === undefined) return undefined;
  const info = readRunInfo(resume);
  if (!isFault(info)) return info;
  tellFault(info);
  throw new Refusal(exitFault);
}

/** The entries asked for, or every `train` of the file. */
function entriesOf(source: Source, asked: readonly string[]): readonly string[] {
  const trains = declarationsOf(source).flatMap((one) => (one.kind === "train" ? [one.name.name] : []));
  const unknown = asked.find((name) => !trains.includes(name));
  if (unknown === undefined && trains.length > 0) return asked.length === 0 ? trains : asked;
  const offered = trains.length === 0 ? "it has none" : `it has ${trains.join(", ")}`;
  complain(
    unknown === undefined
      ? `${source.file} declares no train`
      : `${source.file} has no train ${unknown}; ${offered}`,
    "a train names a model, a loss, data and an optimizer: see examples/iris of the package margo-lang",
  );
  throw new Refusal(exitFault);
}

function folderOf(entry: string, entries: number, out: string | undefined): string {
  if (out === undefined) return join("runs", entry);
  return entries === 1 ? out : join(out, entry);
}

function trainingOf(program: Program, options: TrainOptions, resumed: RunInfo | undefined): TrainingInfo {
  if (program.training === undefined)
    throw new Error(`${program.name} was elaborated without a training plan`);
  const { spans: _, ...plan } = program.training;
  return {
    ...plan,
    ...(options.epochs === undefined ? {} : { epochs: options.epochs }),
    ...(options.steps === undefined ? {} : { steps: options.steps }),
    seed: resumed?.seed ?? options.seed ?? plan.seed,
  };
}

async function targetOf({ target }: TrainOptions, resumed: RunInfo | undefined): Promise<TrainingTarget> {
  if (target !== "auto") return target;
  return resumed === undefined ? automaticTarget() : targetOfRun(resumed);
}

/** A run that goes on computes as it did, unless it is told otherwise. */
function pathOf(
  { gpu, tune }: TrainOptions,
  resumed: RunInfo | undefined,
  target: TrainingTarget,
): GpuPath | undefined {
  if (target === "wgsl") return gpu ?? (resumed === undefined ? undefined : pathOfRun(resumed));
  const asked = gpu !== undefined ? `--gpu ${gpu}` : tune === true ? "--tune" : undefined;
  if (asked === undefined) return undefined;
  return refuseForOtherTarget(asked, "wgsl", target);
}

/** The same of chunk sizes: they change the order of sums. */
function budgetOf(
  { budget }: TrainOptions,
  resumed: RunInfo | undefined,
  target: TrainingTarget,
): number | undefined {
  if (budget !== undefined) return askedBudget(budget, target);
  return target === "reference" ? undefined : resumed?.budget;
}

/** They split products by the places of their results: any number of them gives the same numbers. */
function threadsOf({ threads, options }: EntryRun, target: TrainingTarget): number | undefined {
  if (target === "tfjs") return threads;
  return options.threads === undefined ? undefined : refuseForOtherTarget("--threads", "tfjs", target);
}

interface RunFacts {
  readonly source: Source;
  readonly entry: string;
  readonly options: TrainOptions;
  readonly resumed: RunInfo | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly target: TrainingTarget;
  readonly path: GpuPath | undefined;
  readonly tune: true | undefined;
  readonly budget: number | undefined;
  readonly seed: number;
}

async function runInfo(facts: RunFacts): Promise<RunInfo> {
  const { source, entry, options, resumed, settings, target, path, tune, budget, seed } = facts;
  const limit = options.limit ?? resumed?.limit;
  const from = options.from ?? resumed?.from;
  return {
    margo: version,
    file: join(source.root, source.file),
    source: textOf(source, source.file),
    imported: importedTexts(source),
    entry,
    settings,
    target,
    ...(path === undefined ? {} : { gpu: path }),
    ...(tune === undefined ? {} : { tune }),
    ...(budget === undefined ? {} : { budget }),
    seed,
    ...(from === undefined ? {} : { from }),
    ...(limit === undefined ? {} : { limit }),
    ...(options.epochs === undefined ? {} : { epochs: options.epochs }),
    ...(options.steps === undefined ? {} : { steps: options.steps }),
    machine: { ...machineFacts(), ...(await deviceFacts(target)) },
  };
}

/** Who let the target be chosen learns here which one it is. */
function deviceText({ machine: { backend, adapter } = {} }: RunInfo): string {
  return `on ${backend ?? (adapter === undefined ? "the reference, float64 in plain JavaScript" : `WebGPU, ${adapter}`)}`;
}

/** What the target runs on, once it has started. */
async function deviceFacts(target: TrainingTarget): Promise<Readonly<Record<string, string>>> {
  if (target === "reference") return {};
  if (target === "tfjs") {
    const { describeBackend } = await import("../../runtime/tfjs/backend.ts");
    return { backend: await describeBackend() };
  }
  const { gpuOfMachine } = await import("../executors/adapter.ts");
  const gpu = await gpuOfMachine();
  return gpu.kind === "adapter" ? { adapter: gpu.adapter.name } : {};
}

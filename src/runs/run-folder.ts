/**
 * A run on disk: `run.json` says what is run, `metrics.jsonl` gets a line an event, `checkpoint.safetensors`
 * is replaced whole, `evaluation.json` is the last look at the features. Whatever the file system refuses
 * becomes a fault, and files that were there before stay whole.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { Bytes } from "../../runtime/safetensors.ts";
import { bytesInFile } from "../data/byte-source.ts";
import type { EvaluationRecord } from "../looks/feature-look.ts";
import { folderFaults } from "./folder-faults.ts";
import { type Metric, metricBytes, metricsIn } from "./metrics-file.ts";
import { lockFolder } from "./run-lock.ts";
import { type Content, copyWholeFile, isTemporaryOf, writeWholeFile } from "../files/write-file.ts";

/** What a run was last started with; enough to compile it again. */
export interface RunInfo {
  readonly margo: string;
  /** The .margo file as an absolute path, and its text at the start. */
  readonly file: string;
  readonly source: string;
  /** The texts of the user's files that it imports, by their names in the workspace. */
  readonly imported?: Readonly<Record<string, string>>;
  readonly entry: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly target: string;
  /** How the target wgsl computed, where that was asked for (`--gpu`). */
  readonly gpu?: string;
  /** Whether its tiles were measured (`--tune`). */
  readonly tune?: true;
  /** Bytes for chunks of streamed losses, where a number was asked for (`--budget`). */
  readonly budget?: number;
  readonly seed: number;
  /** The run or file whose weights it began with (`--from`). */
  readonly from?: string;
  readonly limit?: number;
  /** Where the run was to end earlier or later than its `train` says (`--epochs`, `--steps`). */
  readonly epochs?: number;
  readonly steps?: number;
  /** The machine that ran it, for the report. */
  readonly machine?: Readonly<Record<string, string>>;
}

export interface RunFolder {
  readonly path: string;
  /** One line of JSON, on its way to the disk when the call returns. */
  readonly append: (metric: object) => RuntimeFault | undefined;
  readonly saveCheckpoint: (parts: readonly Uint8Array[]) => Promise<RuntimeFault | undefined>;
  /** What the checkpoint is now stays as the best one. */
  readonly keepBest: () => Promise<RuntimeFault | undefined>;
  readonly writeJson: (name: string, value: unknown) => Promise<RuntimeFault | undefined>;
  readonly close: () => void;
}

export const runFiles = {
  info: "run.json",
  metrics: "metrics.jsonl",
  checkpoint: "checkpoint.safetensors",
  /** That of the best evaluation (best.ts). */
  best: "checkpoint.best.safetensors",
  /** Those of the run that was in the folder before. */
  earlierCheckpoint: "checkpoint.earlier.safetensors",
  earlierBest: "checkpoint.best.earlier.safetensors",
  evaluation: "evaluation.json",
  report: "report.html",
  /** Of `margo embed`, where it is not told another place. */
  features: "features.npz",
} as const;

/**
 * Starts a run in a folder, which is made. What an earlier run left there goes, so that nothing of it is taken for this
 * one's; but its checkpoint is put aside, since this run may fail before it has one.
 */
export async function createRunFolder(path: string, info: RunInfo): Promise<RunFolder | RuntimeFault> {
  return locked(path, runFiles.info, async (release) => {
    const cleared = foreignFile(path) ?? guarded(path, () => clearRun(path));
    if (cleared !== undefined) return cleared;
    const written = await writeAll(join(path, runFiles.info), json(info));
    if (written !== undefined) return written;
    const emptied = await writeAll(join(path, runFiles.metrics), "");
    return emptied ?? appendTo(path, release);
  });
}

/** A file that only has the name of one of a run's: it is somebody else's, and stays. */
function foreignFile(path: string): RuntimeFault | undefined {
  if (isFile(path, runFiles.info)) return undefined;
  const name = Object.values(runFiles).find((one) => isFile(path, one));
  return name === undefined ? undefined : folderFaults.notOfARun(path, name, runFiles.info);
}

function clearRun(path: string): void {
  const at = (name: string): string => join(path, name);
  // A run that failed before its first checkpoint leaves nothing to put aside, and what lies aside stays.
  if (isFile(path, runFiles.checkpoint)) {
    renameSync(at(runFiles.checkpoint), at(runFiles.earlierCheckpoint));
    rmSync(at(runFiles.earlierBest), { force: true });
    if (isFile(path, runFiles.best)) renameSync(at(runFiles.best), at(runFiles.earlierBest));
  }
  for (const name of [runFiles.evaluation, runFiles.report, runFiles.features])
    rmSync(at(name), { force: true });
}

/** What a process that was killed had not written to its end: parts of checkpoints are as large as they are useless. */
function clearUnfinished(path: string): void {
  const names = Object.values(runFiles);
  for (const entry of readdirSync(path))
    if (names.some((name) => isTemporaryOf(name, entry))) rmSync(join(path, entry), { force: true });
}

function isFile(folder: string, name: string): boolean {
  return statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true;
}

/** Goes on in the folder of a run: metrics of steps after the checkpoint are cut off, since they are run again. */
export async function reopenRunFolder(
  path: string,
  info: RunInfo,
  step: number,
): Promise<RunFolder | RuntimeFault> {
  return locked(path, runFiles.metrics, async (release) => {
    const file = join(path, runFiles.metrics);
    if (!isFile(path, runFiles.metrics)) return folderFaults.runUnreadable(file, systemWords["ENOENT"] ?? "");
    const written = await writeAll(file, metricBytes(metricsUpTo(file, step)));
    const described = written ?? (await writeAll(join(path, runFiles.info), json(info)));
    return described ?? appendTo(path, release);
  });
}

function* metricsUpTo(file: string, step: number): Generator<Metric> {
  for (const metric of metricsIn(file))
    if (!(typeof metric["step"] === "number" && metric["step"] > step)) yield metric;
}

/** Opens a folder that no other run is writing to; `name` is the file that a fault names. */
async function locked(
  path: string,
  name: string,
  open: (release: () => void) => Promise<RunFolder | RuntimeFault>,
): Promise<RunFolder | RuntimeFault> {
  const lock = await lockFolder(path).catch((error: unknown) =>
    folderFaults.outputUnwritable(join(path, name), reason(error)),
  );
  if (isFault(lock)) return lock;
  if (lock.kind === "busy") return folderFaults.runBusy(path, lock.process, lock.file);
  const folder = guarded(path, () => clearUnfinished(path)) ?? (await open(lock.release));
  if (isFault(folder)) lock.release();
  return folder;
}

/** The events of a run, or those that are wanted. */
export function readMetrics(
  path: string,
  wanted: (metric: Metric) => boolean = () => true,
): readonly Metric[] | RuntimeFault {
  const file = join(path, runFiles.metrics);
  const found: Metric[] = [];
  try {
    for (const metric of metricsIn(file)) if (wanted(metric)) found.push(metric);
    return found;
  } catch (error) {
    return folderFaults.runUnreadable(file, reason(error));
  }
}

export function readRunInfo(path: string): RunInfo | RuntimeFault {
  const inside = runsIn(path);
  if (inside.length > 0) return folderFaults.runUnreadable(path, "it is a folder of several", inside);
  const text = readText(join(path, runFiles.info));
  if (isFault(text)) return text;
  const value = parsed(text);
  return isRunInfo(value)
    ? value
    : folderFaults.runUnreadable(path, `${runFiles.info} does not describe a run`);
}

/** The weights of a run, or of a safetensors file. */
export function readWeights(path: string): Bytes | RuntimeFault {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    const info = readRunInfo(path);
    return isFault(info) ? info : readCheckpointFile(path);
  }
  try {
    return bytesInFile(path, path);
  } catch (error) {
    return folderFaults.weightsUnreadable(path, reason(error));
  }
}

export function readCheckpointFile(path: string, which: "last" | "best" = "last"): Bytes | RuntimeFault {
  const name = which === "best" ? runFiles.best : runFiles.checkpoint;
  const file = join(path, name);
  if (!existsSync(file))
    return which === "best"
      ? folderFaults.noBest(path)
      : folderFaults.runUnreadable(path, `it has no ${name}`);
  try {
    return bytesInFile(file, file);
  } catch (error) {
    return folderFaults.runUnreadable(path, reason(error));
  }
}

function appendTo(path: string, release: () => void): RunFolder | RuntimeFault {
  const file = join(path, runFiles.metrics);
  let descriptor: number;
  try {
    descriptor = openSync(file, "a");
  } catch (error) {
    return folderFaults.outputUnwritable(file, reason(error));
  }
  return {
    path,
    append: (metric) => guarded(file, () => writeFileSync(descriptor, `${JSON.stringify(metric)}\n`)),
    saveCheckpoint: async (parts) =>
      guarded(file, () => fsyncSync(descriptor)) ?? (await writeAll(join(path, runFiles.checkpoint), parts)),
    keepBest: () =>
      guardedly(join(path, runFiles.best), () =>
        copyWholeFile(join(path, runFiles.checkpoint), join(path, runFiles.best)),
      ),
    writeJson: (name, value) => writeAll(join(path, name), json(value)),
    close: () => {
      closeSync(descriptor);
      release();
    },
  };
}

function guarded(file: string, act: () => void): RuntimeFault | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return folderFaults.outputUnwritable(file, reason(error));
  }
}

function writeAll(file: string, content: Content): Promise<RuntimeFault | undefined> {
  return guardedly(file, () => writeWholeFile(file, content));
}

async function guardedly(file: string, act: () => Promise<void>): Promise<RuntimeFault | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    return folderFaults.outputUnwritable(file, reason(error));
  }
}

/** A run is a folder with a description of what ran. */
export function isRunFolder(path: string): boolean {
  return existsSync(join(path, runFiles.info));
}

/** The runs in a folder that is no run itself; none where it cannot be looked into. */
function runsIn(path: string): readonly string[] {
  if (isRunFolder(path)) return [];
  try {
    return readdirSync(path)
      .map((name) => join(path, name))
      .filter(isRunFolder);
  } catch {
    return [];
  }
}

function readText(file: string): string | RuntimeFault {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    return folderFaults.runUnreadable(file, reason(error));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const systemWords: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "your share of the disk is full",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is a file",
  EEXIST: "a file of that name is in the way",
  EISDIR: "a folder of that name is in the way",
  ENOENT: "there is no such file or folder",
  EFBIG: "the file would be larger than allowed",
};

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return systemWords[code] ?? error.message;
}

function isRecord(value: unknown): value is Metric {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRunInfo(value: unknown): value is RunInfo {
  return (
    isRecord(value) &&
    ["margo", "file", "source", "entry", "target"].every((key) => typeof value[key] === "string") &&
    Number.isSafeInteger(value["seed"]) &&
    isRecord(value["settings"]) &&
    Object.values(value["settings"]).every((setting) => typeof setting === "string") &&
    (value["imported"] === undefined || isRecord(value["imported"])) &&
    (value["from"] === undefined || typeof value["from"] === "string") &&
    (value["gpu"] === undefined || typeof value["gpu"] === "string") &&
    (value["tune"] === undefined || value["tune"] === true) &&
    (value["budget"] === undefined || Number.isSafeInteger(value["budget"])) &&
    (value["limit"] === undefined || typeof value["limit"] === "number")
  );
}

/** The last one of a run; undefined where none is written yet. */
export function readEvaluation(folder: string): EvaluationRecord | undefined {
  try {
    // Written by this package in one piece, so its shape is known.
    return JSON.parse(readFileSync(join(folder, runFiles.evaluation), "utf8")) as EvaluationRecord;
  } catch {
    return undefined;
  }
}

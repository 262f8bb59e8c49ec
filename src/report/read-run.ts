/**
 * A run folder as the plain data that a report is drawn from. Metrics are read leniently: a line that a
 * crash cut short, or a field from a later version, is passed over.
 */
import { basename, dirname, join, resolve } from "node:path";
import { parseModule } from "../../compiler/syntax/parse.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { Metric } from "../runs/metrics-file.ts";
import { type RunInfo, readEvaluation, readMetrics, readRunInfo } from "../runs/run-folder.ts";
import { bestOf } from "../runs/best.ts";
import type { EpochPoint, Fact, RunData, StepPoint, VerificationPoint } from "./run-data.ts";

export function readRun(folder: string): RunData | RuntimeFault {
  const info = readRunInfo(folder);
  if (isFault(info)) return info;
  const metrics = readMetrics(folder);
  if (isFault(metrics)) return metrics;
  const evaluation = readEvaluation(folder);
  const { doc, settings } = declarationOf(info);
  const ofKind = (kind: string) => metrics.filter((metric) => metric["kind"] === kind);
  const steps = ofKind("step").flatMap(stepPoint);
  const best = bestOf(metrics);
  const rate = numberIn(ofKind("step").at(-1), "rowsPerSecond");
  return {
    name: basename(resolve(folder)),
    ...(doc === undefined ? {} : { doc }),
    steps,
    training: ofKind("epoch").flatMap(epochPoint),
    validation: ofKind("evaluation").flatMap(epochPoint),
    verification: ofKind("verification").flatMap(verificationPoint),
    seconds: ofKind("epoch").reduce((sum, metric) => sum + (numberIn(metric, "seconds") ?? 0), 0),
    ...(rate === undefined ? {} : { rowsPerSecond: rate }),
    ...(evaluation === undefined ? {} : { evaluation }),
    ...(best === undefined ? {} : { best }),
    settings: [["train", info.entry], ...settings.filter(([name]) => name !== "seed"), ...overrides(info)],
    machine: Object.entries(info.machine ?? {}),
    source: { file: shortName(info.file), text: info.source },
  };
}

/** The file and its folder: where they lie on this machine is nobody's business. */
function shortName(file: string): string {
  return join(basename(dirname(file)), basename(file));
}

function stepPoint(metric: Metric): readonly StepPoint[] {
  const [step, loss, accuracy] = [
    numberIn(metric, "step"),
    numberIn(metric, "loss"),
    numberIn(metric, "accuracy"),
  ];
  if (step === undefined || loss === undefined) return [];
  const metrics = numbersIn(metric, "metrics");
  return [
    {
      step,
      loss,
      ...(accuracy === undefined ? {} : { accuracy }),
      ...(Object.keys(metrics).length === 0 ? {} : { metrics }),
      traces: numbersIn(metric, "traces"),
    },
  ];
}

function numbersIn(metric: Metric, field: string): Readonly<Record<string, number>> {
  const given = metric[field];
  const entries = Object.entries(typeof given === "object" && given !== null ? given : {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

function epochPoint(metric: Metric): readonly EpochPoint[] {
  return stepPoint(metric).map(({ traces: _, ...point }) => point);
}

function verificationPoint(metric: Metric): readonly VerificationPoint[] {
  const [step, equalErrorRate, recallAt1] = [
    numberIn(metric, "step"),
    numberIn(metric, "equalErrorRate"),
    numberIn(metric, "recallAt1"),
  ];
  return step === undefined || equalErrorRate === undefined || recallAt1 === undefined
    ? []
    : [{ step, equalErrorRate, recallAt1 }];
}

function numberIn(metric: Metric | undefined, name: string): number | undefined {
  const value = metric?.[name];
  return typeof value === "number" ? value : undefined;
}

/** The lines of the `train` as they are written, and the words above it. */
function declarationOf({ file, source, entry }: RunInfo): {
  readonly doc?: string;
  readonly settings: readonly Fact[];
} {
  const declaration = parseModule(file, source).module.declarations.find(
    (one) => one.kind === "train" && one.name.name === entry,
  );
  if (declaration?.kind !== "train") return { settings: [] };
  const settings = declaration.body.flatMap((statement): Fact[] =>
    statement.kind === "result"
      ? [[statement.name.name, source.slice(statement.value.span.start, statement.value.span.end)]]
      : [],
  );
  return { settings, ...(declaration.doc === undefined ? {} : { doc: declaration.doc }) };
}

function overrides({ target, gpu, seed, from, limit, epochs, steps, settings }: RunInfo): readonly Fact[] {
  const given = (name: string, value: number | undefined): readonly Fact[] =>
    value === undefined ? [] : [[name, String(value)]];
  return [
    ...Object.entries(settings).map(([name, value]): Fact => [`${name} (--set)`, value]),
    ["seed", String(seed)],
    ...(from === undefined ? [] : [["weights (--from)", from] as const]),
    ...given("epochs (--epochs)", epochs),
    ...given("steps (--steps)", steps),
    ...given("rows (--limit)", limit),
    ["target", gpu === undefined ? target : `${target}, ${gpu}`],
  ];
}

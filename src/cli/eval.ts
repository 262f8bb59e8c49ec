/** `margo eval`: metrics of a trained run, taken anew from its checkpoint. */
import type { Program } from "../../compiler/program.ts";
import { rowCount } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { MeasuredMetrics } from "../../runtime/metrics.ts";
import type { Trainer } from "../../runtime/trainer.ts";
import { type AngleStatistics, angleStatistics } from "../looks/angle-statistics.ts";
import { readClassWeights } from "../looks/class-variables.ts";
import { type FeatureCollector, collectFeatures } from "../looks/feature-collector.ts";
import { strangeClass } from "../data/strange-class.ts";
import { openFitted } from "../data/fitted-dataset.ts";
import { cosineText, count, degrees, percent, significant } from "../report/numbers.ts";
import { className } from "../report/run-data.ts";
import { recallText, wayName } from "../report/retrieval-text.ts";
import { verificationFacts } from "../report/verification-facts.ts";
import { type ExitCode, exitFault, exitFine, writeOut } from "./terminal.ts";
import { tellFault } from "./fault.ts";
import type { TrainedRun } from "../runs/trained-run.ts";
import { type RunFlags, withTrainedRun } from "./trained-run.ts";
import { type RetrievalScores, retrievalScores, retrieve } from "../looks/retrieval.ts";
import { type VerificationScores, openVerification, scoresOf, verify } from "../looks/verification.ts";

export interface EvalOptions extends RunFlags {
  readonly json?: boolean;
}

interface Metrics extends MeasuredMetrics {
  readonly run: string;
  readonly entry: string;
  readonly step: number;
  readonly on: "validation" | "training";
  readonly rows: number;
  readonly loss: number;
  readonly accuracy?: number;
  /** What the classes are called, where the data says it. */
  readonly classNames?: readonly string[];
  readonly meanOwnAngle?: number;
  readonly meanOtherAngle?: number;
  readonly verification?: VerificationScores;
  readonly retrieval?: RetrievalScores;
}

export async function evaluate(folder: string, options: EvalOptions): Promise<ExitCode> {
  const metrics = await metricsOf(folder, options);
  if (isFault(metrics)) {
    tellFault(metrics);
    return exitFault;
  }
  await writeOut(options.json === true ? `${JSON.stringify(metrics, null, 2)}\n` : metricsText(metrics));
  return exitFine;
}

function metricsText(metrics: Metrics): string {
  const { entry, step, rows, on, loss, accuracy, metrics: own = {}, meanOwnAngle, meanOtherAngle } = metrics;
  const lines = [
    `${entry} after ${count(step)} steps, on ${count(rows)} ${on} rows`,
    `loss                         ${significant(loss)}`,
    ...(accuracy === undefined ? [] : [`accuracy                     ${percent(accuracy)}`]),
    ...Object.entries(own).flatMap(([name, value]) => [
      `${name.padEnd(28)} ${significant(value)}`,
      ...classLines(metrics, name),
    ]),
    ...(meanOwnAngle === undefined ? [] : [`mean angle to own class      ${degrees(meanOwnAngle)}`]),
    ...(meanOtherAngle === undefined ? [] : [`mean angle to nearest other  ${degrees(meanOtherAngle)}`]),
    ...(metrics.retrieval === undefined ? [] : retrievalLines(metrics.retrieval)),
    ...(metrics.verification === undefined ? [] : verificationLines(metrics.verification)),
  ];
  return `${lines.join("\n")}\n`;
}

/** A line a class where a metric has a number for each. */
function classLines({ metricsByClass = {}, classNames }: Metrics, name: string): readonly string[] {
  return (metricsByClass[name] ?? []).map(
    (value, index) =>
      `  ${className(classNames, index).padEnd(26)} ${value === null ? "none there" : significant(value)}`,
  );
}

function verificationLines(scores: VerificationScores): readonly string[] {
  const { rows, classes, samePairs, differentPairs, threshold } = scores;
  return [
    `verification, ${count(rows)} rows of ${count(classes)} classes: ${count(samePairs)} pairs of one class, ${count(differentPairs)} of two`,
    ...verificationFacts(scores).map(([name, value]) => `${name.padEnd(28)} ${value}`),
    `threshold at equal errors    cosine ${cosineText(threshold)}`,
  ];
}

function retrievalLines({ rows, ways }: RetrievalScores): readonly string[] {
  return [
    `retrieval among ${count(rows)} rows`,
    ...ways.map((way) => `${wayName(way).padEnd(28)} ${recallText(way)}`),
  ];
}

function metricsOf(folder: string, options: EvalOptions): Promise<Metrics | RuntimeFault> {
  return withTrainedRun(folder, options, async (run) => {
    const measured = await measure(run);
    if (isFault(measured)) return measured;
    return { run: folder, entry: run.info.entry, step: run.trainer.progress.step, ...measured };
  });
}

async function measure({
  program,
  training,
  trainer,
  context,
  labelNames,
}: TrainedRun): Promise<Omit<Metrics, "run" | "entry" | "step"> | RuntimeFault> {
  const { data, validation, batch } = training;
  const { executor } = trainer;
  const dataset = await openFitted(validation ?? data, executor.info, "evaluate", context);
  if (isFault(dataset)) return dataset;
  const classNames = dataset.labels[0]?.classNames;
  const strange = labelNames && strangeClass(dataset, labelNames, "the run");
  if (strange !== undefined) return strange;
  const unseen = await openVerification(training, executor, context);
  if (isFault(unseen)) return unseen;
  const collector = collectFeatures();
  const evaluation = await trainer.evaluate(dataset, training, collector.observe);
  if (isFault(evaluation)) return evaluation;
  const { loss, accuracy, metrics, metricsByClass } = evaluation;
  const retrieved = await retrieve(trainer, dataset, batch);
  const angles = await anglesOf(program, trainer, collector);
  return {
    on: validation === undefined ? "training" : "validation",
    rows: rowCount(dataset),
    loss,
    ...(accuracy === undefined ? {} : { accuracy }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(metricsByClass === undefined ? {} : { metricsByClass }),
    ...(metricsByClass === undefined || classNames === undefined ? {} : { classNames }),
    ...(angles === undefined
      ? {}
      : { meanOwnAngle: angles.own.mean, meanOtherAngle: angles.nearestOther.mean }),
    ...(retrieved === undefined ? {} : { retrieval: retrievalScores(retrieved) }),
    ...(unseen === undefined ? {} : { verification: scoresOf(await verify(trainer, unseen, batch)) }),
  };
}

async function anglesOf(
  program: Program,
  { executor }: Trainer,
  collector: FeatureCollector,
): Promise<AngleStatistics | undefined> {
  const rows = collector.collected();
  if (rows === undefined) return undefined;
  const weights = await readClassWeights(program, executor, rows.features.shape[1] ?? 0);
  return weights === undefined ? undefined : angleStatistics(rows, weights);
}

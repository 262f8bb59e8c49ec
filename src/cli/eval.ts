/** `margo eval`: metrics of a trained run, taken anew from its checkpoint. */
import { dirname, relative } from "node:path";
import { fitDataset, dataInputs, rowCount } from "../../runtime/dataset.ts";
import { isFault } from "../../runtime/errors.ts";
import { type NamedNumbers, createTrainer } from "../../runtime/trainer.ts";
import { angleStatistics, classWeights, classWeightsName } from "../angle-statistics.ts";
import { openDataset } from "../data/index.ts";
import { collectFeatures } from "../feature-collector.ts";
import { count, degrees, percent, significant } from "../report/numbers.ts";
import { readCheckpointFile, readRunInfo } from "../run-folder.ts";
import { programOf, sourceAt } from "./source.ts";
import { pathOfRun, startExecutor } from "./start-executor.ts";
import { type ExitCode, exitFault, exitFine, writeOut } from "./terminal.ts";
import { tellFault } from "./fault.ts";
import type { RuntimeFault } from "../../runtime/errors.ts";

export interface EvalOptions {
  readonly limit?: number;
  readonly json?: boolean;
}

interface Metrics {
  readonly run: string;
  readonly entry: string;
  readonly step: number;
  readonly on: "validation" | "training";
  readonly rows: number;
  readonly loss: number;
  readonly accuracy?: number;
  readonly metrics?: NamedNumbers;
  readonly meanOwnAngle?: number;
  readonly meanOtherAngle?: number;
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
    ...Object.entries(own).map(([name, value]) => `${name.padEnd(28)} ${significant(value)}`),
    ...(meanOwnAngle === undefined ? [] : [`mean angle to own class      ${degrees(meanOwnAngle)}`]),
    ...(meanOtherAngle === undefined ? [] : [`mean angle to nearest other  ${degrees(meanOtherAngle)}`]),
  ];
  return `${lines.join("\n")}\n`;
}

async function metricsOf(folder: string, { limit }: EvalOptions): Promise<Metrics | RuntimeFault> {
  const info = readRunInfo(folder);
  if (isFault(info)) return info;
  const checkpoint = readCheckpointFile(folder);
  if (isFault(checkpoint)) return checkpoint;
  const source = sourceAt(relative(process.cwd(), info.file));
  const program = await programOf(source, info.entry, { set: info.settings });
  if (program.training === undefined) throw new Error(`${info.entry} is no train`);
  const { data, validation, batch } = program.training;
  const target = info.target === "reference" || info.target === "wgsl" ? info.target : "tfjs";
  const executor = await startExecutor(program, target, source, {
    path: pathOfRun(info),
    budgetBytes: info.budget,
  });
  const trainer = await createTrainer(executor, info.seed);
  if (isFault(trainer)) return trainer;
  try {
    const unread = await trainer.load(checkpoint, folder);
    if (unread !== undefined) return unread;
    const opened = openDataset(validation ?? data, {
      directory: dirname(info.file),
      root: source.root,
      ...(limit === undefined ? {} : { limit }),
    });
    if (isFault(opened)) return opened;
    const evaluateInfo = executor.info.functions.find(({ name }) => name === "evaluate");
    const inputs = evaluateInfo === undefined ? undefined : dataInputs(evaluateInfo);
    const dataset = inputs === undefined ? opened : fitDataset(opened, inputs);
    if (isFault(dataset)) return dataset;
    const collector = collectFeatures();
    const evaluation = await trainer.evaluate(dataset, batch, collector.observe);
    if (isFault(evaluation)) return evaluation;
    const rows = collector.collected();
    const name = rows === undefined ? undefined : classWeightsName(program, rows.features.shape[1] ?? 0);
    const weights = name === undefined ? undefined : classWeights(name, await executor.read([name]));
    const angles = rows === undefined || weights === undefined ? undefined : angleStatistics(rows, weights);
    return {
      run: folder,
      entry: info.entry,
      step: trainer.progress.step,
      on: validation === undefined ? "training" : "validation",
      rows: rowCount(dataset),
      loss: evaluation.loss,
      ...(evaluation.accuracy === undefined ? {} : { accuracy: evaluation.accuracy }),
      ...(evaluation.metrics === undefined ? {} : { metrics: evaluation.metrics }),
      ...(angles === undefined
        ? {}
        : { meanOwnAngle: angles.own.mean, meanOtherAngle: angles.nearestOther.mean }),
    };
  } finally {
    trainer.dispose();
  }
}

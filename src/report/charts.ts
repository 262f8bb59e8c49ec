/** The pictures of a run as it went, over its steps. Each takes plain data and gives an `<svg>` in the colours of its page. */
import {
  type Points,
  ceiling,
  condensed,
  dots,
  grid,
  lineSeries,
  quantile,
  stepAxis,
  wide,
} from "./chart-parts.ts";
import { significant } from "./numbers.ts";
import type { RunData } from "./run-data.ts";
import { drawInline, legend, valueAxis } from "./svg.ts";
import { classColor, ink, muted } from "./theme.ts";

/** Training as it went, step by step, and validation after each epoch. */
export function lossChart({ steps, validation }: Pick<RunData, "steps" | "validation">): string {
  const batches = condensed(steps, ({ loss }) => loss);
  const top = quantile(
    batches.map(([, loss]) => loss),
    0.995,
  );
  return drawInline(
    {
      grid,
      legend: legend(),
      xAxis: stepAxis(steps),
      yAxis: valueAxis("loss", {
        nameGap: 36,
        min: 0,
        max: ceiling(Math.max(top, ...validation.map(({ loss }) => loss))),
      }),
      series: curves(
        batches,
        validation.map(({ step, loss }) => [step, loss]),
      ),
    },
    wide,
    "loss over the steps of the run",
  );
}

/** Undefined where the program has no scores. */
export function accuracyChart({
  steps,
  validation,
}: Pick<RunData, "steps" | "validation">): string | undefined {
  const batches = condensed(steps, ({ accuracy }) => accuracy);
  const checks = validation.flatMap(({ step, accuracy }) =>
    accuracy === undefined ? [] : [[step, accuracy * 100] as const],
  );
  if (batches.length === 0 && checks.length === 0) return undefined;
  const percent = batches.map(([step, accuracy]) => [step, accuracy * 100] as const);
  const low = quantile(
    [...percent, ...checks].map(([, value]) => value),
    0.1,
  );
  return drawInline(
    {
      grid,
      legend: legend(),
      xAxis: stepAxis(steps),
      yAxis: valueAxis("accuracy, %", { nameGap: 36, max: 100, min: low > 90 ? 90 : low > 50 ? 50 : 0 }),
      series: curves(percent, checks),
    },
    wide,
    "accuracy over the steps of the run",
  );
}

/** One picture for each of the run's own metrics, in training and after each epoch. */
export function metricCharts({
  steps,
  validation,
}: Pick<RunData, "steps" | "validation">): readonly { readonly svg: string; readonly title: string }[] {
  const names = new Set([...steps, ...validation].flatMap(({ metrics = {} }) => Object.keys(metrics)));
  return [...names].map((name) => {
    const checks = validation.flatMap(({ step, metrics }) =>
      metrics?.[name] === undefined ? [] : [[step, metrics[name]] as const],
    );
    const options = {
      grid,
      legend: legend(),
      xAxis: stepAxis(steps),
      yAxis: valueAxis(name, { nameGap: 36, scale: true }),
      series: curves(
        condensed(steps, ({ metrics }) => metrics?.[name]),
        checks,
      ),
    };
    return { title: name, svg: drawInline(options, wide, `${name} over the steps of the run`) };
  });
}

/** One picture a trace: λ, margins, rates. Traces that never move are left to the table of settings. */
export function traceCharts({ steps }: Pick<RunData, "steps">): readonly string[] {
  const names = [...new Set(steps.flatMap(({ traces }) => Object.keys(traces)))];
  return names.map((name, index) => {
    const points = condensed(steps, ({ traces }) => traces[name]);
    return drawInline(
      {
        grid: { ...grid, top: 40, left: 60 },
        title: { text: name, left: 8, top: 4, textStyle: { color: ink, fontSize: 13, fontWeight: 600 } },
        xAxis: stepAxis(steps),
        yAxis: traceAxis(points.map(([, value]) => value)),
        series: [lineSeries(name, classColor(index + 2), points)],
      },
      { width: 560, height: 240 },
      `${name} over the steps of the run`,
    );
  });
}

/** Logarithmic for what falls by orders of magnitude, over at most five of them. */
function traceAxis(values: readonly number[]): Record<string, unknown> {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const axisLabel = { color: muted, fontSize: 11, formatter: significant };
  if (!(low > 0 && high / low > 50)) return valueAxis("", { scale: true, axisLabel });
  return valueAxis("", {
    type: "log",
    min: 10 ** Math.floor(Math.log10(Math.max(low, high * 1e-5))),
    axisLabel,
  });
}

/** Training, and validation where there was one. */
function curves(training: Points, validation: Points): readonly object[] {
  const drawn = lineSeries("training", classColor(0), training);
  return validation.length === 0 ? [drawn] : [drawn, dots("validation", classColor(1), validation)];
}

/** The pictures of features: angles, the plane, who is taken for whom, pairs of rows. Each takes plain data and gives an `<svg>`. */
import { spreadPlaces } from "../../runtime/batches.ts";
import type { AngleStatistics, AngleSummary } from "../looks/angle-statistics.ts";
import type { FeaturePicture } from "../looks/feature-look.ts";
import type { AcceptRates, VerificationStatistics } from "../looks/verification.ts";
import {
  ceiling,
  dots,
  grid,
  lastStep,
  lineSeries,
  quantile,
  rounded,
  stepAxis,
  wide,
} from "./chart-parts.ts";
import type { Confusion } from "../looks/confusion.ts";
import { shareText } from "./numbers.ts";
import { type RunData, className } from "./run-data.ts";
import { drawInline, legend, valueAxis } from "./svg.ts";
import { classColor, ink, line, muted } from "./theme.ts";

/** How far rows lie from their own class direction and from the nearest other one. */
export function angleHistogram(statistics: AngleStatistics, reach = angleReach(statistics)): string {
  const { own, nearestOther, binDegrees } = statistics;
  return histograms(
    [
      ["to the own class", own],
      ["to the nearest other", nearestOther],
    ],
    {
      binDegrees,
      reach,
      of: "rows",
      label: "histogram of the angles to the own class and to the nearest other class",
    },
  );
}

/** How far rows of one class lie from each other, and rows of two. */
export function pairHistogram(statistics: VerificationStatistics, reach = pairReach(statistics)): string {
  const { same, different, binDegrees } = statistics;
  return histograms(
    [
      ["of one class", same],
      ["of two", different],
    ],
    { binDegrees, reach, of: "pairs", label: "histogram of the angles between rows of one class and of two" },
  );
}

/** How many degrees an axis needs, so that pictures beside each other may have one. */
export function angleReach({ own, nearestOther, binDegrees }: AngleStatistics): number {
  return reachOf([own, nearestOther], binDegrees);
}

export function pairReach({ same, different, binDegrees }: VerificationStatistics): number {
  return reachOf([same, different], binDegrees);
}

function reachOf(summaries: readonly AngleSummary[], binDegrees: number): number {
  const used = summaries.map(({ histogram }) => binDegrees * binOfQuantile(histogram, 0.99));
  return Math.ceil(Math.max(30, ...used) / 10) * 10;
}

interface HistogramWords {
  readonly binDegrees: number;
  readonly reach: number;
  readonly of: string;
  readonly label: string;
}

/** Two histograms of angles over each other, each in shares of its own. */
function histograms(
  named: readonly (readonly [string, AngleSummary])[],
  { binDegrees, reach, of, label }: HistogramWords,
): string {
  const bins = reach / binDegrees;
  const series = named.map(([name, { histogram }], index) => {
    const total = histogram.reduce((sum, count) => sum + count, 0);
    return {
      name,
      type: "bar",
      barWidth: (0.94 * (wide.width - grid.left - grid.right)) / bins,
      barGap: "-100%",
      itemStyle: { color: classColor(index), opacity: 0.72 },
      data: histogram
        .slice(0, bins)
        .map((count, bin) => [(bin + 0.5) * binDegrees, rounded((100 * count) / Math.max(total, 1))]),
    };
  });
  return drawInline(
    {
      grid,
      legend: legend(),
      xAxis: valueAxis("angle, degrees", { min: 0, max: bins * binDegrees, splitLine: { show: false } }),
      yAxis: valueAxis(`${of}, %`, { nameGap: 32 }),
      series,
    },
    wide,
    label,
  );
}

/** The error rate of pairs after each epoch: a line a run. */
export function equalErrorChart(runs: readonly Pick<RunData, "name" | "steps" | "verification">[]): string {
  const longest = runs.map(({ steps }) => steps).reduce((a, b) => (lastStep(a) >= lastStep(b) ? a : b), []);
  return drawInline(
    {
      grid,
      ...(runs.length > 1 ? { legend: legend() } : {}),
      xAxis: stepAxis(longest),
      yAxis: valueAxis("equal error rate, %", { nameGap: 36, min: 0 }),
      series: runs.map(({ name, verification }, index) =>
        dots(
          name,
          classColor(index),
          verification.map(({ step, equalErrorRate }) => [step, rounded(100 * equalErrorRate)]),
        ),
      ),
    },
    wide,
    "equal error rate of pairs over the steps of the run",
  );
}

/** How many pairs of one class are accepted where so many pairs of two are: a line a run. */
export function acceptChart(
  runs: readonly { readonly name: string; readonly curve: readonly AcceptRates[] }[],
): string {
  const points = ({ falseAcceptRate, trueAcceptRate }: AcceptRates) =>
    [rounded(falseAcceptRate), rounded(100 * trueAcceptRate)] as const;
  const lines = runs.map(({ name, curve }, index) => lineSeries(name, classColor(index), curve.map(points)));
  const least = Math.min(...runs.flatMap(({ curve }) => curve.map(({ falseAcceptRate }) => falseAcceptRate)));
  return drawInline(
    {
      grid: { ...grid, right: 28 },
      ...(runs.length > 1 ? { legend: legend() } : {}),
      xAxis: valueAxis("pairs of two classes accepted", {
        type: "log",
        min: 10 ** Math.floor(Math.log10(least)),
        max: 1,
        axisLabel: { color: muted, fontSize: 11, hideOverlap: true, formatter: shareText },
      }),
      yAxis: valueAxis("pairs of one class accepted, %", { nameGap: 36, scale: true, max: 100 }),
      series: lines,
    },
    wide,
    "pairs of one class accepted over pairs of two classes accepted",
  );
}

/** How many rows have their partner among the best so many: a line a way, or a run. */
export function matchChart(
  ways: readonly { readonly name: string; readonly curve: readonly (readonly [number, number])[] }[],
): string {
  const largest = Math.max(10, ...ways.flatMap(({ curve }) => curve.map(([rank]) => rank)));
  return drawInline(
    {
      grid: { ...grid, right: 28 },
      legend: legend(),
      xAxis: valueAxis("rank of the partner, at most", { type: "log", min: 1, max: largest }),
      yAxis: valueAxis("rows, %", { nameGap: 36, min: 0, max: 100 }),
      series: ways.map(({ name, curve }, index) =>
        lineSeries(
          name,
          classColor(index),
          curve.map(([rank, share]) => [rank, rounded(100 * share)] as const),
        ),
      ),
    },
    wide,
    "rows whose partner has at most a rank, over the rank",
  );
}

/** How many bins hold that share of the rows: a few stray ones would flatten the rest. */
function binOfQuantile(histogram: readonly number[], share: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  return histogram.findIndex((count) => (seen += count) >= share * total) + 1;
}

/** Two-dimensional features with the class directions as rays; a class of several centres has several rays. */
export function planePicture(picture: FeaturePicture, names: readonly string[] | undefined): string {
  const places = new Set(spreadPlaces(picture.points.length, 4000));
  const shown = picture.points.filter((_, at) => places.has(at));
  const lengths = picture.points.map(([x, y]) => Math.hypot(x, y));
  const reach = ceiling(quantile(lengths, 0.998) * 1.04);
  const axis = valueAxis("", {
    min: -reach,
    max: reach,
    splitNumber: 4,
    axisLabel: { color: muted, fontSize: 10, showMinLabel: false, showMaxLabel: false },
  });
  const labels = [...new Set(picture.points.map(([, , label]) => label))].sort((a, b) => a - b);
  const clouds = labels.map((label) => ({
    type: "scatter",
    symbolSize: 3,
    silent: true,
    clip: true,
    itemStyle: { color: classColor(label), opacity: 0.55 },
    data: shown.filter((point) => point[2] === label).map(([x, y]) => [rounded(x), rounded(y)]),
  }));
  return drawInline(
    {
      grid: { left: 34, right: 12, top: 12, bottom: 26 },
      xAxis: axis,
      yAxis: axis,
      series: [...clouds, ...rays(picture, labels, names, reach)],
    },
    { width: 480, height: 474 },
    "features on the plane with the directions of their classes",
  );
}

function rays(
  { directions }: FeaturePicture,
  labels: readonly number[],
  names: readonly string[] | undefined,
  reach: number,
): readonly object[] {
  const classes = (labels.at(-1) ?? 0) + 1;
  const centers = directions.length % classes === 0 ? directions.length / classes : 1;
  const isNamed = labels.some((label) => className(names, label).length > 2);
  const tip = reach * (isNamed ? 0.66 : 0.9);
  return directions.map(([wx, wy], at) => {
    const label = Math.floor(at / centers);
    const length = Math.hypot(wx, wy) || 1;
    const [x, y] = [wx / length, wy / length];
    return {
      type: "line",
      symbol: "none",
      silent: true,
      lineStyle: { color: ink, width: 1.2 },
      data: [[0, 0], { value: [rounded(x * tip), rounded(y * tip)] }],
      endLabel: {
        show: true,
        formatter: className(names, label),
        color: classColor(label),
        fontSize: 14,
        fontWeight: 700,
        distance: 0,
        offset: isNamed ? [x * 6, -y * 10] : [x * 12 - 4, -y * 12],
        ...(isNamed ? { align: x < 0 ? "right" : "left" } : {}),
      },
    };
  });
}

/** True classes in rows, what they are taken for in columns; a darker cell is a larger share of its row. */
export function confusionPicture(
  { worst, share }: Confusion,
  names: readonly string[] | undefined,
  takenFor = "predicted",
): string {
  const labels = worst.map((label) => className(names, label));
  const cells = worst.flatMap((actual, row) =>
    worst.map((guess, column) => [column, row, percentOf(share(actual, guess))] as const),
  );
  const largest = Math.max(1, ...cells.filter(([column, row]) => column !== row).map(([, , value]) => value));
  const longest = Math.min(120, Math.max(...labels.map((label) => label.length)) * 7);
  const axis = {
    type: "category",
    data: labels,
    axisLabel: { color: muted, fontSize: 11, interval: 0, width: 110, overflow: "truncate" },
    axisLine: { lineStyle: { color: line } },
    axisTick: { show: false },
    nameLocation: "middle",
    nameTextStyle: { color: muted, fontSize: 12 },
  };
  return drawInline(
    {
      grid: { left: 48 + longest, right: 16, top: 12, bottom: longest > 40 ? 46 + longest * 0.7 : 48 },
      xAxis: {
        ...axis,
        name: takenFor,
        nameGap: longest > 40 ? 20 + longest * 0.7 : 28,
        axisLabel: { ...axis.axisLabel, rotate: longest > 40 ? 40 : 0 },
      },
      yAxis: { ...axis, name: "true", nameGap: 22 + longest, inverse: true },
      series: [
        {
          type: "heatmap",
          label: {
            show: true,
            fontSize: 11,
            color: ink,
            formatter: ({ value }: { value: readonly number[] }) => cellText(value[2] ?? 0),
          },
          data: cells.map(([column, row, value]) => ({
            value: [column, row, value],
            itemStyle: {
              color: column === row ? line : shade(value / largest),
              borderColor: line,
              borderWidth: 1,
            },
          })),
        },
      ],
      // Demanded by the heat map; the cells have their own colours, which follow the page.
      visualMap: { show: false, min: 0, max: 100, inRange: { symbolSize: [1, 1] } },
    },
    { width: 560, height: 420 },
    "confusion of the classes with the most errors",
  );
}

/** Between the page's own colour and the hot one. */
function shade(share: number): string {
  return `color-mix(in srgb, var(--heat) ${Math.round(Math.min(1, share) * 80)}%, var(--paper))`;
}

function cellText(percent: number): string {
  return percent === 0 ? "" : percent >= 99.95 ? "100" : percent.toFixed(1);
}

function percentOf(share: number): number {
  return Math.round(share * 1000) / 10;
}

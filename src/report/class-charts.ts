/** Pictures of numbers that a loss keeps for each class. */
import type { ClassNumbers } from "../looks/class-variables.ts";
import type { Figure } from "./html.ts";
import { grid, lineSeries, rounded, wide } from "./chart-parts.ts";
import { significant } from "./numbers.ts";
import { className } from "./run-data.ts";
import { drawInline, valueAxis } from "./svg.ts";
import { classColor, line, muted } from "./theme.ts";

/** A dot a class with its name where there is room for them, else the values in rising order and the names of the ends. */
export function classNumbersFigure(numbers: ClassNumbers, names: readonly string[] | undefined): Figure {
  const title = numbers.name;
  const label = `${title} of each class`;
  return numbers.classes <= classesNamed
    ? { title, svg: named(numbers, names, label) }
    : { title, svg: rising(numbers, label), caption: endsText(numbers, names) };
}

const classesNamed = 30;

function named({ values }: ClassNumbers, names: readonly string[] | undefined, label: string): string {
  const words = values.map(([of]) => className(names, of));
  const longest = Math.min(120, Math.max(...words.map(({ length }) => length)) * 7);
  return drawInline(
    {
      grid: { left: 24 + longest, right: 56, top: 8, bottom: 28 },
      xAxis: valueAxis("", { scale: true }),
      yAxis: {
        type: "category",
        data: words,
        inverse: true,
        axisLabel: { color: muted, fontSize: 11, interval: 0, width: 110, overflow: "truncate" },
        axisLine: { lineStyle: { color: line } },
        axisTick: { show: false },
      },
      series: [
        {
          type: "scatter",
          symbolSize: 8,
          itemStyle: { color: classColor(0) },
          label: { show: true, position: "right", fontSize: 11, color: muted, formatter: shown },
          data: values.map(([, value], row) => [rounded(value), row]),
        },
      ],
    },
    { width: wide.width, height: 52 + 18 * values.length },
    label,
  );
}

function shown({ value: [value] }: { readonly value: readonly [number, number] }): string {
  return significant(value);
}

function rising({ values, classes }: ClassNumbers, label: string): string {
  const points = values.map(
    ([, value], at) => [Math.round((at * classes) / values.length), rounded(value)] as const,
  );
  return drawInline(
    {
      grid: { ...grid, top: 12 },
      xAxis: valueAxis("classes, smallest first", { min: 0, max: classes, splitLine: { show: false } }),
      yAxis: valueAxis("", { scale: true }),
      series: [lineSeries(label, classColor(0), points)],
    },
    wide,
    label,
  );
}

/** Which classes have the smallest and the largest numbers. */
function endsText({ smallest, largest }: ClassNumbers, names: readonly string[] | undefined): string {
  const listed = (ends: ClassNumbers["smallest"]) =>
    ends.map(([of, value]) => `${className(names, of)} ${significant(value)}`).join(", ");
  return `Smallest: ${listed(smallest)}. Largest: ${listed(largest)}.`;
}

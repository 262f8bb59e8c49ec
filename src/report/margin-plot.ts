/**
 * The sheet of `margo plot`: ψ(θ), what the own class scores at an angle, above its slope dψ/dθ, for any
 * number of margins, with the plain cosine's range as background.
 */
import { drawFile, legend, valueAxis } from "./svg.ts";
import { classColor, ink, line, muted } from "./theme.ts";

export interface MarginCurve {
  /** As it was written: `LSoftmax(m: 4)`. */
  readonly name: string;
  /** Degrees. */
  readonly theta: readonly number[];
  readonly psi: readonly number[];
  /** Per radian. */
  readonly slope: readonly number[];
}

const size = { width: 1040, height: 480 };

export function marginSheet(curves: readonly MarginCurve[]): string {
  const rows = Math.ceil(curves.length / 4);
  const top = 64 + rows * 22;
  const panels = [
    { title: "ψ(θ)", left: 60, values: (curve: MarginCurve) => curve.psi },
    { title: "dψ/dθ, per radian", left: 580, values: (curve: MarginCurve) => curve.slope },
  ];
  return drawFile(
    {
      title: panels.map(({ title, left }) => ({
        text: title,
        left: left - 20,
        top: top - 34,
        textStyle: { color: ink, fontSize: 14, fontWeight: 600 },
      })),
      legend: legend({
        left: 40,
        right: 40,
        top: 12,
        itemGap: 28,
        itemWidth: 22,
        data: curves.map(({ name }, index) => (isDashed(index) ? { name, icon: dashes } : { name })),
      }),
      grid: panels.map(({ left }) => ({ left, width: 430, top, bottom: 56 })),
      xAxis: panels.map((_, gridIndex) =>
        valueAxis("θ, degrees", {
          gridIndex,
          min: 0,
          max: 180,
          interval: 30,
          axisLine: { onZero: false, lineStyle: { color: muted } },
        }),
      ),
      yAxis: panels.map((_, gridIndex) => valueAxis("", { gridIndex, scale: true })),
      series: panels.flatMap(({ values }, panel) =>
        curves.map((curve, index) => ({
          type: "line",
          name: curve.name,
          symbol: "none",
          xAxisIndex: panel,
          yAxisIndex: panel,
          lineStyle: { color: classColor(index), width: 2, type: isDashed(index) ? "dashed" : "solid" },
          itemStyle: { color: classColor(index) },
          data: curve.theta.map((theta, at) => [theta, rounded(values(curve)[at])]),
          ...(index === 0 ? { markLine: zeroLine } : {}),
        })),
      ),
    },
    size,
    `curves of ${curves.map(({ name }) => name).join(", ")}`,
  );
}

/** Colours repeat after ten: then lines are dashed, and their samples in the legend. */
function isDashed(index: number): boolean {
  return index >= 10;
}

const dashes = "path://M0,0h9v4h-9zM13,0h9v4h-9z";

const zeroLine = {
  z: 0,
  silent: true,
  symbol: "none",
  label: { show: false },
  lineStyle: { color: line, type: "solid", width: 1.5 },
  data: [{ yAxis: 0 }],
};

function rounded(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(6));
}

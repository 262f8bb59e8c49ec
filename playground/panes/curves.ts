/**
 * ψ(θ) and its slope, drawn as SVG without a library: two panels over the same angles, a colour a margin, the plain
 * cosine behind them. What is drawn is what the compiler differentiates, evaluated in float64.
 */
import type { MarginCurve } from "../../src/report/margin-plot.ts";
import { make } from "../page.ts";

const colors = ["#4477dd", "#ee7733", "#009e73", "#cc3377", "#8855cc", "#aa8800"];
const size = { width: 520, height: 250, left: 44, right: 12, top: 26, bottom: 26 };

interface Panel {
  readonly title: string;
  readonly values: (curve: MarginCurve) => readonly number[];
  readonly plain: (radians: number) => number;
}

const panels: readonly Panel[] = [
  { title: "ψ(θ), what the own class scores", values: ({ psi }) => psi, plain: Math.cos },
  { title: "dψ/dθ, per radian", values: ({ slope }) => slope, plain: (radians) => -Math.sin(radians) },
];

export function showCurves(pane: HTMLElement, curves: readonly MarginCurve[]): void {
  if (curves.length === 0) {
    const text =
      "No margin here can be drawn: declare one, or use one in a train. Mistakes in the text come first.";
    pane.replaceChildren(make("p", { class: "empty" }, text));
    return;
  }
  const legend = curves.map(({ name }, at) => make("li", { "data-color": String(at) }, name));
  pane.replaceChildren(
    make("ul", { class: "legend" }, ...legend, make("li", { class: "plain" }, "cos θ, no margin")),
    ...panels.map((panel) => drawPanel(panel, curves)),
  );
}

function drawPanel(panel: Panel, curves: readonly MarginCurve[]): SVGElement {
  const { width, height, left, right, top, bottom } = size;
  const [low, high] = rangeOf(curves.flatMap(panel.values));
  const x = (degrees: number): number => left + (degrees / 180) * (width - left - right);
  const y = (value: number): number =>
    height - bottom - ((value - low) / (high - low)) * (height - top - bottom);
  const label = `${panel.title}: ${curves.map((curve) => describe(panel, curve)).join("; ")}`;
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  picture.append(text(panel.title, left, 14, "title"));
  for (const value of ticks(low, high)) {
    picture.append(svg("line", { class: "grid", x1: x(0), x2: x(180), y1: y(value), y2: y(value) }));
    picture.append(text(String(Number(value.toPrecision(3))), left - 6, y(value) + 4, "end"));
  }
  for (const degrees of [0, 45, 90, 135, 180]) {
    picture.append(
      svg("line", { class: "grid", x1: x(degrees), x2: x(degrees), y1: top, y2: height - bottom }),
    );
    picture.append(text(`${degrees}°`, x(degrees), height - 8, "middle"));
  }
  const plain = Array.from({ length: 91 }, (_, at) => 2 * at);
  const clip = (value: number): number => Math.min(Math.max(value, low), high);
  picture.append(
    pathOf(plain, (degrees) => y(clip(panel.plain((degrees * Math.PI) / 180))), x, "plain", 0),
    ...curves.map((curve, at) => {
      const values = panel.values(curve);
      return pathOf(curve.theta, (_, index) => y(clip(values[index] ?? 0)), x, "curve", at);
    }),
  );
  return picture;
}

/** Holds all values; a slope that shoots up at the end of its range does not flatten the rest. */
function rangeOf(values: readonly number[]): readonly [number, number] {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const [low, high] = [Math.min(-1, at(0.01)), Math.max(1, at(0.99))];
  const space = (high - low) * 0.05;
  return [low - space, high + space];
}

function ticks(low: number, high: number): readonly number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, at) => (first + at) * step);
}

function describe({ values }: Panel, curve: MarginCurve): string {
  const at = (degrees: number): string => (values(curve)[2 * degrees] ?? NaN).toFixed(2);
  return `${curve.name} is ${at(0)} at 0°, ${at(90)} at 90° and ${at(180)} at 180°`;
}

function pathOf(
  angles: readonly number[],
  height: (degrees: number, index: number) => number,
  x: (degrees: number) => number,
  className: string,
  color: number,
): SVGElement {
  const places = angles.map((degrees, at) => `${x(degrees).toFixed(1)} ${height(degrees, at).toFixed(1)}`);
  return svg("path", { class: className, "data-color": color, d: `M${places.join("L")}` });
}

function text(content: string, x: number, y: number, className: string): SVGElement {
  const made = svg("text", { x, y, class: className });
  made.textContent = content;
  return made;
}

function svg(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  const color = attributes["data-color"];
  if (color !== undefined && attributes["class"] === "curve")
    made.style.stroke = colors[Number(color) % colors.length] ?? "";
  return made;
}

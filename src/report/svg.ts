/**
 * Pictures by echarts without a browser: options in, SVG text out. Nothing moves, since a report is read,
 * printed and mailed.
 */
import { BarChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import {
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
  VisualMapComponent,
} from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { darkCss, fontFamily, ink, lightColor, line, muted } from "./theme.ts";

use([
  BarChart,
  HeatmapChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
  VisualMapComponent,
  SVGRenderer,
]);

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** An `<svg>` element that takes its colours from the page around it and scales with it. */
export function drawInline(option: EChartsCoreOption, size: Size, label: string): string {
  return asResponsive(draw(option, size), size, label);
}

/**
 * A whole SVG file. Its colours stand in the attributes, since what draws SVG outside of browsers knows no variables; a
 * browser takes the dark ones where its reader wants them.
 */
export function drawFile(option: EChartsCoreOption, size: Size, label: string): string {
  const paper = `<rect width="${size.width}" height="${size.height}" fill="${lightColor("paper")}"/>`;
  const svg = asResponsive(draw(option, size), size, label).replace(/var\(--(\w+)\)/g, (_, name: string) =>
    lightColor(name),
  );
  return `${svg.replace(/>/, `><style>${darkCss()}</style>${paper}`)}\n`;
}

function draw(option: EChartsCoreOption, { width, height }: Size): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: "transparent",
      textStyle: { fontFamily, color: ink },
      ...option,
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/**
 * What echarts writes for hovering is of no use here, and its dots are long: without them a picture of
 * thousands of points is a third of the size. Ids of echarts repeat from picture to picture; on one page they
 * must not.
 */
function asResponsive(svg: string, { width, height }: Size, label: string): string {
  const prefix = `p${pictures++}-`;
  return svg
    .replace(/ (?:ecmeta_\w+|class)="[^"]*"/g, "")
    .replace(/<style[\s\S]*?<\/style>/g, "")
    .replace(
      dotPattern,
      (_, radius: string, x: string, y: string, rest: string) =>
        `<circle r="${radius}" cx="${short(x)}" cy="${short(y)}"${rest}/>`,
    )
    .replace(
      /^<svg[^>]*>/,
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 ${width} ${height}" role="img" aria-label="${attribute(label)}">`,
    )
    .replace(/\bid="([^"]+)"/g, `id="${prefix}$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${prefix}$1)`)
    .replace(/href="#([^"]+)"/g, `href="#${prefix}$1"`);
}

const dotPattern =
  /<path d="M1 0A1 1 0 1 1 1 -0\.1A1 1 0 0 1 1 0" transform="matrix\(([\d.]+),0,0,\1,([-\d.]+),([-\d.]+)\)"([^>]*)><\/path>/g;

function short(coordinate: string): string {
  return String(Math.round(Number(coordinate) * 10) / 10);
}

let pictures = 0;

function attribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

/** An axis of numbers in the house style. */
export function valueAxis(
  name: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    type: "value",
    name,
    nameLocation: "middle",
    nameGap: 28,
    nameTextStyle: { color: muted, fontSize: 12 },
    axisLabel: { color: muted, fontSize: 11, hideOverlap: true },
    axisLine: { show: true, lineStyle: { color: line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: line } },
    ...more,
  };
}

export function legend(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    top: 0,
    right: 12,
    itemGap: 20,
    icon: "roundRect",
    itemWidth: 14,
    itemHeight: 4,
    textStyle: { color: ink, fontSize: 12 },
    ...more,
  };
}

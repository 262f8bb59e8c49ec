/** Images beside their maps of classes, the true one and the predicted one, in the colours of the page. */
import { type LabelMap, noClass } from "../looks/label-maps.ts";
import { type Figure, escapeHtml } from "./html.ts";
import { count } from "./numbers.ts";
import { pngAddress } from "./png.ts";
import { className } from "./run-data.ts";
import { classColor, fontFamily, line, muted } from "./theme.ts";

/** A picture a row of the data. */
export function labelMapFigures(
  maps: readonly LabelMap[],
  names: readonly string[] | undefined,
): readonly Figure[] {
  return maps.map((map) => {
    const [truth, predicted] = [bytesOf(map.truth), bytesOf(map.predicted)];
    const counted = truth.filter((label) => label !== noClass).length;
    const right = truth.filter((label, at) => label !== noClass && label === predicted[at]).length;
    return {
      svg: picture(map, truth, predicted, names),
      title: `Row ${count(map.row)}`,
      caption:
        counted === 0
          ? "No pixel has a class."
          : `${((100 * right) / counted).toFixed(1)} % of the pixels shown that have a class are right.`,
    };
  });
}

const [side, gap, head, key] = [200, 12, 22, 22] as const;

function picture(
  map: LabelMap,
  truth: Uint8Array,
  predicted: Uint8Array,
  names: readonly string[] | undefined,
): string {
  const { height, width, channels, image, row } = map;
  const scale = side / Math.max(height, width);
  const panels: readonly (readonly [string, string])[] = [
    [
      "image",
      `<image href="${pngAddress(bytesOf(image), height, width, channels)}" width="${width}" height="${height}" style="image-rendering:pixelated"/>`,
    ],
    ["true", mapPaths(truth, width, height)],
    ["predicted", mapPaths(predicted, width, height)],
  ];
  const labels = [...new Set([...truth, ...predicted])].sort((a, b) => a - b);
  const total = { width: 3 * side + 2 * gap, height: head + height * scale + gap + key * keyLines(labels) };
  const drawn = panels.map(
    ([title, content], at) =>
      `<text x="${at * (side + gap)}" y="14" fill="${muted}" font-size="12">${title}</text>` +
      `<g transform="translate(${at * (side + gap)} ${head}) scale(${scale})" shape-rendering="crispEdges">${content}</g>`,
  );
  const top = head + height * scale + gap;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total.width} ${total.height}" role="img" aria-label="row ${row}: image, true and predicted classes" font-family="${escapeHtml(fontFamily)}">${drawn.join("")}${legend(labels, names, top)}</svg>`;
}

/** A path a class, a stretch of a line at a time. */
function mapPaths(map: Uint8Array, width: number, height: number): string {
  const paths = new Map<number, string[]>();
  for (let y = 0; y < height; y++)
    for (let from = 0, x = 1; x <= width; x++) {
      const label = map[y * width + from] ?? noClass;
      if (x < width && map[y * width + x] === label) continue;
      const stretches = paths.get(label) ?? [];
      stretches.push(`M${from} ${y}h${x - from}v1h${from - x}z`);
      paths.set(label, stretches);
      from = x;
    }
  return [...paths]
    .map(([label, stretches]) => `<path ${paintOf(label)} d="${stretches.join("")}"/>`)
    .join("");
}

/** The page has ten colours: the next ten classes have them fainter, and those after them fainter still. */
function paintOf(label: number): string {
  const faint = ["", ' fill-opacity="0.55"', ' fill-opacity="0.28"'];
  return label === noClass
    ? `fill="${line}"`
    : `fill="${classColor(label)}"${faint[Math.floor(label / 10) % faint.length] ?? ""}`;
}

const perLine = 6;

function keyLines(labels: readonly number[]): number {
  return Math.ceil(labels.length / perLine);
}

function legend(labels: readonly number[], names: readonly string[] | undefined, top: number): string {
  const step = (3 * side + 2 * gap) / perLine;
  return labels
    .map((label, at) => {
      const [x, y] = [(at % perLine) * step, top + Math.floor(at / perLine) * key];
      const name = label === noClass ? "no class" : className(names, label);
      const text = name.length > 13 ? `${name.slice(0, 12)}…` : name;
      return `<rect x="${x}" y="${y}" width="11" height="11" rx="2" ${paintOf(label)}/><text x="${x + 16}" y="${y + 10}" fill="${muted}" font-size="11">${escapeHtml(text)}</text>`;
    })
    .join("");
}

function bytesOf(base64: string): Uint8Array {
  return Buffer.from(base64, "base64");
}

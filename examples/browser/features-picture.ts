/**
 * The plane: every shown digit as a dot where the network puts it, every class as a ray from the origin with its
 * digit at the end. Between two pictures the dots glide, unless the reader asked for less motion.
 */
import { type Surface, digitColors, drawnCanvas } from "./canvas.ts";

export interface Picture {
  readonly points: Float32Array;
  readonly labels: Uint8Array;
  readonly directions: Float32Array;
}

const glideMs = 250;

export function featuresPicture(canvas: HTMLCanvasElement): { readonly show: (picture: Picture) => void } {
  let shown: Picture | undefined;
  let from: Float32Array | undefined;
  let since = 0;
  let extent = 1;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const { ask } = drawnCanvas(canvas, (surface, time) => {
    if (shown === undefined) return;
    const share = still.matches ? 1 : Math.min(1, Math.max(0, (time - since) / glideMs));
    const points = between(from, shown.points, share);
    // The scale follows slowly, so that the eye sees the dots move and not the frame.
    extent += (extentOf(points) - extent) * (still.matches ? 1 : 0.2);
    drawPlane(surface, { ...shown, points }, extent);
    if (share < 1) ask();
  });
  return {
    show: (picture) => {
      const now = performance.now();
      from = shown === undefined ? undefined : between(from, shown.points, (now - since) / glideMs);
      if (shown === undefined) extent = extentOf(picture.points);
      shown = picture;
      since = now;
      ask();
    },
  };
}

function between(from: Float32Array | undefined, to: Float32Array, share: number): Float32Array {
  if (from === undefined || from.length !== to.length || share >= 1) return to;
  const eased = share * share * (3 - 2 * share);
  return to.map((value, at) => (from[at] ?? 0) + (value - (from[at] ?? 0)) * eased);
}

/** Holds all but the farthest two of a hundred. */
function extentOf(points: Float32Array): number {
  const sizes = Float32Array.from({ length: points.length / 2 }, (_, at) =>
    Math.hypot(points[2 * at] ?? 0, points[2 * at + 1] ?? 0),
  ).sort();
  return (sizes[Math.floor(sizes.length * 0.98)] ?? 1) * 1.15 || 1;
}

function drawPlane({ context, width, height, color }: Surface, picture: Picture, extent: number): void {
  const radius = Math.min(width, height) / 2 - 24;
  const place = (x: number, y: number): readonly [number, number] => [
    width / 2 + (x / extent) * radius,
    height / 2 - (y / extent) * radius,
  ];
  drawAxes(context, width, height, color("--line"));
  const { points, labels, directions } = picture;
  context.lineWidth = 1.5;
  for (let digit = 0; digit < directions.length / 2; digit++) {
    const [x = 0, y = 0] = directions.subarray(2 * digit, 2 * digit + 2);
    const length = Math.hypot(x, y) || 1;
    const [toX, toY] = place((x / length) * extent, (y / length) * extent);
    context.strokeStyle = context.fillStyle = digitColors[digit % 10] ?? "";
    context.globalAlpha = 0.55;
    line(context, width / 2, height / 2, toX, toY);
    context.globalAlpha = 1;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(String(digit), toX + (12 * x) / length, toY - (12 * y) / length);
  }
  context.globalAlpha = 0.75;
  for (let at = 0; at < labels.length; at++) {
    const [x, y] = place(points[2 * at] ?? 0, points[2 * at + 1] ?? 0);
    context.fillStyle = digitColors[(labels[at] ?? 0) % 10] ?? "";
    context.beginPath();
    context.arc(x, y, 2.5, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawAxes(context: CanvasRenderingContext2D, width: number, height: number, color: string): void {
  context.strokeStyle = color;
  context.lineWidth = 1;
  line(context, 0, height / 2, width, height / 2);
  line(context, width / 2, 0, width / 2, height);
}

function line(context: CanvasRenderingContext2D, x: number, y: number, toX: number, toY: number): void {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(toX, toY);
  context.stroke();
}

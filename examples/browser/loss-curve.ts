/**
 * The loss over the steps of a run: each step faintly, and a moving mean that the eye can follow. Of a long run every
 * so many steps are kept, so that drawing costs the same at the end as at the beginning.
 */
import { type Surface, drawnCanvas } from "./canvas.ts";

export interface LossCurve {
  readonly add: (step: number, loss: number) => void;
  readonly clear: () => void;
}

interface Point {
  readonly step: number;
  readonly loss: number;
  readonly mean: number;
}

const mostPoints = 1200;

export function lossCurve(canvas: HTMLCanvasElement): LossCurve {
  let points: readonly Point[] = [];
  const { ask } = drawnCanvas(canvas, (surface) => drawCurve(surface, points));
  return {
    add: (step, loss) => {
      // A run that begins anew, or behind a lost device, replaces what it repeats.
      if (step <= (points.at(-1)?.step ?? 0)) points = points.filter((point) => point.step < step);
      const before = points.at(-1);
      const mean = before === undefined ? loss : before.mean + (loss - before.mean) * 0.05;
      points = [...points, { step, loss, mean }];
      if (points.length > mostPoints) points = points.filter((_, at) => at % 2 === 0);
      ask();
    },
    clear: () => {
      points = [];
      ask();
    },
  };
}

const left = 34;
const bottom = 18;

function drawCurve({ context, width, height, color }: Surface, points: readonly Point[]): void {
  const last = points.at(-1);
  const steps = Math.max(50, last?.step ?? 0);
  const most = niceAbove(Math.max(0.5, ...points.map(({ mean }) => mean)) * 1.15);
  const x = (step: number): number => left + (step / steps) * (width - left - 8);
  const y = (loss: number): number => height - bottom - (Math.min(loss, most) / most) * (height - bottom - 8);
  context.fillStyle = color("--quiet");
  context.strokeStyle = color("--line");
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const share of [0, 0.5, 1]) {
    context.fillText(String(Number((most * share).toPrecision(2))), left - 6, y(most * share));
    path(context, [
      [left, y(most * share)],
      [width - 8, y(most * share)],
    ]);
  }
  context.textBaseline = "alphabetic";
  context.fillText(`step ${last?.step ?? 0}`, width - 8, height - 4);
  context.strokeStyle = color("--accent");
  context.globalAlpha = 0.3;
  path(
    context,
    points.map(({ step, loss }) => [x(step), y(loss)]),
  );
  context.globalAlpha = 1;
  context.lineWidth = 2;
  path(
    context,
    points.map(({ step, mean }) => [x(step), y(mean)]),
  );
}

/** The next number of 1, 2, 3 or 5 times a power of ten. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 5, 10].map((factor) => factor * power).find((nice) => nice >= value) ?? value;
}

function path(context: CanvasRenderingContext2D, places: readonly (readonly [number, number])[]): void {
  context.beginPath();
  for (const [x, y] of places) context.lineTo(x, y);
  context.stroke();
}

/** What the drawings share: a canvas as sharp as its screen, the page's colours, and one frame at a time. */

/** Colours of the ten digits, told apart by most eyes on light and on dark ground. */
export const digitColors = [
  "#4477dd",
  "#ee7733",
  "#009e73",
  "#cc3377",
  "#aa8800",
  "#8855cc",
  "#11a5c8",
  "#c0504d",
  "#66a61e",
  "#777f8c",
] as const;

export interface Surface {
  readonly context: CanvasRenderingContext2D;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** The value of a CSS variable where the canvas stands. */
  readonly color: (name: string) => string;
}

export type Draw = (surface: Surface, time: number) => void;

/**
 * Calls `draw` in the next frame after `ask`, once however often it was asked, and again when the size or the
 * colour scheme changes. A tab in the background has no frames, so nothing is drawn there.
 */
export function drawnCanvas(canvas: HTMLCanvasElement, draw: Draw): { readonly ask: () => void } {
  let asked = false;
  const ask = (): void => {
    if (asked) return;
    asked = true;
    requestAnimationFrame((time) => {
      asked = false;
      const surface = surfaceOf(canvas);
      if (surface !== undefined) draw(surface, time);
    });
  };
  new ResizeObserver(ask).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ask);
  return { ask };
}

function surfaceOf(canvas: HTMLCanvasElement): Surface | undefined {
  const context = canvas.getContext("2d");
  const { clientWidth: width, clientHeight: height } = canvas;
  if (context === null || width === 0 || height === 0) return undefined;
  const scale = globalThis.devicePixelRatio;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  context.font = `12px ${style.fontFamily}`;
  return { context, width, height, color: (name) => style.getPropertyValue(name) };
}

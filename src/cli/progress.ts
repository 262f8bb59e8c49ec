/**
 * The progress of a run: a moving bar where there is a terminal, and lines that stay (run-lines.ts).
 * It only listens to the run's events.
 */
import { type SingleBar, type Presets } from "cli-progress";
import type { CompileListener } from "../../runtime/webgpu/pipelines.ts";
import type { RunEvent } from "../runs/train.ts";
import { count, duration, percent, significant } from "../report/numbers.ts";
import { cyan, dim } from "./colors.ts";
import { createRunLines } from "./run-lines.ts";
import { animated, paint, say } from "./terminal.ts";

export interface Progress {
  /** What the run runs on, which is told when it begins. */
  readonly nameDevice: (text: string) => void;
  readonly onEvent: (event: RunEvent) => void;
  /** Of the kernels of a GPU run, while they are compiled. */
  readonly onCompiled: CompileListener;
  /** Takes the bar away; what follows starts on a fresh line. */
  readonly stop: () => void;
}

export async function showProgress(name: string): Promise<Progress> {
  const bar = animated() ? await createBar(name) : undefined;
  const compiling = showCompiling(name);
  const lines = createRunLines({ isMoving: bar !== undefined });
  const stay = (told: readonly string[]): void => {
    if (told.length > 0) bar?.clear();
    for (const line of told) say(`${paint(cyan, name)} ${line}`);
  };
  let device: string | undefined;
  return {
    nameDevice: (text) => (device = text),
    onCompiled: compiling.onCompiled,
    onEvent: (event) => {
      bar?.onEvent(event);
      if (event.kind === "start" && device !== undefined) stay([paint(dim, device)]);
      const compiled = event.kind === "step" ? compiling.onStep() : undefined;
      if (compiled !== undefined) stay([paint(dim, compiled)]);
      stay(lines.hear(event));
    },
    stop: () => {
      stay(lines.rest());
      bar?.stop();
    },
  };
}

/** Of data that come in many files: on a terminal a count that moves, ten times a second. */
export function showReading(name: string): (read: number, of: number) => void {
  let shownAt = performance.now();
  return (read, of) => {
    if (!animated() || (performance.now() < shownAt + 100 && read < of)) return;
    shownAt = performance.now();
    process.stderr.write(
      `\r\u001b[K${read === of ? "" : `${name} reading files ${count(read)}/${count(of)}`}`,
    );
  };
}

interface Compiling {
  readonly onCompiled: CompileListener;
  /** At the first step, where kernels were compiled: how many, and how long it took to get there. */
  readonly onStep: () => string | undefined;
}

/** Kernels are compiled before the first step; those of an evaluation or a last batch later come with it. */
function showCompiling(name: string): Compiling {
  const startedAt = performance.now();
  let compiled = 0;
  let stepped = false;
  return {
    onCompiled: (ready, asked) => {
      compiled = ready;
      if (!stepped && animated())
        process.stderr.write(`\r\u001b[K${name} compiling kernels ${ready}/${asked}`);
    },
    onStep: () => {
      if (stepped) return undefined;
      stepped = true;
      const seconds = (performance.now() - startedAt) / 1000;
      return compiled === 0
        ? undefined
        : `${count(compiled)} kernels compiled, first step after ${duration(seconds)}`;
    },
  };
}

interface Bar {
  readonly onEvent: (event: RunEvent) => void;
  readonly clear: () => void;
  readonly stop: () => void;
}

async function createBar(name: string): Promise<Bar> {
  const { default: library }: { default: { SingleBar: typeof SingleBar; Presets: typeof Presets } } =
    await import("cli-progress");
  const bar = new library.SingleBar(
    {
      format: `${name} {bar} {value}/{total} · loss {loss}{accuracy}{metrics} · {rate} rows/s · {left} left`,
      clearOnComplete: true,
      hideCursor: true,
      stopOnComplete: false,
      forceRedraw: true,
      barsize: 24,
      stream: process.stderr,
    },
    library.Presets.shades_classic,
  );
  const values = { loss: "–", accuracy: "", metrics: "", rate: "–", left: "–" };
  return {
    onEvent: (event) => {
      if (event.kind === "start") bar.start(event.totalSteps, event.step, values);
      if (event.kind === "step") bar.update(event.step, stepValues(event));
    },
    clear: () => process.stderr.write("\r\u001b[K"),
    stop: () => bar.stop(),
  };
}

function stepValues(event: Extract<RunEvent, { kind: "step" }>): Record<string, string> {
  return {
    loss: significant(event.loss),
    accuracy: event.accuracy === undefined ? "" : ` · accuracy ${percent(event.accuracy)}`,
    metrics: Object.entries(event.metrics ?? {})
      .map(([name, value]) => ` · ${name} ${significant(value)}`)
      .join(""),
    rate: count(Math.round(event.rowsPerSecond)),
    left: duration(event.timeLeft),
  };
}

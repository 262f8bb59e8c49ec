/**
 * The progress of a run: a moving bar where there is a terminal, one line an epoch where there is none.
 * It only listens to the run's events.
 */
import { type SingleBar, type Presets } from "cli-progress";
import type { CompileListener } from "../../runtime/webgpu/pipelines.ts";
import type { NamedNumbers } from "../../runtime/metrics.ts";
import type { RunEvent, WeightsEvent } from "../train.ts";
import { count, degrees, duration, percent, significant } from "../report/numbers.ts";
import { verificationHeadline } from "../report/verification-facts.ts";
import { cyan, dim } from "./colors.ts";
import { animated, paint, say } from "./terminal.ts";

export interface Progress {
  readonly onEvent: (event: RunEvent) => void;
  /** Of the kernels of a GPU run, while they are compiled. */
  readonly onCompiled: CompileListener;
  /** Takes the bar away; what follows starts on a fresh line. */
  readonly stop: () => void;
}

export async function showProgress(name: string): Promise<Progress> {
  const bar = animated() ? await createBar(name) : undefined;
  const compiling = showCompiling(name);
  return {
    onCompiled: compiling.onCompiled,
    onEvent: (event) => {
      bar?.onEvent(event);
      const compiled = event.kind === "step" ? compiling.onStep() : undefined;
      if (compiled !== undefined) {
        bar?.clear();
        say(`${paint(cyan, name)} ${paint(dim, compiled)}`);
      }
      const line = lineOf(event);
      if (line === undefined) return;
      bar?.clear();
      say(`${paint(cyan, name)} ${line}`);
    },
    stop: () => bar?.stop(),
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

/** What stays on the screen: one line an epoch and what was found after it. */
function lineOf(event: RunEvent): string | undefined {
  switch (event.kind) {
    case "start":
      return paint(dim, startText(event));
    case "weights":
      return weightsText(event);
    case "epoch":
      return `epoch ${event.epoch + 1}: ${scores("training", event)} ${paint(dim, `in ${duration(event.seconds)}`)}`;
    case "evaluation":
      return `epoch ${event.epoch + 1}: ${scores("validation", event)}`;
    case "angles":
      return `epoch ${event.epoch + 1}: mean angle to the own class ${degrees(event.own)}, to the nearest other ${degrees(event.nearestOther)}`;
    case "verification": {
      const facts = verificationHeadline(event).map(([name, value]) => `${name} ${value}`);
      return `epoch ${event.epoch + 1}: verification ${facts.join(", ")}`;
    }
    case "replay":
      return `the loss is no number: running steps ${event.from} to ${event.to} again to find where it began`;
    case "recovery":
      return `${event.reason}; going on after step ${event.step} on another one`;
    case "step":
    case "checkpoint":
      return undefined;
  }
  return event satisfies never;
}

function startText({
  rows,
  batchesPerEpoch,
  totalSteps,
  step,
}: Extract<RunEvent, { kind: "start" }>): string {
  const left =
    step < totalSteps
      ? `${count(totalSteps - step)} steps to go`
      : `nothing to do: the run has made ${count(step)} of ${count(totalSteps)} steps (--epochs gives it more)`;
  return `${count(rows)} rows, ${count(batchesPerEpoch)} steps an epoch, ${left}`;
}

function weightsText({ from, taken, fresh }: WeightsEvent): string {
  const left = fresh.map(({ name, type, found }) =>
    found === undefined ? name : `${name} (${found} there, ${type} here)`,
  );
  const anew = left.length === 0 ? "" : `; begun anew: ${left.join(", ")}`;
  return `weights from ${from}: ${taken.length} of ${taken.length + fresh.length}${anew}`;
}

interface Scored {
  readonly loss: number;
  readonly accuracy?: number;
  readonly metrics?: NamedNumbers;
}

function scores(what: string, { loss, accuracy, metrics = {} }: Scored): string {
  const correct = accuracy === undefined ? "" : `, accuracy ${percent(accuracy)}`;
  const others = Object.entries(metrics).map(([name, value]) => `, ${name} ${significant(value)}`);
  return `${what} loss ${significant(loss)}${correct}${others.join("")}`;
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

/**
 * The lines of a run that stay on the screen and in a log: one an epoch with all that was measured of it, and one each of its
 * retrieval and its verification. What belongs to an epoch comes as several events, so its line is told with the last of them.
 */
import type { NamedNumbers } from "../../runtime/metrics.ts";
import { count, degrees, duration, percent, significant } from "../report/numbers.ts";
import { recallText, wayName } from "../report/retrieval-text.ts";
import { verificationHeadline } from "../report/verification-facts.ts";
import type { RunEvent, WeightsEvent } from "../runs/train.ts";
import { dim } from "./colors.ts";
import { paint } from "./terminal.ts";

export interface RunLines {
  /** The lines that an event completes. */
  readonly hear: (event: RunEvent) => readonly string[];
  /** What the last events left. */
  readonly rest: () => readonly string[];
}

/** Where no bar moves, a line at each checkpoint within an epoch says how far the run is. */
export function createRunLines({ isMoving }: { readonly isMoving: boolean }): RunLines {
  let epoch: Epoch | undefined;
  let epochEnd = 0;
  let totalSteps = 0;
  let latest: StepEvent | undefined;
  const rest = (): readonly string[] => {
    const told = epoch === undefined ? [] : [epochText(epoch)];
    epoch = undefined;
    return told;
  };
  const hear = (event: RunEvent): readonly string[] => {
    switch (event.kind) {
      case "start":
        totalSteps = event.totalSteps;
        return [paint(dim, startText(event))];
      case "weights":
        return [weightsText(event)];
      case "step":
        latest = event;
        return rest();
      case "epoch":
        epoch = { trained: event };
        epochEnd = event.step;
        return [];
      case "evaluation":
        epoch = epoch && { ...epoch, validated: event };
        return [];
      case "angles":
        epoch = epoch && { ...epoch, angles: event };
        return [];
      case "verification":
        return [...rest(), verificationText(event)];
      case "retrieval":
        return [...rest(), retrievalText(event)];
      case "checkpoint":
        if (event.step === epochEnd) return rest();
        return isMoving || latest === undefined ? [] : [paint(dim, stepText(latest, totalSteps))];
      case "replay":
        return [
          ...rest(),
          `the loss is no number: running steps ${event.from} to ${event.to} again to find where it began`,
        ];
      case "recovery":
        return [...rest(), `${event.reason}; going on after step ${event.step} on another one`];
    }
    return event satisfies never;
  };
  return { hear, rest };
}

type EventOf<K extends RunEvent["kind"]> = Extract<RunEvent, { readonly kind: K }>;
type StepEvent = EventOf<"step">;

/** What is known of an epoch so far. */
interface Epoch {
  readonly trained: EventOf<"epoch">;
  readonly validated?: EventOf<"evaluation">;
  readonly angles?: EventOf<"angles">;
}

function epochText({ trained, validated, angles }: Epoch): string {
  const facts = [
    scores("training", trained),
    ...(validated === undefined ? [] : [scores("validation", validated)]),
    ...(angles === undefined
      ? []
      : [`angle to the own class ${degrees(angles.own)}, nearest other ${degrees(angles.nearestOther)}`]),
  ];
  return `epoch ${count(trained.epoch + 1)}: ${facts.join(" · ")} ${paint(dim, `in ${duration(trained.seconds)}`)}`;
}

function verificationText(event: EventOf<"verification">): string {
  const facts = verificationHeadline(event).map(([name, value]) => `${name} ${value}`);
  return `epoch ${count(event.epoch + 1)}: verification ${facts.join(", ")}`;
}

function retrievalText({ epoch, rows, ways }: EventOf<"retrieval">): string {
  const found = ways.map((way) => `${wayName(way)} ${recallText(way)}`);
  return `epoch ${count(epoch + 1)}: retrieval among ${count(rows)} rows: ${found.join("; ")}`;
}

function stepText({ step, loss, rowsPerSecond, timeLeft }: StepEvent, totalSteps: number): string {
  return `step ${count(step)} of ${count(totalSteps)}: loss ${significant(loss)}, ${count(Math.round(rowsPerSecond))} rows/s, ${duration(timeLeft)} left`;
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

/** The worker of the page: opens a program on the target that the page asks for and trains it. */
import { type Trainer, createTrainer, isFault, openProgram, planOf } from "margo-lang/runtime";
import { Margin1, Margin2, Margin3, Margin4 } from "./digits.margo";
import { type Digits, loadDigits } from "./digits.ts";
import { type SessionMessage, runSession } from "./session.ts";

export type WorkerRequest =
  | {
      readonly kind: "train";
      readonly margin: number;
      readonly target: "auto" | "wgsl" | "tfjs";
      readonly fresh: boolean;
      readonly digits: string;
    }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" };

const programs = [Margin1, Margin2, Margin3, Margin4];

let digits: Promise<Digits> | undefined;
let session: { readonly stop: AbortController; readonly done: Promise<Trainer | undefined> } | undefined;
let paused: { readonly go: () => void; readonly gone: Promise<void> } | undefined;

const post = (message: SessionMessage): void => self.postMessage(message);

self.addEventListener("message", ({ data }: MessageEvent<WorkerRequest>) => {
  switch (data.kind) {
    case "train":
      start(data);
      return;
    case "pause":
      paused ??= gate();
      return;
    case "resume":
      resume();
      return;
  }
  data satisfies never;
});

/** One session at a time: the one before is stopped, and lends its variables unless a fresh start is wanted. */
function start(request: Extract<WorkerRequest, { kind: "train" }>): void {
  const before = session;
  before?.stop.abort();
  resume();
  const stop = new AbortController();
  session = { stop, done: train(request, before?.done, stop.signal) };
}

function resume(): void {
  paused?.go();
  paused = undefined;
}

function gate(): { readonly go: () => void; readonly gone: Promise<void> } {
  let go = (): void => undefined;
  const gone = new Promise<void>((resolve) => (go = resolve));
  return { go, gone };
}

/** Failures are told. Where the target does not open, the trainer from before stays, and its network can go on elsewhere. */
async function train(
  { margin, target, fresh, digits: url }: Extract<WorkerRequest, { kind: "train" }>,
  before: Promise<Trainer | undefined> | undefined,
  signal: AbortSignal,
): Promise<Trainer | undefined> {
  const earlier = await before;
  if (signal.aborted) {
    // Overtaken before it began, so nothing is compiled; what it was to forget is forgotten all the same.
    if (fresh) earlier?.dispose();
    return fresh ? undefined : earlier;
  }
  let running: Trainer | undefined;
  try {
    const program = programs[margin - 1] ?? Margin1;
    const { executor, ...opened } = await openProgram(program, {
      target,
      onCompiled: (ready, asked) => post({ kind: "compiling", ready, asked }),
    });
    const trainer = await createTrainer(executor, 1);
    if (isFault(trainer)) throw new Error(trainer.message);
    if (!fresh && earlier !== undefined) await carryOn(earlier, trainer);
    running = trainer;
    earlier?.dispose();
    post({ kind: "opened", ...opened });
    digits ??= loadDigits(new URL(url)).catch((error: unknown) => {
      digits = undefined;
      throw error;
    });
    await runSession(
      trainer,
      await digits,
      planOf(program.training),
      { signal, whenRunning: async () => paused?.gone },
      post,
    );
    return trainer;
  } catch (error) {
    const help = error instanceof Error && "help" in error ? String(error.help) : "reload the page";
    post({ kind: "failed", message: error instanceof Error ? error.message : String(error), help });
    running?.dispose();
    return running === undefined ? earlier : undefined;
  }
}

/** The entries share their parameters, so a network goes on under another margin or on another device. */
async function carryOn(from: Trainer, to: Trainer): Promise<void> {
  await to.executor.write(await from.executor.read());
  to.moveTo(from.progress);
}

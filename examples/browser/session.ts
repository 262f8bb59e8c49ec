/**
 * A training session inside a worker: it trains, stops while it is told to pause, and every few steps sends where the
 * shown digits lie on the plane now. A worker is not slowed down when its tab goes to the background, and the page
 * stays free to draw.
 */
import { type Dataset, type RunPlan, type Trainer, isFault, rowsOf } from "margo-lang/runtime";
import type { Digits } from "./digits.ts";

/** What the page is told. */
export type SessionMessage =
  | { readonly kind: "opened"; readonly target: string; readonly device: string; readonly reason?: string }
  | { readonly kind: "compiling"; readonly ready: number; readonly asked: number }
  | { readonly kind: "step"; readonly step: number; readonly loss: number; readonly accuracy?: number }
  | FeaturesMessage
  | { readonly kind: "recovery"; readonly step: number }
  | { readonly kind: "finished"; readonly step: number }
  | { readonly kind: "failed"; readonly message: string; readonly help: string };

/** Pairs of coordinates: of the shown digits, and of the classes' directions. */
export interface FeaturesMessage {
  readonly kind: "features";
  readonly step: number;
  readonly points: Float32Array;
  readonly labels: Uint8Array;
  readonly directions: Float32Array;
}

export interface SessionControl {
  readonly signal: AbortSignal;
  /** Resolves when training may go on. */
  readonly whenRunning: () => Promise<void>;
}

const shownRows = 600;
/** Milliseconds between two pictures, where they are cheap: they may take a quarter of the time. */
const pictureEvery = 200;

/** Trains from where the trainer stands until its last step, a failure, or the signal. */
export async function runSession(
  trainer: Trainer,
  { training, shown }: Digits,
  plan: RunPlan,
  control: SessionControl,
  post: (message: SessionMessage) => void,
): Promise<void> {
  const faulty = [training, shown].find(isFault);
  if (faulty !== undefined || isFault(training) || isFault(shown)) {
    if (faulty !== undefined) post({ kind: "failed", message: faulty.message, help: faulty.help });
    return;
  }
  const picture = pictures(trainer, shown);
  let next = 0;
  const draw = async (): Promise<void> => {
    const from = performance.now();
    post(await picture());
    next = performance.now() + Math.max(pictureEvery, 3 * (performance.now() - from));
  };
  const outcome = await trainer.train(training, { ...plan, signal: control.signal }, async (event) => {
    // Data that does not fit is told before anything is drawn.
    if (event.kind === "start") await draw();
    if (event.kind === "recovery") post({ kind: "recovery", step: event.step });
    if (event.kind !== "step") return;
    const { step, loss, accuracy } = event;
    post({ kind: "step", step, loss, ...(accuracy === undefined ? {} : { accuracy }) });
    if (performance.now() > next) await draw();
    await control.whenRunning();
  });
  switch (outcome.kind) {
    case "failed":
      post({ kind: "failed", message: outcome.fault.message, help: outcome.fault.help });
      return;
    case "finished":
      await draw();
      post({ kind: "finished", step: outcome.step });
      return;
    case "cancelled":
      return;
  }
  outcome satisfies never;
}

/** Where the shown digits and the classes lie. A program without features on a plane gives an empty picture. */
function pictures(trainer: Trainer, shown: Dataset): () => Promise<FeaturesMessage> {
  const rows = Array.from({ length: shownRows }, (_, row) => row);
  const features = rowsOf(shown, rows);
  const labels = Uint8Array.from(shown.labels[0]?.data.subarray(0, shownRows) ?? []);
  const weights = trainer.executor.info.variables.find(
    ({ name, kind, shape }) =>
      kind === "parameter" && name.endsWith(".W") && shape[0] === 10 && shape[1] === 2,
  );
  return async () => {
    const embedded = await trainer.embed(features);
    const onPlane = embedded?.shape[1] === 2 ? embedded.data : [];
    const read = weights === undefined ? {} : await trainer.executor.read([weights.name]);
    const directions = weights === undefined ? undefined : read[weights.name];
    return {
      kind: "features",
      step: trainer.progress.step,
      points: Float32Array.from(onPlane),
      labels,
      directions: Float32Array.from(directions?.data ?? []),
    };
  };
}

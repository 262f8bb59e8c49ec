/**
 * Trains what is in the editor, in a worker, on digits that come with the page. The worker asks for its code, the
 * compiler's worker makes it, this file carries it over: nothing is compiled for a target that is not used.
 */
import { featuresPicture } from "../../examples/browser/features-picture.ts";
import { lossCurve } from "../../examples/browser/loss-curve.ts";
import type { AnalysisClient } from "../analysis-client.ts";
import { element, offer, sentence } from "../page.ts";
import type { TrainReply, TrainRequest } from "../train-protocol.ts";

export interface TrainPane {
  readonly offerEntries: (names: readonly string[]) => void;
  /** Trains that entry, from the beginning. */
  readonly start: (name: string) => void;
  /** What is trained stays what it was; this says so. */
  readonly textChanged: () => void;
}

export function createTrainPane(client: AnalysisClient, textNow: () => string): TrainPane {
  const entry = element("train-entry", HTMLSelectElement);
  const target = element("train-target", HTMLSelectElement);
  const [start, pause] = [
    element("train-start", HTMLButtonElement),
    element("train-pause", HTMLButtonElement),
  ];
  const status = element("train-status", HTMLElement);
  const [stepShown, lossShown, rightShown] = ["train-step", "train-loss", "train-right"].map((id) =>
    element(id, HTMLElement),
  );
  const plane = featuresPicture(element("train-features", HTMLCanvasElement));
  const curve = lossCurve(element("train-curve", HTMLCanvasElement));
  let worker: Worker | undefined;
  let paused = false;
  let right = 0;
  let changed = false;

  const say = (text: string, kind: "fine" | "failed" = "fine"): void => {
    status.textContent = text;
    status.classList.toggle("failed", kind === "failed");
  };
  const send = (request: TrainRequest): void => worker?.postMessage(request);
  const setPaused = (value: boolean): void => {
    paused = value;
    pause.setAttribute("aria-pressed", String(value));
    pause.textContent = value ? "Go on" : "Pause";
  };
  const stop = (): void => {
    worker?.terminate();
    worker = undefined;
    start.textContent = "Train";
    pause.disabled = true;
    setPaused(false);
  };
  const fail = (message: string): void => {
    stop();
    say(message, "failed");
  };

  const told = async (message: TrainReply, text: string): Promise<void> => {
    switch (message.kind) {
      case "need": {
        const about = { text, entry: message.entry, offer: message.offer };
        const made = await client.ask("trainable", about);
        if (made === undefined) fail("The text has errors: see Problems.");
        else send({ kind: "module", made });
        return;
      }
      case "opened":
        say(
          `Training on ${message.device}.${message.reason === undefined ? "" : ` ${sentence(message.reason)}`}`,
        );
        return;
      case "step":
        curve.add(message.step, message.loss);
        right =
          message.step === 1 ? (message.accuracy ?? 0) : right + ((message.accuracy ?? 0) - right) * 0.05;
        if (stepShown !== undefined) stepShown.textContent = String(message.step);
        if (lossShown !== undefined) lossShown.textContent = message.loss.toFixed(3);
        if (rightShown !== undefined) rightShown.textContent = `${(100 * right).toFixed(0)} %`;
        return;
      case "features":
        plane.show(message);
        return;
      case "compiling":
        return;
      case "recovery":
        say(`Training from step ${message.step} on, since the device was lost.`);
        return;
      case "finished":
        stop();
        say(`Done after ${message.step} steps.`);
        return;
      case "failed":
        fail(`${sentence(message.message)} ${sentence(message.help)}`);
        return;
    }
    message satisfies never;
  };

  const begin = async (): Promise<void> => {
    stop();
    curve.clear();
    changed = false;
    const text = textNow();
    say("Compiling for this device…");
    start.textContent = "Stop";
    const training = await client.ask("training", { text, entry: entry.value });
    if (training === undefined) {
      fail(
        entry.value === ""
          ? "Nothing here can be trained: declare a train."
          : "The text has errors: see Problems.",
      );
      return;
    }
    worker = new Worker(new URL("../train.worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<TrainReply>) => {
      told(data, text).catch((error: unknown) =>
        fail(error instanceof Error ? error.message : String(error)),
      );
    });
    worker.addEventListener("error", ({ message }) =>
      fail(`The worker stopped: ${message || "it could not be loaded"}.`),
    );
    pause.disabled = false;
    const digits = new URL("digits.bin", document.baseURI).href;
    const wanted = target.value === "wgsl" || target.value === "tfjs" ? target.value : "auto";
    send({ kind: "train", name: entry.value, training, target: wanted, digits });
  };

  const beginNow = (): void => {
    begin().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
  };
  start.addEventListener("click", () => {
    if (worker === undefined) return beginNow();
    stop();
    say("Stopped.");
  });
  pause.addEventListener("click", () => {
    setPaused(!paused);
    send({ kind: paused ? "pause" : "resume" });
  });
  return {
    offerEntries: (names) => {
      offer(entry, names);
    },
    start: (name) => {
      entry.value = name;
      beginNow();
    },
    textChanged: () => {
      if (worker === undefined || changed) return;
      changed = true;
      say(`${status.textContent} The text has changed since: Stop and Train take the new one.`);
    },
  };
}

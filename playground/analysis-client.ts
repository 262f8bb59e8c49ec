/**
 * The page's side of the analysis worker. A question that is not answered in time ends the worker, since a program
 * can be made to compile for ever; the next question starts a new one.
 */
import type { Answer, Answers, Ask, Questions } from "./analysis-protocol.ts";

export interface AnalysisClient {
  /** Rejects with words for people. */
  readonly ask: <A extends Ask>(ask: A, about: Questions[A]) => Promise<Answers[A]>;
}

const patienceMs = 15_000;

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export function createAnalysisClient(): AnalysisClient {
  let worker: Worker | undefined;
  let last = 0;
  const waiting = new Map<number, Waiting>();
  const stop = (reason: string): void => {
    worker?.terminate();
    worker = undefined;
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer);
      reject(new Error(reason));
    }
    waiting.clear();
  };
  const start = (): Worker => {
    const started = new Worker(new URL("./analysis.worker.ts", import.meta.url), { type: "module" });
    started.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      const one = waiting.get(data.id);
      if (one === undefined) return;
      clearTimeout(one.timer);
      waiting.delete(data.id);
      if ("bug" in data) one.reject(new Error(`The compiler failed, which is a bug in Margo: ${data.bug}`));
      else one.resolve(data.value as never);
    });
    started.addEventListener("error", ({ message }) => stop(`The compiler stopped: ${message}`));
    return started;
  };
  return {
    ask: (ask, about) => {
      worker ??= start();
      const id = ++last;
      const slow = (): void => stop("This program takes too long to compile, so the compiler was stopped.");
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject, timer: setTimeout(slow, patienceMs) });
        worker?.postMessage({ id, ask, about });
      });
    },
  };
}

/**
 * Trains one program. For WebGPU its module is data. For tfjs it is the text of a module, which is loaded from a `blob:`
 * URL: the policy of the page allows those as scripts and allows no eval. An interpreter of the graph would need no such
 * thing, but it would be a second back end that no other door of Margo uses. The text is the code generator's own, with
 * no comments: of the source it holds names and numbers.
 */
import plainWasm from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simdWasm from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import { loadDigits } from "../examples/browser/digits.ts";
import { runSession } from "../examples/browser/session.ts";
import {
  type GpuOffer,
  type TargetModules,
  createTrainer,
  isFault,
  openProgram,
  planOf,
} from "../runtime/index.ts";
import type { Trainable } from "./analysis.ts";
import type { TrainReply, TrainRequest } from "./train-protocol.ts";

const post = (message: TrainReply): void => self.postMessage(message);

let delivered: ((made: Trainable) => void) | undefined;
let paused: { readonly go: () => void; readonly gone: Promise<void> } | undefined;

self.addEventListener("message", ({ data }: MessageEvent<TrainRequest>) => {
  switch (data.kind) {
    case "train":
      void train(data);
      return;
    case "module":
      delivered?.(data.made);
      return;
    case "pause":
      paused ??= gate();
      return;
    case "resume":
      paused?.go();
      paused = undefined;
      return;
  }
  data satisfies never;
});

function gate(): { readonly go: () => void; readonly gone: Promise<void> } {
  let go = (): void => undefined;
  const gone = new Promise<void>((resolve) => (go = resolve));
  return { go, gone };
}

async function train({
  name,
  training,
  target,
  digits,
}: Extract<TrainRequest, { kind: "train" }>): Promise<void> {
  try {
    const { executor, ...opened } = await openProgram(
      {
        name,
        training,
        modules: { wgsl: (offer) => gpuModule(name, offer), tfjs: () => tfjsModule(name) },
      },
      {
        target,
        wasmPath: { "tfjs-backend-wasm.wasm": plainWasm, "tfjs-backend-wasm-simd.wasm": simdWasm },
      },
    );
    const trainer = await createTrainer(executor, training.seed);
    if (isFault(trainer)) throw new Error(trainer.message);
    post({ kind: "opened", ...opened });
    const control = { signal: new AbortController().signal, whenRunning: async () => paused?.gone };
    await runSession(trainer, await loadDigits(new URL(digits)), planOf(training), control, post);
  } catch (error) {
    const help =
      error instanceof Error && "help" in error ? String(error.help) : "change the program or the target";
    post({ kind: "failed", message: error instanceof Error ? error.message : String(error), help });
  }
}

function need(entry: string, offer: GpuOffer | undefined): Promise<Trainable> {
  post({ kind: "need", entry, offer });
  return new Promise((resolve) => (delivered = resolve));
}

async function gpuModule(entry: string, offer: GpuOffer): Promise<TargetModules["wgsl"]> {
  const made = await need(entry, offer);
  if (made.target !== "wgsl") throw new Error("the page sent another target's module");
  return made;
}

async function tfjsModule(entry: string): Promise<TargetModules["tfjs"]> {
  const made = await need(entry, undefined);
  if (made.target !== "tfjs") throw new Error("the page sent another target's module");
  const url = URL.createObjectURL(new Blob([made.js], { type: "text/javascript" }));
  try {
    return (await import(/* @vite-ignore */ url)) as TargetModules["tfjs"];
  } finally {
    URL.revokeObjectURL(url);
  }
}

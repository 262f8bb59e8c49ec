/**
 * The page: controls and drawings around a worker that trains. A change of the margin or the target carries the
 * network along; "Start again" does not. Where something fails the page says what and what to do.
 */
import { featuresPicture } from "./features-picture.ts";
import { lossCurve } from "./loss-curve.ts";
import type { SessionMessage } from "./session.ts";
import type { WorkerRequest } from "./train.worker.ts";

const form = element("controls", HTMLFormElement);
const status = element("status", HTMLElement);
const kernels = element("kernels", HTMLElement);
const pause = element("pause", HTMLButtonElement);
const numbers = {
  step: element("step", HTMLElement),
  loss: element("loss-value", HTMLElement),
  accuracy: element("accuracy", HTMLElement),
  speed: element("speed", HTMLElement),
};
const planeCanvas = element("features", HTMLCanvasElement);
const lossCanvas = element("loss", HTMLCanvasElement);
const plane = featuresPicture(planeCanvas);
const curve = lossCurve(lossCanvas);
const worker = new Worker(new URL("./train.worker.ts", import.meta.url), { type: "module" });

let paused = false;
/** Times of the latest steps, for the speed. */
let times: readonly number[] = [];
let right = 0;
/** What is said once the first step is there: until then a device may be busy with its kernels. */
let training = "";

worker.addEventListener("message", ({ data }: MessageEvent<SessionMessage>) => told(data));
worker.addEventListener("error", (event) => {
  say(`The worker stopped: ${event.message || "it could not be loaded"}. Reload the page.`, "failed");
});
form.addEventListener("change", () => train("carried on"));
form.addEventListener("submit", (event) => event.preventDefault());
element("restart", HTMLButtonElement).addEventListener("click", () => train("afresh"));
pause.addEventListener("click", () => {
  setPaused(!paused);
  ask({ kind: paused ? "pause" : "resume" });
});
train("afresh");

function ask(request: WorkerRequest): void {
  worker.postMessage(request);
}

function train(how: "afresh" | "carried on"): void {
  const values = new FormData(form);
  const target = values.get("target");
  setPaused(false);
  if (how === "afresh") {
    curve.clear();
    numbers.step.textContent = "0";
    for (const number of [numbers.loss, numbers.accuracy, numbers.speed]) number.textContent = "–";
  }
  say("Compiling for this device…");
  ask({
    kind: "train",
    margin: Number(values.get("margin")),
    target: target === "wgsl" || target === "tfjs" ? target : "auto",
    fresh: how === "afresh",
    digits: new URL("digits.bin", document.baseURI).href,
  });
}

function setPaused(value: boolean): void {
  paused = value;
  pause.setAttribute("aria-pressed", String(value));
  pause.textContent = value ? "Go on" : "Pause";
}

function told(message: SessionMessage): void {
  switch (message.kind) {
    case "opened":
      training = `Training on ${message.device}.${message.reason === undefined ? "" : ` ${sentence(message.reason)}`}`;
      times = [];
      say(`Compiling for ${message.device}…`);
      document.documentElement.dataset["target"] = message.target;
      return;
    case "compiling":
      // Beside the status, which is read aloud.
      kernels.textContent = training === "" ? "" : ` ${message.ready} of ${message.asked} kernels`;
      return;
    case "recovery":
      training = `Training from step ${message.step} on, since the device was lost.`;
      return;
    case "step":
      stepped(message);
      return;
    case "features":
      plane.show(message);
      planeCanvas.setAttribute(
        "aria-label",
        `${message.labels.length} digits on their plane after ${message.step} steps`,
      );
      return;
    case "finished":
      say(`Done after ${message.step} steps. “Start again” trains a new network.`);
      return;
    case "failed":
      say(`${sentence(message.message)} ${sentence(message.help)}`, "failed");
      return;
  }
  message satisfies never;
}

function stepped({ step, loss, accuracy = 0 }: Extract<SessionMessage, { kind: "step" }>): void {
  if (training !== "") say(training);
  training = kernels.textContent = "";
  times = [...times.slice(-40), performance.now()];
  right = step === 1 ? accuracy : right + (accuracy - right) * 0.05;
  curve.add(step, loss);
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  numbers.step.textContent = String(step);
  numbers.loss.textContent = loss.toFixed(3);
  numbers.accuracy.textContent = `${(100 * right).toFixed(0)} %`;
  numbers.speed.textContent = span > 0 ? ((1000 * (times.length - 1)) / span).toFixed(1) : "–";
  if (step % 50 === 0)
    lossCanvas.setAttribute("aria-label", `The loss is ${loss.toFixed(2)} after ${step} steps`);
}

function say(text: string, kind: "fine" | "failed" = "fine"): void {
  status.textContent = text;
  status.classList.toggle("failed", kind === "failed");
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

/** The page's own element of that id and class; its absence is a bug of the page. */
function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

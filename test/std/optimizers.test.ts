/** Optimizers against the same update written by hand in float64, over several steps. */
import { describe, expect, test } from "vitest";
import { flat, numbers, runText } from "../support/run-text.ts";

type Update = (w: number, g: number, step: number, state: number[], norm: number) => number;

interface Case {
  readonly name: string;
  readonly set: Readonly<Record<string, string>>;
  readonly byHand: Update;
}

const clip = (g: number, norm: number, most: number) => (norm > most ? (g * most) / norm : g);

const cases: readonly Case[] = [
  { name: "sgd", set: { rate: "0.1" }, byHand: (w, g) => w - 0.1 * g },
  {
    name: "sgd",
    set: { rate: "0.1", momentum: "0.9", weight_decay: "0.01" },
    byHand: (w, g, _, state) => {
      state[0] = 0.9 * (state[0] ?? 0) + g + 0.01 * w;
      return w - 0.1 * state[0];
    },
  },
  {
    name: "sgd",
    set: { rate: "0.1", momentum: "0.9", nesterov: "true" },
    byHand: (w, g, _, state) => {
      state[0] = 0.9 * (state[0] ?? 0) + g;
      return w - 0.1 * (g + 0.9 * state[0]);
    },
  },
  {
    name: "sgd",
    set: { rate: "0.1", clip: "0.5" },
    byHand: (w, g, _, __, norm) => w - 0.1 * clip(g, norm, 0.5),
  },
  {
    name: "adam",
    set: { rate: "0.01", weight_decay: "0.1" },
    byHand: (w, g, step, state) => adam(w, g + 0.1 * w, step, state, 0.01, 0),
  },
  {
    name: "adamw",
    set: { rate: "0.01", weight_decay: "0.1", clip: "1" },
    byHand: (w, g, step, state, norm) => adam(w, clip(g, norm, 1), step, state, 0.01, 0.1),
  },
  {
    name: "rmsprop",
    set: { rate: "0.01", momentum: "0.5" },
    byHand: (w, g, _, state) => {
      state[0] = 0.9 * (state[0] ?? 0) + 0.1 * g * g;
      state[1] = 0.5 * (state[1] ?? 0) + g / (Math.sqrt(state[0]) + 1e-8);
      return w - 0.01 * state[1];
    },
  },
];

/** Kingma and Ba, algorithm 1; `decay` as in Loshchilov and Hutter. */
function adam(w: number, g: number, step: number, state: number[], rate: number, decay: number): number {
  state[0] = 0.9 * (state[0] ?? 0) + 0.1 * g;
  state[1] = 0.999 * (state[1] ?? 0) + 0.001 * g * g;
  const m = state[0] / (1 - 0.9 ** (step + 1));
  const v = state[1] / (1 - 0.999 ** (step + 1));
  return w - rate * (m / (Math.sqrt(v) + 1e-8) + decay * w);
}

describe.each(cases)("$name $set", ({ name, set, byHand }) => {
  test("five steps", async () => {
    let param = numbers(1, 4);
    let state: Awaited<ReturnType<typeof runText>>["state"] = {};
    let expected = [...flat(param)];
    const memory = expected.map((): number[] => []);
    for (let step = 0; step < 5; step++) {
      const grad = numbers(step + 2, 4);
      const g = flat(grad);
      const norm = Math.hypot(...g);
      expected = expected.map((w, at) => byHand(w, g[at] ?? 0, step, memory[at] ?? [], norm));
      const text = `import { ${name} } from "std/optimizers"\n`;
      const result = await runText(text, name, {
        set,
        inputs: { param, grad },
        state,
        step,
        when: "training",
      });
      ({ state } = result);
      param = [...flat(result.value)];
      for (const [at, w] of flat(param).entries()) expect(w).toBeCloseTo(expected[at] ?? 0, 12);
    }
  });
});

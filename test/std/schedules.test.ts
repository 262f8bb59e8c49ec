/** Schedules at chosen steps, against their formulas. */
import { describe, expect, test } from "vitest";
import { runText } from "../support/run-text.ts";

async function at(schedule: string, step: number, settings: string): Promise<unknown> {
  const text = `import { ${schedule} } from "std/schedules"\nfn rate(x: f32) = x * ${schedule}(step, ${settings})\n`;
  return (await runText(text, "rate", { inputs: { x: 1 }, step })).value;
}

type Schedule = readonly [name: string, settings: string, byHand: (step: number) => number];

const schedules: readonly Schedule[] = [
  ["piecewise", "[10, 20], [0.1, 0.01, 0.001]", (t) => (t < 10 ? 0.1 : t < 20 ? 0.01 : 0.001)],
  ["step_decay", "2, every: 10, factor: 0.5", (t) => 2 * 0.5 ** Math.floor(t / 10)],
  ["exponential_decay", "2, every: 10, factor: 0.5", (t) => 2 * 0.5 ** (t / 10)],
  [
    "cosine_decay",
    "2, steps: 20, end: 0.5",
    (t) => 0.5 + 1.5 * 0.5 * (1 + Math.cos(Math.PI * Math.min(t / 20, 1))),
  ],
  ["polynomial_decay", "2, steps: 20, power: 2, end: 0.5", (t) => 0.5 + 1.5 * Math.max(1 - t / 20, 0) ** 2],
  ["warm_up", "2, steps: 20", (t) => 2 * Math.min((t + 1) / 20, 1)],
];

describe.each(schedules)("%s(step, %s)", (name, settings, byHand) => {
  test.each([0, 1, 9, 10, 19, 20, 25])("step %i", async (step) => {
    expect(await at(name, step, settings)).toBeCloseTo(byHand(step), 12);
  });
});

test("a schedule in a schedule", async () => {
  const text = `import { warm_up, step_decay } from "std/schedules"
fn rate(x: f32) = x * warm_up(step, step_decay(step, 1, every: 10), steps: 4)
`;
  expect((await runText(text, "rate", { inputs: { x: 1 }, step: 1 })).value).toBeCloseTo(0.5, 12);
  expect((await runText(text, "rate", { inputs: { x: 1 }, step: 12 })).value).toBeCloseTo(0.1, 12);
});

test("lists that do not fit are refused where they are given", async () => {
  await expect(at("piecewise", 0, "[10], [0.1]")).rejects.toThrow("one value more than places");
});

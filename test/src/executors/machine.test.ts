/** How many threads are asked for where nobody says. */
import { expect, test } from "vitest";
import { defaultThreads, mostThreads, processorsOfQuota } from "../../../src/executors/machine.ts";

test.each([
  ["max 100000\n", Infinity],
  ["200000 100000\n", 2],
  ["250000 100000\n", 2],
  ["50000 100000\n", 1],
  ["", Infinity],
  ["0 0", Infinity],
  ["something else", Infinity],
])("a container that may use %j", (text, processors) => {
  expect(processorsOfQuota(text)).toBe(processors);
});

test("at least one thread, and never more than there can be", () => {
  expect(defaultThreads()).toBeGreaterThanOrEqual(1);
  expect(defaultThreads()).toBeLessThanOrEqual(mostThreads);
});

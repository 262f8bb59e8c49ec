/** How many threads a program gets where nobody says. */
import { expect, test } from "vitest";
import { defaultThreads } from "../../../src/executors/machine.ts";
import { threadsFor } from "../../../src/runs/start-executor.ts";
import { exampleTrains } from "../../support/example-programs.ts";

const programOf = (title: string) => {
  const [, elaborated] = exampleTrains.find(([name]) => name === title) ?? [];
  if (elaborated === undefined) throw new Error(`there is no example ${title}`);
  return elaborated();
};

test("threads are for steps that multiply much", () => {
  expect(threadsFor(programOf("iris/iris.margo Iris"))).toBe(1);
  expect(threadsFor(programOf("mnist/softmax.margo Softmax"))).toBe(1);
  expect(threadsFor(programOf("mnist/paper.margo Paper4"))).toBe(defaultThreads());
  expect(threadsFor(programOf("halves/halves.margo Halves"))).toBe(defaultThreads());
});

/** What is printed of an error that is a bug. */
import { expect, test } from "vitest";
import { loadTfjsModule } from "../../../src/executors/load-tfjs-module.ts";
import { stackText } from "../../../src/cli/stack-text.ts";

test("an emitted module in a stack is named by the place in it, and everything else stays", async () => {
  const text = `// it's (a) * long! ${"text ".repeat(500)}
export const info = {};
export const functions = { step: () => { throw new RangeError("broken, at data: 5"); } };`;
  const { functions } = await loadTfjsModule(text);
  const thrown = (): unknown => {
    try {
      return Reflect.apply(functions["step"] as () => unknown, undefined, []);
    } catch (error) {
      return error;
    }
  };
  const told = stackText(thrown());
  expect(told).toMatch(/^RangeError: broken, at data: 5\n/);
  expect(told).toMatch(/^ {4}at .*\(?data:text\/javascript…:3:\d+\)?$/m);
  expect(told).toContain("stack-text.test.ts");
  expect(told).not.toContain("%20");
  expect(stackText("no error")).toBe("no error");
});

import { expect, test } from "vitest";
import { validateGrammar } from "../../grammar/parser.ts";

test("the grammar has no ambiguity and no left recursion", () => {
  expect(validateGrammar).not.toThrow();
});

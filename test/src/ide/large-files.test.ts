/** Files that are too large to be read again after every keystroke: the editor says so, and nothing else waits. */
import { expect, test } from "vitest";
import { definitionAt } from "../../../src/ide/definition.ts";
import { largestAnalysed } from "../../../src/ide/documents.ts";
import { hoverAt } from "../../../src/ide/hover.ts";
import { problemsOf } from "../../../src/ide/problems.ts";
import { rename } from "../../../src/ide/rename.ts";
import { analysed } from "../../support/ide/documents.ts";

const filler = `// ${"x".repeat(largestAnalysed)}\n`;
const declared = "export fn doubled(x: f32[N]) = 2 * y\n";

test("only its size is told", () => {
  const { documents, analysis } = analysed(declared + filler);
  expect(problemsOf(analysis)).toMatchObject([
    { code: "M0016", severity: "warning", help: expect.stringContaining("margo check") },
  ]);
  expect(hoverAt(documents, analysis, 12)).toBeUndefined();
  expect(definitionAt(documents, analysis, 12)).toBeUndefined();
});

test("a character less and it is read", () => {
  const text = (declared + filler).slice(0, largestAnalysed);
  expect(problemsOf(analysed(text).analysis).map(({ code }) => code)).toEqual(["M0101"]);
});

test("what it exports is known elsewhere", () => {
  const { analysis } = analysed('import { doubled } from "./large.margo"\nfn f(x: f32[N]) = doubled(x)\n', {
    "large.margo": declared.replace("y", "x") + filler,
  });
  expect(problemsOf(analysis)).toEqual([]);
});

test("a name that it may use keeps its name", () => {
  const { documents, analysis } = analysed("export fn doubled(x: f32[N]) = 2 * x\n", {
    "large.margo": `import { doubled } from "./test.margo"\n${filler}`,
  });
  expect(rename(documents, analysis, 12, "twice")).toEqual({
    refusal: "large.margo is too large to look for `doubled` in",
  });
});

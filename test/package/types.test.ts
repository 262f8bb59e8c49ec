/**
 * What TypeScript says to those who have installed the package: of what they write by the documents, and of the
 * declarations that come along.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectRoot } from "../support/cli.ts";
import { markdownBlocks } from "../support/markdown.ts";
import { type TypedProject, typedProject } from "../support/typed-project.ts";

/** A project with a `train Digits`. */
function digitsProject(): TypedProject {
  const project = typedProject();
  const example = (name: string): string => readFileSync(join(projectRoot, "examples/mnist", name), "utf8");
  project.write("features.margo", example("features.margo"));
  project.write("digits.margo", example("arcface.margo").replace("train ArcFaceDigits", "train Digits"));
  return project;
}

/** A block of docs/page.md as a file, between what the page has and what it does with it. */
function writeBlock(project: TypedProject, having: string, before: string, after = ""): void {
  const block = markdownBlocks("docs/page.md").find(({ text }) => text.includes(having));
  project.write("block.ts", [before, block?.text ?? "the block is gone", after].join("\n"));
}

describe("what the documents show compiles", () => {
  test("in a page, with the types that margo types writes", async () => {
    const project = digitsProject();
    expect(await project.margo("types", "digits.margo")).toMatchObject({ out: "digits.d.margo.ts\n" });
    const page = "declare const pixels: Uint8Array, labels: Uint8Array, oneDigit: Float32Array;";
    writeBlock(project, "planOf(Digits.training)", page);
    expect(project.typeErrors()).toEqual([]);
  });

  test("where rows lie in several places, in the types of their sources too", async () => {
    const project = typedProject();
    project.write(
      "pairs.margo",
      `import { sgd } from "std/optimizers"
model Both(image: f32[N, 2], more: f32[N, 2]) = image * more
loss near(x: f32[N, D], y: index<D>[N]) = -mean(pick(x, y))
train Pairs {
  model = Both
  loss = near
  data = [csv("a.csv", label: "kind", classes: 2), npz("b.npz")]
  optimizer = sgd(rate: 0.1)
  epochs = 1
}
`,
    );
    expect(await project.margo("types", "pairs.margo")).toMatchObject({ out: "pairs.d.margo.ts\n" });
    const page = `import { type DataSources, planOf } from "margo-lang/runtime";
import { Pairs } from "./pairs.margo";
const data: DataSources = Pairs.training.data;
export const names: readonly string[] = ("reader" in data ? [data] : data).map(({ reader }) => reader);
export const plan = planOf(Pairs.training);
`;
    project.write("block.ts", page);
    expect(project.typeErrors()).toEqual([]);
  });

  test("without a bundler, with the types that margo build writes for both targets", async () => {
    const project = digitsProject();
    await project.margo("build", "digits.margo", "--out", "cpu");
    await project.margo("build", "digits.margo", "--target", "wgsl", "--out", "gpu");
    const runtime = 'import { openProgram } from "margo-lang/runtime";';
    writeBlock(project, "./gpu/Digits.js", runtime, "await openProgram(program);");
    expect(project.typeErrors()).toEqual([]);
  });

  test("in a service, with a run and without the compiler", async () => {
    const project = typedProject();
    project.write("iris.margo", readFileSync(join(projectRoot, "examples/iris/iris.margo")));
    await project.margo("build", "iris.margo", "--out", "build");
    for (const having of ['openRun("runs/Iris")', "trainer.load(await readFile"]) {
      writeBlock(project, having, "");
      expect(project.typeErrors()).toEqual([]);
    }
  });
});

describe("our declarations", () => {
  const entries = ["", "/node", "/prettier", "/runtime", "/runtime/tfjs", "/vite"];

  test("hold with whatever types of WebGPU are there, those that tfjs brings or those of the browser", () => {
    const project = typedProject();
    project.write("all.ts", entries.map((entry) => `import "margo-lang${entry}";\n`).join(""));
    // Of what only the browser's types declare, ours need this.
    project.write("memory.d.ts", "declare namespace WebAssembly { interface Memory {} }\n");
    for (const lib of ["es2023", "es2023,dom"]) {
      // Of what others declare each has something to say.
      const ours = project
        .typeErrors("--skipLibCheck", "false", "--lib", lib)
        .filter((line) => line.includes("dist/types/"));
      expect(ours).toEqual([]);
    }
  });

  test("name the types of no bundler but Vite", () => {
    const text = readFileSync(join(projectRoot, "dist/types/src/vite.d.ts"), "utf8");
    const named = [...text.matchAll(/(?:from|import\()\s*"([^".][^"]*)"/g)].map((match) => match[1]);
    expect(new Set(named)).toEqual(new Set(["vite"]));
  });
});

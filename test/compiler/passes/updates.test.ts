/**
 * The update of streamed class weights stands behind the product that gives their gradient, in its kernel, for losses
 * that normalise them: the gradient of a chunk's weights is never stored.
 */
import { expect, test } from "vitest";
import { compileVerified, defaultPassOptions } from "../../../compiler/compile.ts";
import { nodesOfGraph } from "../../../compiler/ir/node.ts";
import type { Program } from "../../../compiler/program.ts";
import { bodySteps, variantsOf } from "../../../compiler/passes/stream/body-steps.ts";
import { isProduct } from "../../../compiler/passes/fuse/products.ts";
import { arcFace, cosFace, curricularFace, headProgram, hiddenArcFace } from "../../support/head-programs.ts";

const options = { ...defaultPassOptions, target: "wgsl", streamFrom: 2 } as const;

test.each([arcFace, cosFace, hiddenArcFace, curricularFace])("$name", (head) => {
  const kernels = updateKernels(headProgram({ width: 5, classes: 700 }, head));
  expect(kernels).not.toHaveLength(0);
  expect(new Set(kernels)).toEqual(new Set(["product"]));
});

test("a head that is stored whole does not sum over its rows for that", () => {
  const [whole, cut] = [1024, 2].map((streamFrom) =>
    computed(headProgram({ width: 5, classes: 700 }, arcFace), streamFrom),
  );
  expect(whole).toBeLessThan(cut ?? 0);
});

/** The number of values of a step before any pass looks at how it is run. */
function computed(program: Program, streamFrom: number): number {
  const [step] = program.functions;
  if (step === undefined) throw new Error("a head has a step");
  const { graph } = compileVerified(program, step, { ...options, streamFrom, without: ["stream"] });
  return nodesOfGraph(graph).length;
}

/** What stands beside each update of class weights: a product, or only other operations. */
function updateKernels(program: Program): readonly string[] {
  const [step] = program.functions;
  if (step === undefined) throw new Error("a head has a step");
  const { graph, regions = [] } = compileVerified(program, step, options);
  const updates = new Set(
    graph.outputs.flatMap(({ name, node }) => (name.startsWith("next:") ? [node] : [])),
  );
  return regions.flatMap((region) =>
    region.passes.flatMap((pass) =>
      variantsOf(region, pass).flatMap((variant) => {
        const pieces = pass.results.flatMap((result) =>
          result.kind === "rows" && updates.has(result.node) ? [result.piece] : [],
        );
        return bodySteps(region, variant.pass).flatMap((step) =>
          step.kind === "compute" && pieces.some((piece) => step.kernel.nodes.includes(piece))
            ? [
                step.kernel.nodes.some(isProduct)
                  ? "product"
                  : step.kernel.nodes.map(({ op }) => op).join(" "),
              ]
            : [],
        );
      }),
    ),
  );
}

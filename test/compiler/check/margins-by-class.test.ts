/**
 * Numbers by class in a margin, in training: value, gradients and states of the loss around it, on the reference and
 * on tfjs, against the same margin with `[y]` behind each name.
 */
import { expect, test } from "vitest";
import { type StepOutcome, batch, maximalDifference, tfjsExecutor } from "../../support/head-runs.ts";
import { programOf } from "../../support/check-source.ts";
import { createReferenceExecutor } from "../../../src/executors/reference.ts";
import { defaultPassOptions } from "../../../compiler/compile.ts";
import type { Program } from "../../../compiler/program.ts";
import type { Executor } from "../../../runtime/program.ts";

const head = `import { normal } from "std/initialisers"
loss L(x: f32[N, 3], y: index<5>[N]) {
  param W: f32[5, 3] ~ normal(std: 1)
  let z = logits(M(), x, W, y)
  mean(logsumexp(z, over: -1) - pick(z, y))
}
`;

const inside = `  param m: f32[C] ~ [0.1, 0.2, 0.3, 0.4, 0.5]
  state seen: f32[C] = 1
  let rows = sum(one_hot(y), over: N)
  seen <- 0.5 * seen + rows
`;

const programWith = (body: string): Program =>
  programOf(`${head}margin M(counts: list = [50, 20, 10, 4, 2]) {\n${inside}${body}\n}\n`, "L", {
    training: true,
    gradients: true,
  });

const fed = batch(7, 5, 3, 0);

/** What a step gives, and the variables behind it. */
async function ran(executor: Executor): Promise<StepOutcome> {
  await executor.initialize(3);
  const outputs = [await executor.call("value", fed)];
  const outcome = { outputs, variables: await executor.read() };
  executor.dispose();
  return outcome;
}

test.each([
  ["log(counts / sum(counts))[y]", "log(counts[y] / sum(counts))"],
  ["exp(m)[y]", "exp(m[y])"],
  ["clamp(seen, 0, 2)[y] / 4", "clamp(seen[y], 0, 2) / 4"],
  ["rows[y] / 4", "sum(one_hot(y), over: N)[y] / 4"],
  ["(counts / 20 * m + seen / 8)[y]", "(counts[y] / 20 * m[y] + seen[y] / 8)"],
])("%s is %s", async (expression, spelled) => {
  for (const text of [`target = cos - ${expression}`, `other = cos - ${expression}`]) {
    const program = programWith(text);
    const reference = await ran(createReferenceExecutor(program, "test"));
    expect(Object.keys(reference.outputs[0] ?? {})).toEqual(
      expect.arrayContaining(["value", "gradient:x", "gradient:W"]),
    );
    const other = programWith(text.replace(expression, spelled));
    const plain = await ran(createReferenceExecutor(other, "test"));
    const tfjs = await ran(await tfjsExecutor(program, defaultPassOptions));
    // Float64 twice, in another order of sums at most; then float32 over sums of 15.
    expect(maximalDifference(reference, plain)).toBeLessThan(1e-6);
    expect(maximalDifference(reference, tfjs)).toBeLessThan(1e-5);
  }
});

/**
 * Random programs with their gradients, through all passes and the module's text, on both backends, against
 * the reference. What may differ is what the program itself says: how far the reference moves when its
 * inputs move by a few roundings of f32, and one rounding more for each operation.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emitModule, functionsToCompile } from "../../../compiler/codegen/tfjs/module.ts";
import { compileFunction, defaultPassOptions } from "../../../compiler/compile.ts";
import { nodesOfGraph } from "../../../compiler/ir/node.ts";
import type { Reference } from "../../../compiler/ops/record.ts";
import type { Program } from "../../../compiler/program.ts";
import { type Feeds, evaluateGraph } from "../../../compiler/reference.ts";
import type { NamedTensors } from "../../../runtime/program.ts";
import { uniformNumbers } from "../../../runtime/random.ts";
import { type BackendName, backendNames } from "../../../runtime/tfjs/backend.ts";
import { createTfjsExecutor } from "../../../runtime/tfjs/executor.ts";
import { toHost } from "../../../src/executors/reference.ts";
import { loadTfjsModule } from "../../../src/executors/load-tfjs-module.ts";
import { type RandomProgram, randomPrograms, withGradients } from "../../support/random-programs.ts";

describe.each(backendNames)("on %s", (backend) => {
  test.each([
    ["all classes at once", 2 ** 20],
    ["a few classes at a time", 2],
  ])("random programs agree with the reference, %s", async (_, streamFrom) => {
    await fc.assert(
      fc.asyncProperty(randomPrograms("smooth"), (program) => expectAgreement(program, backend, streamFrom)),
      { numRuns: 25 },
    );
  });
});

async function expectAgreement(
  random: RandomProgram,
  backend: BackendName,
  streamFrom: number,
): Promise<void> {
  const graph = withGradients(random);
  const feeds = mapValues(random.feeds, rounded);
  const program = programOf({ ...random, graph });
  const options = { ...defaultPassOptions, streamFrom, dims: random.dims };
  const compiled = functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileFunction(program, fn, options),
  }));
  const executor = await createTfjsExecutor(
    await loadTfjsModule(emitModule(program, compiled, "0").js),
    backend,
  );
  await executor.write(
    hostValues(
      feeds,
      program.variables.map(({ name }) => name),
    ),
  );
  const inputs = hostValues(
    feeds,
    random.inputs.map(({ name }) => name),
  );
  const actual = await executor.call("value", inputs);
  // The first call leaves cached constants, the second one nothing.
  const before = executor.memory();
  await executor.call("value", inputs, []);
  expect(executor.memory()).toEqual(before);
  executor.dispose();
  const expected = evaluateGraph(graph, feeds, random.dims);
  const moved = [1, 2, 3].map((seed) =>
    evaluateGraph(
      graph,
      mapValues(feeds, (value) => shaken(value, seed)),
      random.dims,
    ),
  );
  const operations = nodesOfGraph(graph).length;
  for (const [name, value] of Object.entries(expected)) {
    const allowed = allowance(
      value,
      moved.map((values) => values[name] as Reference),
      operations,
    );
    const result = actual[name];
    value.data.forEach((target, i) => {
      const difference = Math.abs((result?.data[i] ?? NaN) - target);
      expect(difference, `${name}[${i}]: ${result?.data[i]} for ${target}`).toBeLessThanOrEqual(allowed);
    });
  }
}

const epsilon = 2 ** -23;

/** The largest movement of any element under shaken inputs, and a rounding an operation of the largest value. */
function allowance(value: Reference, moved: readonly Reference[], operations: number): number {
  const scale = Math.max(1, ...value.data.map(Math.abs));
  const movement = Math.max(
    ...moved.flatMap(({ data }) => Array.from(data, (x, i) => Math.abs(x - (value.data[i] ?? NaN)))),
  );
  return 8 * movement + operations * epsilon * scale;
}

/** Each number moved by up to four roundings. */
function shaken(value: Reference, seed: number): Reference {
  if (value.dtype !== "f32") return value;
  const noise = uniformNumbers(seed, 0, 99, value.data.length);
  return { ...value, data: value.data.map((x, i) => x * (1 + 8 * epsilon * ((noise[i] ?? 0) - 0.5))) };
}

function rounded(value: Reference): Reference {
  return value.dtype === "f32" ? { ...value, data: value.data.map(Math.fround) } : value;
}

function programOf({ builder, inputs, variables, graph }: RandomProgram): Program {
  return { name: "Random", kind: "fn", builder, variables, functions: [{ name: "value", inputs, graph }] };
}

function hostValues(feeds: Feeds, names: readonly string[]): NamedTensors {
  return Object.fromEntries(
    names.flatMap((name) => (feeds[name] === undefined ? [] : [[name, toHost(feeds[name])]])),
  );
}

function mapValues(feeds: Feeds, f: (value: Reference) => Reference): Feeds {
  return Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, f(value)]));
}

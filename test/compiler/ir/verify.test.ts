/** `verify` finds what a broken pass would leave. */
import { describe, expect, test } from "vitest";
import type { Node } from "../../../compiler/ir/node.ts";
import { scalarType } from "../../../compiler/ir/type.ts";
import { verifyStage } from "../../../compiler/ir/verify.ts";
import type { Stage } from "../../../compiler/passes/pass.ts";
import { column, matrix, scalar } from "../../../compiler/passes/simplify/examples.ts";
import { stageOf } from "../../support/check-pass.ts";

const sound = stageOf((f) => f.add(matrix(f), column(f)));

function check(stage: Stage): readonly string[] {
  return verifyStage(stage);
}

function withOutput(node: Node, name = "value"): Stage {
  return { ...sound, graph: { outputs: [{ name, node }] } };
}

describe("faults", () => {
  const value = sound.graph.outputs[0]?.node;
  if (value === undefined) throw new Error("unreachable");

  test("a sound stage has none", () => {
    expect(check(sound)).toEqual([]);
  });

  test("a wrong type", () => {
    expect(check(withOutput({ ...value, type: scalarType("f32") }))).toEqual([
      "%2 add is marked f32 and is f32[N, C]",
    ]);
  });

  test("an input made after its user", () => {
    expect(check(withOutput({ ...value, id: 0 }))).toEqual(["%0 add comes before an input"]);
  });

  test("an operation that does not accept its inputs", () => {
    expect(check(withOutput({ ...value, inputs: value.inputs.slice(0, 1) }))).toEqual([
      "%2 add: takes 2 inputs, not 1",
    ]);
  });

  test("a composite after its pass, by stage", () => {
    const stage = stageOf((f) => f.make("detach", [f.mean(matrix(f), { axes: [1], keepDims: false })], {}));
    expect(check(stage)).toEqual([]);
    expect(check({ ...stage, name: "decompose" })).toEqual(["%1 mean should be gone after decompose"]);
    expect(check({ ...stage, name: "gradient" })).toEqual([
      "%1 mean should be gone after gradient",
      "%2 detach should be gone after gradient",
    ]);
  });

  test("names that nobody declares, and types that differ from the declaration", () => {
    const [x, ...others] = sound.inputs;
    if (x === undefined) throw new Error("unreachable");
    expect(check({ ...sound, inputs: others })).toEqual([`input ${x.name} is not declared`]);
    expect(check({ ...sound, inputs: [{ ...x, type: scalarType("i32") }, ...others] })).toEqual([
      `${x.name} is declared i32 and used as f32[N, C]`,
    ]);
  });

  test("outputs: two of one name, an update of no variable, of another type", () => {
    const outputs = ["a", "a", "next:W"].map((name) => ({ name, node: value }));
    expect(check({ ...sound, graph: { outputs } })).toEqual([
      "two outputs are called a",
      "next:W updates no variable",
    ]);
    const stage = stageOf((f) => scalar(f));
    const variable = { name: "W", kind: "parameter", type: scalarType("i32"), initial: value } as const;
    const updated = { outputs: stage.graph.outputs.map(({ node }) => ({ name: "next:W", node })) };
    expect(check({ ...stage, variables: [variable], graph: updated })).toEqual([
      "next:W is f32, the variable i32",
    ]);
  });
});

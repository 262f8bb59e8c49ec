/** Variables that nothing but their own updates read are dropped from a training program. */
import { expect, test } from "vitest";
import { formulas } from "../../compiler/ir/build.ts";
import { constantDim } from "../../compiler/ir/dim.ts";
import { GraphBuilder } from "../../compiler/ir/node.ts";
import { tensorType } from "../../compiler/ir/type.ts";
import { withoutDeadVariables } from "../../compiler/live-variables.ts";
import type { Program } from "../../compiler/program.ts";

const builder = new GraphBuilder();
const f = formulas(builder);
const type = tensorType("f32", [constantDim(3)]);
const variable = (name: string) => builder.make("parameter", [], { name, ...type });
const [used, behind, unused, velocity] = ["used", "behind", "unused", "velocity"].map(variable) as [
  ReturnType<typeof variable>,
  ReturnType<typeof variable>,
  ReturnType<typeof variable>,
  ReturnType<typeof variable>,
];
const program: Program = {
  name: "Some",
  kind: "train",
  builder,
  variables: ["used", "behind", "unused", "velocity"].map((name) => ({
    name,
    kind: "parameter",
    type,
    initial: f.f32(0),
  })),
  functions: [
    {
      name: "step",
      inputs: [],
      graph: {
        outputs: [
          { name: "loss", node: used },
          { name: "next:used", node: f.sub(used, behind) },
          { name: "next:behind", node: f.neg(behind) },
          { name: "next:unused", node: f.sub(unused, velocity) },
          { name: "next:velocity", node: f.add(velocity, f.add(unused, used)) },
        ],
      },
    },
  ],
};

test("a variable lives when an output needs it, or the update of one that lives", () => {
  const kept = withoutDeadVariables(program);
  expect(kept.variables.map(({ name }) => name)).toEqual(["used", "behind"]);
  expect(kept.functions[0]?.graph.outputs.map(({ name }) => name)).toEqual([
    "loss",
    "next:used",
    "next:behind",
  ]);
});

test("a program without dead variables stays as it is", () => {
  const kept = withoutDeadVariables(program);
  expect(withoutDeadVariables(kept)).toBe(kept);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { constantDim } from "../../../compiler/ir/dim.ts";
import { type Formulas, formulas } from "../../../compiler/ir/build.ts";
import { type Graph, GraphBuilder, type Node, nodesOfGraph } from "../../../compiler/ir/node.ts";
import { withoutAngles } from "../../../compiler/passes/angles.ts";
import { decomposeGraph } from "../../../compiler/passes/decompose.ts";
import { evaluateGraph } from "../../../compiler/reference.ts";
import { reference } from "../../../compiler/ops/arrays.ts";

/** Margins as functions of the angle θ, its cosine and a value r of the row. */
type Margin = (f: Formulas, angle: Node, cosine: Node, row: Node) => Node;

const size = 48;

/** Value and gradients of a margin, written with angles and after the pass, at the same points. */
function bothWays(margin: Margin, cosines: readonly number[], rows: readonly number[]) {
  const builder = new GraphBuilder();
  const f = formulas(builder);
  const shape = [constantDim(cosines.length)];
  const [c, r] = ["c", "r"].map((name) => f.make("input", [], { name, dtype: "f32", shape }));
  if (c === undefined || r === undefined) throw new Error("two inputs were made");
  const value = margin(f, f.make("acos", [c], {}), c, r);
  const outputs = [{ name: "value", node: value }];
  if (value.type.dtype === "f32")
    outputs.push(
      { name: "slope", node: f.make("gradient", [value, c], {}) },
      { name: "row slope", node: f.make("gradient", [value, r], {}) },
    );
  const graph = decomposeGraph({ outputs }, builder);
  const rewritten = withoutAngles(graph, builder);
  const feeds = {
    c: reference("f32", [cosines.length], Float64Array.from(cosines)),
    r: reference("f32", [rows.length], Float64Array.from(rows)),
  };
  return {
    graph: rewritten,
    twin: evaluateGraph(graph, feeds, {}),
    own: evaluateGraph(rewritten, feeds, {}),
  };
}

function count(graph: Graph, op: string): number {
  return nodesOfGraph(graph).filter((node) => node.op === op).length;
}

function expectAgreement(
  margin: Margin,
  cosines: readonly number[],
  rows: readonly number[],
  tolerance = 1e-8,
): Graph {
  const { graph, twin, own } = bothWays(margin, cosines, rows);
  for (const [name, { data }] of Object.entries(twin))
    data.forEach((wanted, at) => {
      const actual = own[name]?.data[at] ?? NaN;
      const scale = Math.max(1, Math.abs(wanted));
      expect(
        Math.abs(actual - wanted) / scale,
        `${name} at c = ${cosines[at]}, r = ${rows[at]}`,
      ).toBeLessThan(tolerance);
    });
  return graph;
}

/** Away from ±1, where acos itself has no gradient to agree with. */
const inner = Array.from({ length: size }, (_, at) => Math.cos((Math.PI * (at + 0.37)) / size));
const rowValues = Array.from({ length: size }, (_, at) => 0.8 * Math.sin(7 * at));
const everywhere = [
  -1,
  1,
  -1 - 1e-7,
  1 + 1e-7,
  0,
  0.5,
  -0.5,
  -1 + 1e-15,
  1 - 1e-15,
  Math.SQRT1_2,
  -Math.SQRT1_2,
];

const named: Readonly<Record<string, Margin>> = {
  "cos θ": (f, t) => f.cos(t),
  "cos 7θ": (f, t) => f.cos(f.mul(f.f32(7), t)),
  "cos -3θ": (f, t) => f.cos(f.neg(f.mul(t, f.f32(3)))),
  "cos(θ + 0.5)": (f, t) => f.cos(f.add(t, f.f32(0.5))),
  "cos(2(θ + 0.3) - θ + 0.1)": (f, t) =>
    f.cos(f.add(f.sub(f.mul(f.f32(2), f.add(t, f.f32(0.3))), t), f.f32(0.1))),
  "sin(π - θ)": (f, t) => f.sin(f.sub(f.f32(Math.PI), t)),
  "sin(4θ - 1)": (f, t) => f.sin(f.sub(f.mul(t, f.f32(4)), f.f32(1))),
  "cos(θ + r)": (f, t, _, r) => f.cos(f.add(t, r)),
  "sin(r - 2θ)": (f, t, _, r) => f.sin(f.sub(r, f.mul(f.f32(2), t))),
  "cos(clamp(θ - r, 0.001, 3.14))": (f, t, _, r) =>
    f.cos(f.minimum(f.f32(3.14), f.maximum(f.f32(0.001), f.sub(t, r)))),
  "if θ + 0.5 <= π then cos(θ + 0.5) else c": (f, t, c) => {
    const moved = f.add(t, f.f32(0.5));
    return f.select(f.lessEqual(moved, f.f32(Math.PI)), f.cos(moved), c);
  },
  "if θ + r < 1 then c else -c": (f, t, c, r) => f.select(f.less(f.add(t, r), f.f32(1)), c, f.neg(c)),
  "if r <= 2θ - 1 then c else r": (f, t, c, r) =>
    f.select(f.lessEqual(r, f.sub(f.mul(f.f32(2), t), f.f32(1))), c, r),
  "θ < acos r": (f, t, _, r) => f.less(t, f.make("acos", [r], {})),
  "cos(θ + acos r)": (f, t, _, r) => f.cos(f.add(t, f.make("acos", [r], {}))),
  "cos(if c > 0 then θ + 0.5 else θ)": (f, t, c) =>
    f.cos(f.select(f.less(f.f32(0), c), f.add(t, f.f32(0.5)), t)),
  "cos(detach θ + 0.5)": (f, t) => f.cos(f.add(f.make("detach", [t], {}), f.f32(0.5))),
  "⌊4θ/π⌋": (f, t) => f.floor(f.div(f.mul(f.f32(4), t), f.f32(Math.PI))),
  "⌊2.5 - 3θ⌋": (f, t) => f.floor(f.sub(f.f32(2.5), f.mul(f.f32(3), t))),
  "⌊min(θ, 1) · 5⌋": (f, t) => f.floor(f.mul(f.minimum(t, f.f32(1)), f.f32(5))),
  "L-Softmax, m = 5": (f, t) => {
    const k = f.minimum(f.f32(4), f.maximum(f.f32(0), f.floor(f.div(f.mul(f.f32(5), t), f.f32(Math.PI)))));
    const sign = f.make("parity", [k], {});
    return f.sub(f.mul(sign, f.cos(f.mul(f.f32(5), t))), f.mul(f.f32(2), k));
  },
};

describe("angles", () => {
  it.each(Object.entries(named))("%s is what it was, without acos", (_, margin) => {
    const graph = expectAgreement(margin, inner, rowValues);
    expect(count(graph, "acos")).toBe(0);
  });

  it.each(Object.entries(named))("%s is finite at and beyond the ends", (_, margin) => {
    const { twin, own } = bothWays(
      margin,
      everywhere,
      everywhere.map(() => 0.3),
    );
    for (const { data } of Object.values(own)) expect([...data].every(Number.isFinite)).toBe(true);
    const values = [own["value"], twin["value"]].map((side) => [...(side?.data ?? [])].slice(0, 2));
    values[0]?.forEach((value, at) => expect(value).toBeCloseTo(values[1]?.[at] ?? NaN, 9));
  });

  it("leaves no cosine or sine where only constants were added", () => {
    for (const name of ["cos 7θ", "cos(θ + 0.5)", "sin(4θ - 1)", "L-Softmax, m = 5"]) {
      const { graph } = bothWays(named[name] ?? ((_, t) => t), inner, rowValues);
      expect([name, count(graph, "cos"), count(graph, "sin")]).toEqual([name, 0, 0]);
    }
  });

  it("writes cos 2θ with two products", () => {
    const { graph } = bothWays((f, t) => f.cos(f.mul(f.f32(2), t)), inner, rowValues);
    const forward = nodesOfGraph({ outputs: graph.outputs.slice(0, 1) }).map(({ op }) => op);
    expect(forward.filter((op) => op === "mul").length).toBe(2);
    expect(forward).not.toContain("sqrt");
  });

  it("keeps what it cannot do: a multiple that is not whole, an angle used as a number", () => {
    const { graph } = bothWays((f, t) => f.cos(f.mul(f.f32(1.35), t)), inner, rowValues);
    expect(count(graph, "acos")).toBe(1);
    expectAgreement((f, t) => f.sub(f.f32(1), f.div(t, f.f32(Math.PI))), inner, rowValues);
  });

  it("stays accurate for a high order", () => {
    const { own, twin } = bothWays((f, t) => f.cos(f.mul(f.f32(50), t)), inner, rowValues);
    own["value"]?.data.forEach((value, at) => expect(value).toBeCloseTo(twin["value"]?.data[at] ?? NaN, 11));
  });

  it("agrees with its twin on random margins", () => {
    fc.assert(
      fc.property(marginExpressions, ({ build }) => {
        expectAgreement(build, inner, rowValues, 1e-7);
      }),
      { numRuns: 150, seed: 7 },
    );
  });
});

interface Described {
  readonly text: string;
  readonly build: Margin;
}

const number = fc.integer({ min: -400, max: 400 }).map((value) => value / 97);
const whole = fc.integer({ min: -5, max: 5 }).filter((value) => value !== 0);

/** Angle-valued expressions: sums of multiples in any association, and choices among them. */
const angleExpressions: fc.Arbitrary<Described> = fc.letrec<{ angle: Described }>((tie) => ({
  angle: fc.oneof(
    { maxDepth: 3, depthIdentifier: "angle" },
    fc.constant<Described>({ text: "θ", build: (_, t) => t }),
    fc.tuple(whole, tie("angle")).map(([n, a]): Described => ({
      text: `${n}(${a.text})`,
      build: (f, t, c, r) => f.mul(f.f32(n), a.build(f, t, c, r)),
    })),
    fc.tuple(number, tie("angle")).map(([k, a]): Described => ({
      text: `(${a.text} + ${k})`,
      build: (f, t, c, r) => f.add(a.build(f, t, c, r), f.f32(k)),
    })),
    fc.tuple(number, tie("angle")).map(([k, a]): Described => ({
      text: `(${k} - ${a.text})`,
      build: (f, t, c, r) => f.sub(f.f32(k), a.build(f, t, c, r)),
    })),
    tie("angle").map((a): Described => ({
      text: `(r + ${a.text})`,
      build: (f, t, c, r) => f.add(r, a.build(f, t, c, r)),
    })),
    fc.tuple(tie("angle"), number).map(([a, k]): Described => ({
      text: `min(${a.text}, ${k})`,
      build: (f, t, c, r) => f.minimum(a.build(f, t, c, r), f.f32(k)),
    })),
    fc.tuple(tie("angle"), tie("angle")).map(([a, b]): Described => ({
      text: `max(${a.text}, ${b.text})`,
      build: (f, t, c, r) => f.maximum(a.build(f, t, c, r), b.build(f, t, c, r)),
    })),
  ),
})).angle;

const marginExpressions: fc.Arbitrary<Described> = fc.oneof(
  angleExpressions.map((a): Described => ({
    text: `cos(${a.text})`,
    build: (f, t, c, r) => f.cos(a.build(f, t, c, r)),
  })),
  angleExpressions.map((a): Described => ({
    text: `sin(${a.text})`,
    build: (f, t, c, r) => f.sin(a.build(f, t, c, r)),
  })),
  angleExpressions.map((a): Described => ({
    text: `floor(${a.text})`,
    build: (f, t, c, r) => f.floor(a.build(f, t, c, r)),
  })),
  fc.tuple(angleExpressions, number).map(([a, k]): Described => ({
    text: `if ${a.text} < ${k} then c else -c`,
    build: (f, t, c, r) => f.select(f.less(a.build(f, t, c, r), f.f32(k)), c, f.neg(c)),
  })),
);

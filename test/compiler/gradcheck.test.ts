import { describe, expect, it } from "vitest";
import { type GradcheckEntry, defaultGradcheckOptions, gradcheck } from "../../compiler/gradcheck.ts";
import { probeAlong } from "../../compiler/gradcheck/differences.ts";
import { type Formulas, formulas } from "../../compiler/ir/build.ts";
import { namedDim } from "../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../compiler/ir/node.ts";

describe("probing a slope", () => {
  const kindOf = (f: (t: number) => number, claimed: number): string => probeAlong(f, claimed, 1e-6).kind;

  it("agrees with a right gradient, also beside a kink", () => {
    expect(probeAlong((t) => Math.exp(3 * t), 3, 1e-6).slope).toBeCloseTo(3, 9);
    expect(probeAlong((t) => Math.abs(t + 1e-4) * 2, 2, 1e-6).slope).toBeCloseTo(2, 8);
    const curvature = (t: number): number => (t < 0 ? 20 : -40);
    expect(probeAlong((t) => t + (curvature(t) * t * t) / 2, 1, 1e-6).slope).toBeCloseTo(1, 6);
    expect(probeAlong((t) => 64 * Math.sin(40 * t + 1), 64 * 40 * Math.cos(1), 1e-6).kind).toBe("smooth");
  });

  it("calls a wrong gradient smooth, so that it fails", () => {
    const probe = probeAlong((t) => Math.sin(t + 1), 0.7, 1e-6);
    expect(probe.kind).toBe("smooth");
    expect(probe.slope).toBeCloseTo(Math.cos(1), 8);
    expect(kindOf((t) => 1000 * t * t + t, 2)).toBe("smooth");
  });

  it("knows a kink, an upright tangent and a jump", () => {
    expect(kindOf((t) => Math.max(t, 0), 0)).toBe("kink");
    expect(kindOf((t) => -Math.sqrt(Math.abs(t)), 1)).toBe("kink");
    expect(kindOf((t) => (t <= 0 ? t : t - 0.1), 1)).toBe("jump");
  });
});

describe("gradcheck", () => {
  it("passes the margin loss with ArcFace, at every special place", () => {
    const report = gradcheck(
      marginLoss((f, c) => f.cos(f.add(f.make("acos", [c], {}), f.f32(0.5)))),
      {
        ...defaultGradcheckOptions,
        angles: [Math.PI - 0.5, Math.PI / 2, 1e-4],
      },
    );
    expect(report.notFinite).toEqual([]);
    expect(report.maxRelativeError).toBeLessThan(1e-6);
    expect(report.ok).toBe(true);
    expect(report.points).toBe(10);
    // At c = 1 the angle is a cone's tip: a kink for every row, named and not failed.
    expect(report.kinks.some(({ point, kind }) => point === "c = 1" && kind === "kink")).toBe(true);
  });

  describe("where all inputs are zero", () => {
    const checked = (formula: (f: Formulas, z: Node) => Node) => {
      const builder = new GraphBuilder();
      const f = formulas(builder);
      const z = f.make("input", [], { name: "z", dtype: "f32", shape: [namedDim("N")] });
      return gradcheck(entryOf(builder, formula(f, z)), defaultGradcheckOptions);
    };

    it("finds kinks that make up for each other, but not in their gradients", () => {
      const report = checked((f, z) =>
        f.add(f.maximum(z, f.f32(0)), f.log(f.add(f.f32(1), f.exp(f.neg(f.abs(z)))))),
      );
      expect(report.ok).toBe(false);
      expect(report.worst?.point).toBe("inputs of zero");
      expect(checked((f, z) => f.make("softplus", [z], {})).ok).toBe(true);
    });

    it("names a kink, and does not look where the value is no number", () => {
      const report = checked((f, z) => f.maximum(z, f.f32(0)));
      expect([report.ok, report.kinks.some(({ point }) => point === "inputs of zero")]).toEqual([true, true]);
      expect(checked((f, z) => f.log(z)).points).toBe(3);
      expect(checked((f, z) => f.sqrt(f.mul(z, z))).notFinite).toEqual([
        { point: "inputs of zero", name: "gradient:z" },
      ]);
    });
  });

  it("holds still what is detached and follows straight_through", () => {
    const report = gradcheck(
      marginLoss((f, c) =>
        f.add(f.mul(f.make("detach", [c], {}), c), f.make("straight_through", [f.floor(c), f.mul(c, c)], {})),
      ),
      defaultGradcheckOptions,
    );
    expect(report.ok).toBe(true);
    expect(report.comparisons).toBeGreaterThan(30);
  });

  it("names a jump", () => {
    const report = gradcheck(
      marginLoss((f, c) => f.select(f.less(f.f32(0), c), c, f.sub(c, f.f32(1)))),
      { ...defaultGradcheckOptions, angles: [Math.PI / 2] },
    );
    expect(report.ok).toBe(true);
    expect(new Set(report.kinks.map(({ kind }) => kind))).toContain("jump");
  });

  it("fails where a value or a gradient is not finite", () => {
    const report = gradcheck(
      marginLoss((f, c) => f.sqrt(f.sub(c, c))),
      defaultGradcheckOptions,
    );
    expect(report.ok).toBe(false);
    expect(report.notFinite[0]).toEqual({ point: "random 1", name: expect.stringContaining("gradient:") });
  });

  it("looks along fewer directions where FLOPs are dear, but along everything together at each point", () => {
    const loss = (): GradcheckEntry => marginLoss((f, c) => f.mul(c, c));
    const whole = gradcheck(loss(), defaultGradcheckOptions);
    expect(whole.leftOut).toBe(0);
    const little = gradcheck(loss(), { ...defaultGradcheckOptions, flops: 1 });
    expect(little).toMatchObject({ ok: true, points: 5, comparisons: 5 });
    expect(little.leftOut + little.comparisons).toBeLessThan(whole.comparisons + whole.kinks.length);
  });

  it("moves inputs into the domain of a logarithm", () => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const x = f.make("input", [], { name: "x", dtype: "f32", shape: [namedDim("N")] });
    const report = gradcheck(entryOf(builder, f.log(x)), defaultGradcheckOptions);
    expect(report).toMatchObject({ ok: true, points: 3 });
  });
});

function marginLoss(target: (f: Formulas, cosine: Node) => Node): GradcheckEntry {
  const builder = new GraphBuilder();
  const f = formulas(builder);
  const [N, C, D] = [namedDim("N"), namedDim("C"), namedDim("D")];
  const x = f.make("input", [], { name: "x", dtype: "f32", shape: [N, D] });
  const y = f.make("input", [], { name: "y", dtype: "i32", shape: [N] });
  const w = f.make("parameter", [], { name: "W", dtype: "f32", shape: [C, D] });
  const unit = (rows: Node): Node => f.make("normalize", [rows], { axis: 1 });
  const c = f.matmul(unit(x), unit(w), "keep", "flip");
  const own = f.reshape(y, [...y.type.shape, { key: "1", terms: [{ coefficient: 1, atoms: [] }] }]);
  const isOwn = f.equal(f.make("iota", [], { size: C }), own);
  const z = f.mul(f.f32(16), f.select(isOwn, target(f, c), c));
  const rows = f.sub(f.logsumexp(z, { axes: [1], keepDims: false }), f.pick(z, y));
  return entryOf(builder, f.mean(rows, { axes: [0], keepDims: false }));
}

function entryOf(builder: GraphBuilder, value: Node): GradcheckEntry {
  const inputs = [
    {
      name: "y",
      type: { dtype: "i32" as const, shape: [namedDim("N")] },
      role: "data" as const,
      bound: namedDim("C"),
    },
  ];
  return {
    name: "entry",
    builder,
    variables: [],
    fn: { name: "value", inputs, graph: { outputs: [{ name: "value", node: value }] } },
  };
}

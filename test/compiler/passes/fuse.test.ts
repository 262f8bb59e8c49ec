/** Kernels: what fuses and what does not, that every node has exactly one, and the limit of a target. */
import { describe, expect, test } from "vitest";
import { formulas } from "../../../compiler/ir/build.ts";
import { constantDim, namedDim } from "../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node, nodesOf } from "../../../compiler/ir/node.ts";
import { compileVerified, defaultPassOptions } from "../../../compiler/compile.ts";
import {
  type KernelGroup,
  type KernelLimits,
  fuse,
  groupNodes,
  isLeaf,
} from "../../../compiler/passes/fuse.ts";
import { nodesOutside, streamedNodes } from "../../../compiler/passes/stream.ts";
import { stageOf } from "../../support/check-pass.ts";
import * as heads from "../../support/head-programs.ts";

const builder = new GraphBuilder();
const f = formulas(builder);
const [N, K, C] = [namedDim("N"), constantDim(5), constantDim(3)];
const input = (name: string, ...shape: (typeof N)[]): Node =>
  builder.make("input", [], { name, dtype: "f32", shape });
const [x, W, b] = [input("x", N, K), input("W", K, C), input("b", C)];

const plain: KernelLimits = {
  buffers: Infinity,
  apart: new Set(),
  products: "bias",
  folds: "alone",
  repeats: false,
  updatesInPlace: false,
  views: new Set(),
};

function kernels(outputs: readonly Node[], limits: Partial<KernelLimits> = {}): readonly KernelGroup[] {
  const nodes = nodesOf(outputs).filter((node) => !isLeaf(node) && node.op !== "constant");
  return groupNodes(nodes, new Set(outputs), { ...plain, ...limits }, () => []);
}

/** `contraction[matmul add maximum]` */
function show(groups: readonly KernelGroup[]): readonly string[] {
  return groups.map(({ kind, nodes }) => `${kind}[${nodes.map(({ op }) => op).join(" ")}]`);
}

describe("groups", () => {
  const product = f.matmul(x, W, "keep", "keep");
  const activated = f.maximum(f.add(product, b), f.f32(0));

  test("a product takes its bias and max(x, 0)", () => {
    expect(show(kernels([activated]))).toEqual(["contraction[matmul add maximum]"]);
  });

  test("a product that others read keeps to itself", () => {
    expect(show(kernels([activated, product]))).toEqual(["contraction[matmul]", "elementwise[add maximum]"]);
  });

  test("an element-wise chain has several results", () => {
    const [e, s] = [f.exp(x), f.mul(f.exp(x), x)];
    const [group] = kernels([e, s]);
    expect(group?.writes).toEqual([e, s]);
    expect(group?.reads).toEqual([x]);
  });

  test("a reduction takes the chain that feeds only it", () => {
    const total = f.sum(f.mul(f.exp(x), x), { axes: [1], keepDims: false });
    expect(show(kernels([total]))).toEqual(["reduction[exp mul sum]"]);
  });

  test("shapes part kernels, and no kernel waits for itself", () => {
    const e = f.exp(x);
    const total = f.sum(e, { axes: [1], keepDims: true });
    const groups = kernels([f.div(e, total)]);
    expect(show(groups)).toEqual(["elementwise[exp]", "reduction[sum]", "elementwise[div]"]);
  });

  test("where a target shares folds, reductions along the same axes and what they are made of are one kernel", () => {
    const e = f.sqrt(x);
    const over = (each: Node, axis: number): Node => f.sum(each, { axes: [axis], keepDims: true });
    const [first, second, across] = [over(e, 0), over(f.mul(e, x), 0), over(e, 1)];
    const outputs = [e, first, second, across];
    expect(show(kernels(outputs))).toEqual([
      "elementwise[sqrt mul]",
      "reduction[sum]",
      "reduction[sum]",
      "reduction[sum]",
    ]);
    const shared = kernels(outputs, { folds: "shared" });
    expect(show(shared)).toEqual(["reduction[sqrt sum mul sum]", "reduction[sum]"]);
    expect(shared[0]?.writes).toEqual([e, first, second]);
  });

  test("what follows complete reductions stands behind them, and takes what only it needs", () => {
    const over = { axes: [0], keepDims: false };
    const mean = f.div(f.sum(x, over), f.f32(7));
    const old = f.mul(input("old", K), f.f32(0.9));
    const outputs = [mean, f.add(old, mean), f.sum(f.sub(x, mean), over)];
    expect(show(kernels(outputs, { folds: "shared" }))).toEqual([
      "reduction[sum div mul add]",
      "reduction[sub sum]",
    ]);
    const product = f.matmul(x, W, "keep", "keep");
    const centred = [product, f.div(f.sum(product, over), f.f32(7))];
    expect(show(kernels(centred, { products: "chains" }))).toEqual(["contraction[matmul sum div]"]);
  });

  test("kernels that go over the same values are one, unless one waits for the other", () => {
    const over = { axes: [1], keepDims: false };
    const [a, b] = [f.sum(f.exp(x), over), f.sum(f.abs(x), over)];
    expect(show(kernels([a, b]))).toEqual(["reduction[exp sum]", "reduction[abs sum]"]);
    expect(show(kernels([a, b], { folds: "shared" }))).toEqual(["reduction[exp sum abs sum]"]);
    const spread = f.sum(f.abs(f.sub(x, f.sum(x, { axes: [0, 1], keepDims: false }))), over);
    expect(kernels([a, spread], { folds: "shared" })).toHaveLength(2);
  });

  test("what nothing waits for takes the room that is left", () => {
    const over = { axes: [0], keepDims: false };
    const sum = f.sum(x, over);
    const end = f.add(f.mul(sum, input("p", K)), f.mul(input("q", K), input("r", K)));
    const scale = f.div(sum, input("s", K));
    const trunk = f.sum(f.mul(x, scale), { axes: [1], keepDims: false });
    const groups = kernels([end, trunk], { folds: "shared", buffers: 5 });
    expect(show(groups)).toContain("reduction[sum div mul]");
  });

  test("a fold does not take what waits for it, nor a variable that may lie in shards", () => {
    const e = f.sqrt(x);
    const total = f.sum(e, { axes: [1], keepDims: true });
    const groups = kernels([e, f.div(e, total)], { folds: "shared" });
    expect(show(groups)).toEqual(["reduction[sqrt sum]", "elementwise[div]"]);
    const w = f.exp(builder.make("parameter", [], { name: "w", dtype: "f32", shape: [N, K] }));
    const ofVariable = kernels([w, f.sum(w, { axes: [1], keepDims: true })], { folds: "shared" });
    expect(show(ofVariable)).toEqual(["elementwise[exp]", "reduction[sum]"]);
  });

  test("a mask is worked out by its one reader, from what is stored anyway", () => {
    const active = f.maximum(f.mul(x, x), f.f32(0));
    const mask = f.less(f.f32(0), active);
    const total = f.sum(active, { axes: [0], keepDims: true });
    const back = f.select(mask, f.mul(input("g", N, K), total), f.f32(0));
    const groups = kernels([active, back]);
    expect(show(groups)).toEqual([
      "elementwise[mul maximum]",
      "reduction[sum]",
      "elementwise[less mul select]",
    ]);
    expect(groups[0]?.writes).toEqual([active]);
  });

  test("a target's limit parts kernels", () => {
    const many = ["a", "c", "d", "e", "g"].map((name) => input(name, N, K));
    const sum = many.reduce((total, each) => f.add(total, each), x);
    expect(kernels([sum]).length).toBe(1);
    expect(kernels([sum], { buffers: 4 }).length).toBeGreaterThan(1);
    for (const { reads, writes } of kernels([sum], { buffers: 4 }))
      expect(reads.length + writes.length).toBeLessThanOrEqual(4);
  });
});

test("a distance from a mean is worked out by all its readers, on a GPU", () => {
  const stage = stageOf((f) => {
    const rows = f.exp(f.make("input", [], { name: "x", dtype: "f32", shape: [N, constantDim(64)] }));
    const total = (each: Node): Node => f.sum(each, { axes: [0], keepDims: true });
    const distance = f.sub(rows, total(rows));
    return f.mul(distance, total(f.mul(distance, distance)));
  });
  const on = (target: "tfjs" | "wgsl"): readonly KernelGroup[] =>
    fuse.run({ ...stage, options: { ...stage.options, target } }).kernels ?? [];
  expect(show(on("wgsl"))).toEqual(["reduction[exp sum]", "reduction[sub mul sum]", "elementwise[sub mul]"]);
  expect(on("wgsl").flatMap(({ writes }) => writes.map(({ op }) => op))).toEqual([
    "exp",
    "sum",
    "sum",
    "mul",
  ]);
  expect(on("tfjs").flatMap(({ writes }) => writes.map(({ op }) => op))).toContain("sub");
});

test("a number made of sizes is no kernel's, on a GPU", () => {
  const stage = stageOf((f) => {
    const count = f.make("size", [], { dim: N });
    return f.mul(f.make("input", [], { name: "x", dtype: "f32", shape: [N] }), f.div(f.f32(1), count));
  });
  const { kernels = [] } = fuse.run({ ...stage, options: { ...stage.options, target: "wgsl" } });
  const inverse = kernels.find(({ nodes }) => nodes.some(({ op }) => op === "div"));
  expect(inverse?.kind).toBe("single");
  expect(kernels.find(({ kind }) => kind === "elementwise")?.nodes.map(({ op }) => op)).toEqual(["mul"]);
});

describe("the pass", () => {
  const program = heads.headProgram({ width: 4, classes: 9 }, heads.denseSoftmax);
  const [step] = program.functions;

  test.each(["tfjs", "wgsl"] as const)("every computed node has one kernel, on %s", (target) => {
    if (step === undefined) throw new Error("a head has a step");
    const stage = compileVerified(program, step, { ...defaultPassOptions, target });
    const streamed = streamedNodes(stage.regions ?? []);
    const computed = nodesOutside(stage.graph, stage.regions ?? []).filter(
      (node) => !isLeaf(node) && !streamed.has(node),
    );
    const grouped = (stage.kernels ?? []).flatMap(({ nodes }) => nodes);
    expect(grouped.length).toBe(new Set(grouped).size);
    expect(new Set(grouped)).toEqual(new Set(computed));
    const optimizers = (stage.kernels ?? []).filter(({ kind }) => kind === "optimizer");
    // The bias and the weights; on a GPU each update stands behind its gradient.
    expect(optimizers.length).toBe(target === "wgsl" ? 0 : 2);
  });
});

/**
 * Small programs that passes once choked on, run from their text with gradients: the reference and the targets give
 * the same numbers.
 */
import { describe, test } from "vitest";
import { expectAgreement } from "../../support/every-target.ts";

describe("factors of two stored operands come to rest", () => {
  test.each([
    ["a factor along the axis that is summed", "transpose(V) @ (V * s)"],
    ["a normalised operand", "transpose(V) @ normalize(V, over: 1)"],
    ["both have a factor", "transpose(V * s) @ (V * (s + 1))"],
    [
      "a factor on either side of the left operand",
      "transpose(V * s * reshape(exp(U[0]), [1, 2])) @ (V * s)",
    ],
    ["two stored operands", "transpose(U * s) @ V"],
  ])("%s", async (_, body) => {
    const text = `export layer two()(x: f32[N, 2], s: f32[5, 1]) {
      param U: f32[5, 2]
      param V: f32[5, 2]
      ${body} + sum(U)
    }`;
    await expectAgreement(text, "two", { dims: { N: 3 }, targets: ["tfjs", "wgsl"] });
  });

  test("of a state", async () => {
    const text = `export layer two()(x: f32[N, 2], s: f32[5, 1]) {
      state V: f32[5, 2] = 0.5
      transpose(V) @ (V * s)
    }`;
    await expectAgreement(text, "two", { dims: { N: 3 } });
  });
});

describe("a look-up in broadcast operands comes to rest", () => {
  test.each([
    ["a row for each head", "z: f32[N, H, C], b: f32[H, C], k: i32[N, H]", "pick(z * b, k)"],
    ["a row for each sample", "z: f32[N, H, C], b: f32[N, 1, C], k: i32[N, H]", "pick(z - b, k)"],
    ["one of the rows for all", "z: f32[N, 3, 3], k: i32[N, 3]", "pick(z + reshape(z[0], [1, 3, 3]), k)"],
    ["a softmax over another axis", "k: i32[N, 2]", "pick(softmax(one_hot(k, 3), over: 1), k)"],
    ["pairs of labels", "k: i32[N, 3]", "pick(reshape(k, [N, 3, 1]) + reshape(k, [N, 1, 3]), k % 3)"],
  ])("%s", async (_, parameters, body) => {
    const text = `export fn own(${parameters}) = ${body}`;
    await expectAgreement(text, "own", { dims: { N: 4, H: 2, C: 3 }, targets: ["tfjs", "wgsl"] });
  });
});

describe("an angle in a rearranged sum of unlike shapes", () => {
  test.each([
    ["reshaped", "x: f32[N, D], b: f32[D]", "sin(reshape(x + b, [-1]))"],
    ["transposed", "x: f32[N, D], b: f32[D]", "cos(transpose(x + b))"],
    ["a slice of a row", "x: f32[4, D], b: f32[1, D]", "sin((x + b)[1])"],
    ["a slice of a vector", "x: f32[4, D], b: f32[D]", "sin((x + b)[1])"],
    ["a slice of a column", "x: f32[4, D], b: f32[4, 1]", "sin((x + b)[1])"],
    ["compared", "x: f32[N, D]", "f32(reshape(acos(tanh(x)) + mean(x), [-1]) < 1) * reshape(x, [-1])"],
    ["of an angle", "x: f32[N, D], b: f32[D]", "cos(2 * reshape(acos(tanh(x)) + b + 1, [-1]))"],
    ["stopped", "x: f32[N, D], b: f32[D]", "cos(detach(acos(0.5 * tanh(b))) + x)"],
  ])("%s", async (_, parameters, body) => {
    const text = `export fn moved(${parameters}) = ${body}`;
    await expectAgreement(text, "moved", { dims: { N: 4, D: 3 }, targets: ["tfjs", "wgsl"] });
  });
});

describe("the class axis joined with another one", () => {
  const scores = "x @ transpose(W)";
  test.each([
    ["a penalty on all weights", "sum(abs(reshape(W, [-1])))"],
    ["the spread of all scores", "std(z)"],
    ["their length", "norm(reshape(z, [-1]))"],
    ["their mean size", "mean(abs(reshape(z, [-1])))"],
    ["their largest, and their spread", "max(reshape(z, [-1])) + std(z)"],
    ["the sum of running sums", "mean(cumsum(reshape(tanh(z), [-1]), over: 0))"],
    ["weights beside a long parameter", "sum(reshape(tanh(W), [-1]) * b)"],
    ["scores beside a long parameter", "sum(exp(reshape(tanh(z), [N * C]) * t))"],
    ["turned scores", "norm(reshape(transpose(z), [-1]))"],
  ])("%s", async (_, penalty) => {
    const text = `export loss whole(x: f32[N, D], y: index<C>[N]) {
      param W: f32[C, D]
      param b: f32[C * D]
      param t: f32[1]
      let z = ${scores}
      mean(logsumexp(z, over: C) - pick(z, y)) + ${penalty} + sum(b) + sum(t)
    }`;
    const dims = { N: 4, C: 23, D: 3 };
    for (const budgetBytes of [2 ** 12, 2 ** 26])
      await expectAgreement(text, "whole", { dims, targets: ["tfjs", "wgsl"], budgetBytes });
  });
});

describe("classes and rows that one step sees and the next does not", () => {
  const targets = ["tfjs", "wgsl"] as const;

  test.each([2 ** 12, 2 ** 26])("classes drawn by chance, in chunks of %i bytes", async (budgetBytes) => {
    const text = `import { ArcFace } from "std/margins"
    export loss some(x: f32[N, D], y: index<C>[N]) {
      param W: f32[C, D]
      let own = min(1, sum(one_hot(y), over: N))
      let order = argsort(random_uniform(like: own) - own)
      let place = argsort(order)[y]
      let z = logits(ArcFace(m: 0.3, s: 8), x, W[order[range(600)]], place)
      mean(if place < 600 then logsumexp(z, over: -1) - pick(z, place) else 0)
    }`;
    await expectAgreement(text, "some", {
      dims: { N: 5, C: 900, D: 3 },
      targets,
      budgetBytes,
      tolerance: 2e-5,
    });
  });

  test("a memory of earlier batches", async () => {
    const text = `export loss remembered(x: f32[N, D], y: index<C>[N]) {
      state bank: f32[9, D] = 0
      state labels: i32[9] = -1
      let features = normalize(x, over: D)
      let s = features @ transpose(bank)
      let same = reshape(y, [N, 1]) == labels
      bank <- concat([features, bank[range(9 - N)]], over: 0)
      labels <- concat([y, labels[range(9 - N)]], over: 0)
      mean(sum(if same then 1 - s else max(0, s - 0.5), over: -1))
    }`;
    await expectAgreement(text, "remembered", { dims: { N: 4, D: 3, C: 5 }, targets });
  });
});

describe("sums and products of nothing", () => {
  test.each([
    ["sum(x[range(0)], over: 0)"],
    ["sum(reshape(x[range(0)], [0, 3, 1]), over: 0)"],
    ["logsumexp(x[range(0)], over: 0)"],
    ["concat([x, x[range(0)]], over: 0)"],
    ["transpose(x[range(0)]) @ x[range(0)]"],
  ])("%s", async (body) => {
    const text = `export fn nothing(x: f32[N, D]) = ${body}`;
    await expectAgreement(text, "nothing", { dims: { N: 4, D: 3 }, targets: ["tfjs", "wgsl"] });
  });

  // WGSL writes no infinity: there the largest of nothing is the least finite number.
  test("the largest of nothing", async () => {
    const text = "export fn nothing(x: f32[N, D]) = max(x[range(0)], over: 0)";
    await expectAgreement(text, "nothing", { dims: { N: 4, D: 3 }, targets: ["tfjs"] });
  });

  test.each([0, 1])("a network on %i rows", async (N) => {
    const text = `import { avg_pool, conv2d, depthwise_conv2d, max_pool } from "std/layers"
    export loss little(x: f32[N, 5, 5, 2]) {
      sum(x |> conv2d(3, stride: 2) |> depthwise_conv2d(stride: 2) |> avg_pool(1) |> max_pool(2))
    }`;
    await expectAgreement(text, "little", { dims: { N }, targets: ["tfjs"] });
  });
});

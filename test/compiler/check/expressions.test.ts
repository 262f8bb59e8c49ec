/** What expressions compute: operators, constants, dtypes, builtins, axes. Source and value side by side. */
import { describe, expect, test } from "vitest";
import { type Nested, check, typesOf, valueOf } from "../../support/check-source.ts";

const matrix = [
  [1, 2, 3],
  [4, 5, 6],
];

/** `fn f(x: f32[N, D], i: i32[N]) = …` on x = [[1, 2, 3], [4, 5, 6]] and i = [2, 0]. */
function f(expression: string): Nested {
  const source = `fn f(x: f32[N, D], i: i32[N]) = ${expression}\n`;
  return valueOf(source, "f", { x: matrix, i: [2, 0] });
}

describe("operators", () => {
  test.each<[string, Nested]>([
    [
      "x + 1",
      [
        [2, 3, 4],
        [5, 6, 7],
      ],
    ],
    [
      "1 - x",
      [
        [0, -1, -2],
        [-3, -4, -5],
      ],
    ],
    [
      "x / 2",
      [
        [0.5, 1, 1.5],
        [2, 2.5, 3],
      ],
    ],
    [
      "(x // 2)",
      [
        [0, 1, 1],
        [2, 2, 3],
      ],
    ],
    [
      "-x % 4",
      [
        [3, 2, 1],
        [0, 3, 2],
      ],
    ],
    [
      "x ^ 2",
      [
        [1, 4, 9],
        [16, 25, 36],
      ],
    ],
    [
      "x ^ -1 * x",
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
    ],
    [
      "(-1) ^ floor(x)",
      [
        [-1, 1, -1],
        [1, -1, 1],
      ],
    ],
    [
      "(-1) ^ (floor(x) + i[0])",
      [
        [-1, 1, -1],
        [1, -1, 1],
      ],
    ],
    ["-2 ^ 2 + 0 * sum(x)", -4],
    ["x @ x[0]", [14, 32]],
    [
      "transpose(x) @ x",
      [
        [17, 22, 27],
        [22, 29, 36],
        [27, 36, 45],
      ],
    ],
    ["(i // 2)", [1, 0]],
    ["i / 4", [0.5, 0]],
    ["i + 0.5", [2.5, 0.5]],
    [
      "f32(x > 2 and not (x > 4 or x == 3))",
      [
        [0, 0, 0],
        [1, 0, 0],
      ],
    ],
    [
      "if x > 3 then x else 0",
      [
        [0, 0, 0],
        [4, 5, 6],
      ],
    ],
    ["if D == 3 then sum(x) else 0 - sum(x)", 21],
  ])("%s", (expression, expected) => {
    expect(f(expression)).toEqual(expected);
  });

  test("constants fold in float64", () => {
    expect(typesOf("let a = 2 ^ 10 - 1\n")["2 ^ 10 - 1"]).toBe("int = 1023");
    expect(typesOf("let a = cos(pi / 3)\n")["cos(pi / 3)"]).toBe(`float = ${Math.cos(Math.PI / 3)}`);
    expect(typesOf("let a = 7 / 2\n")["7 / 2"]).toBe("float = 3.5");
    expect(typesOf("let a = max([1, 3, 2])\n")["max([1, 3, 2])"]).toBe("int = 3");
  });
});

describe("axes", () => {
  test.each<[string, Nested]>([
    ["sum(x, over: N)", [5, 7, 9]],
    ["sum(x, over: D)", [6, 15]],
    ["sum(x, over: -1, keep: true)", [[6], [15]]],
    ["sum(x, over: [N, D])", 21],
    ["sum(x)", 21],
    ["sum(x > 2, over: D)", [1, 3]],
    ["mean(x, over: 0)", [2.5, 3.5, 4.5]],
    ["max(x, over: D) - min(x, over: D)", [2, 2]],
    [
      "max(x, 4)",
      [
        [4, 4, 4],
        [4, 5, 6],
      ],
    ],
    ["argmax(x, over: N)", [1, 1, 1]],
    ["std(x, over: N, correction: 1) ^ 2", [4.5, 4.5, 4.5].map((v) => expect.closeTo(v, 12) as number)],
    ["std(x[0], correction: 1)", 1],
    [
      "cumsum(x, over: D)",
      [
        [1, 3, 6],
        [4, 9, 15],
      ],
    ],
    [
      "cumsum(x, over: D, reverse: true)",
      [
        [6, 5, 3],
        [15, 11, 6],
      ],
    ],
    [
      "sort(-x, over: D)",
      [
        [-3, -2, -1],
        [-6, -5, -4],
      ],
    ],
    [
      "argsort(x, over: D, descending: true)",
      [
        [2, 1, 0],
        [2, 1, 0],
      ],
    ],
    [
      "take_along(x, argsort(x, over: D, descending: true), over: D)",
      [
        [3, 2, 1],
        [6, 5, 4],
      ],
    ],
    ["norm([3, 4] + 0 * sum(x))", 5],
    ["size(x, over: D) * sum(x)", 63],
  ])("%s", (expression, expected) => {
    expect(f(expression)).toEqual(expected);
  });

  test("`...` stands for any axes, and `over: ...` finds them again", () => {
    const source = "fn f(x: f32[..., K]) = mean(x, over: ...)\n";
    const type = (shape: readonly number[]) => ({ dtype: "f32" as const, shape: shape.map(dim) });
    expect(
      valueOf(
        source,
        "f",
        {
          x: [
            [1, 2],
            [3, 4],
          ],
        },
        { inputTypes: { x: type([2, 2]) } },
      ),
    ).toEqual([2, 3]);
    expect(valueOf(source, "f", { x: [[[1, 2]], [[3, 4]]] }, { inputTypes: { x: type([2, 1, 2]) } })).toEqual(
      [2, 3],
    );
  });
});

describe("shapes and places", () => {
  test.each<[string, Nested]>([
    [
      "reshape(x, [D, -1])",
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    [
      "reshape(transpose(x, order: [1, 0]), like: x)",
      [
        [1, 4, 2],
        [5, 3, 6],
      ],
    ],
    [
      "concat([x, x], over: D)",
      [
        [1, 2, 3, 1, 2, 3],
        [4, 5, 6, 4, 5, 6],
      ],
    ],
    ["x[0]", [1, 2, 3]],
    ["x[-1]", [4, 5, 6]],
    [
      "x[i // 2]",
      [
        [4, 5, 6],
        [1, 2, 3],
      ],
    ],
    ["pick(x, i)", [3, 4]],
    [
      "one_hot(i, D)",
      [
        [0, 0, 1],
        [1, 0, 0],
      ],
    ],
    ["range(D) * i32(x[0])", [0, 2, 6]],
    ["[10, 20, 30][1] * x[0]", [20, 40, 60]],
    ["[0.1, 0.01, 0.001][sum(sum(x) >= [5, 100])] + 0 * sum(x)", 0.01],
    ["length([1, 2, 3]) * x[0]", [3, 6, 9]],
    [
      "clamp(x, 2, 5)",
      [
        [2, 2, 3],
        [4, 5, 5],
      ],
    ],
    [
      "softmax(0 * x, over: D) * D",
      [
        [1, 1, 1],
        [1, 1, 1],
      ].map((row) => row.map((v) => expect.closeTo(v, 12) as number)),
    ],
  ])("%s", (expression, expected) => {
    expect(f(expression)).toEqual(expected);
  });
});

describe("settings", () => {
  test("by position, by name, by default", () => {
    const source = `fn scaled(x: f32[N, D], by = 2, plus = 0) = by * x + plus
fn f(x: f32[N, D]) = scaled(x, 3) + scaled(x, plus: 1) + (x |> scaled(10, 100))\n`;
    expect(valueOf(source, "f", { x: [[1]] })).toEqual([[3 + 3 + 110]]);
  });

  test("a setting from outside is evaluated in the file", () => {
    const source = "let seven = 7\nfn f(x: f32[N], by: int) = by * x\n";
    expect(valueOf(source, "f", { x: [1] }, { set: { by: "seven + 1" } })).toEqual([8]);
  });

  test("functions as settings", () => {
    const source = `fn twice(x: f32[N]) = 2 * x
fn apply(x: f32[N], g: fn = twice) = g(g(x))
fn f(x: f32[N]) = apply(x) + apply(x, g: exp)\n`;
    expect(valueOf(source, "f", { x: [0] })).toEqual([Math.E]);
  });

  test("a static if leaves the other branch out", () => {
    const source = `fn f(x: f32[N, D], flat = true) = if flat then sum(x, over: D) else x\n`;
    expect(valueOf(source, "f", { x: [[1, 2]] })).toEqual([3]);
    expect(valueOf(source, "f", { x: [[1, 2]] }, { set: { flat: "false" } })).toEqual([[1, 2]]);
  });
});

function dim(size: number) {
  return { key: String(size), terms: [{ coefficient: size, atoms: [] }] };
}

describe("sizes that a setting gives", () => {
  test("`over` finds the axis that a setting is the size of", () => {
    const source = `fn b(x: f32[N, 4], K: int = 1) = sum(max(reshape(x, [N, -1, K]), over: K))
fn outer(x: f32[N, 4], K: int = 2) = sum(max(parts(x, K), over: K))
fn parts(x: f32[N, D], size: int) = reshape(x, [N, -1, size])
fn fixed(x: f32[N, D], axis: int = 1) = max(x, over: axis)
`;
    const x = [[1, 5, 2, 3]];
    expect(valueOf(source, "b", { x })).toBe(11);
    expect(valueOf(source, "b", { x }, { set: { K: "2" } })).toBe(8);
    expect(valueOf(source, "outer", { x })).toBe(8);
    expect(valueOf(source, "fixed", { x })).toEqual([5]);
    expect(valueOf(source, "fixed", { x }, { set: { axis: "-2" } })).toEqual([1, 5, 2, 3]);
  });

  test("a position where another axis is as long is told", () => {
    check(
      "fn f(x: f32[N, 4, 2, M], axis: int = 2, _other: int = 4) = sum(x, over: axis)\n" +
        "fn g(x: f32[N, 4, 1], axis: int = 1) = sum(x, over: axis)\n",
      `2 \`axis\`: warning M0230 \`axis\` is taken as axis 1 of f32[N, 4, 1], not as the axis of size 1, which is axis 2
  help: for the size, name that axis: \`let z: f32[…, axis] = …\`, \`over: axis\``,
    );
  });
});

import { describe, expect, test } from "vitest";
import { body, codes, moduleOf } from "../../support/syntax.ts";

const inBody = (text: string): readonly string[] => body(`fn f(x: f32) {\n${text}\n}\n`);

describe("a statement ends with its line", () => {
  test.each([
    ["let a = b\n-c", ["let a b", "(- c)"]],
    ["let a = b\n(c)", ["let a b", "c"]],
    ["let a = b\n[c]", ["let a b", "[c]"]],
    ["let a = b\n  |> f(1)\n  |> g", ["let a (|> (|> b f(1)) g)"]],
    ["let a = b -\n  c", ["let a (- b c)"]],
    ["let a = b\n  + c", ["let a (+ b c)"]],
    ["let a =\n  b\na", ["let a b", "a"]],
    ["let a = if b\n  then c\n  else d\na", ["let a (if b c d)", "a"]],
    ["let a = f(b,\n  -c\n)\na", ["let a f(b (- c))", "a"]],
    ["let a = [\n  1\n  - 2\n]\na", ["let a [(- 1 2)]", "a"]],
    ["let a = b // why\n// and a line of its own\n  + c", ["let a (+ b c)"]],
    ["t <- t + 1\nt", ["t <- (+ t 1)", "t"]],
    [
      "param W: f32[2] ~ normal(std: 1)\nstate s = 0\nscale = s",
      ["param W ~ normal(std:1)", "state s 0", "result scale s"],
    ],
    ['require m >= 1 else "at least 1"\nm', ['require (>= m 1) "at least 1"', "m"]],
  ])("%j", (text, expected) => {
    expect(inBody(text)).toEqual(expected);
    expect(codes(`fn f(x: f32) {\n${text}\n}\n`)).toEqual([]);
  });
});

describe("words that begin a declaration are names elsewhere", () => {
  test("as parameters, arguments and results", () => {
    const text =
      "loss l(x: f32[N], margin: margin, model = 1) {\n  param <- param - train\n  f(margin, state: loss)\n}\n";
    expect(codes(text)).toEqual([]);
    expect(body(text)).toEqual(["param <- (- param train)", "f(margin state:loss)"]);
  });

  test("as settings of a train", () => {
    expect(body("train T {\n  model = M\n  loss = l\n  optimizer = sgd(rate: 1)\n}\n")).toEqual([
      "result model M",
      "result loss l",
      "result optimizer sgd(rate:1)",
    ]);
  });
});

test("declarations with all their parts", () => {
  const text = `import { a, b as c, } from "std/layers"

/// Twice.
///   Indented.
export layer twice(units: int, bias = true)
  (x: f32[N, H // 2, ...], y: index<units + 1>[N], z: bool[N], on: bool)
  -> f32[N, 2 * units]
{
  x
}

let faces = 512
export fn f(x: f32) = x
train T { batch = 1 }
`;
  expect(codes(text)).toEqual([]);
  const [imports, layer, constant, fn, train] = moduleOf(text).declarations;
  expect(imports).toMatchObject({
    kind: "import",
    names: [{ name: { name: "a" } }, { name: { name: "b" }, alias: { name: "c" } }],
    from: { value: "std/layers" },
  });
  expect(layer).toMatchObject({
    kind: "layer",
    exported: true,
    doc: "Twice.\n  Indented.",
    settings: [
      { name: { name: "units" }, type: { kind: "setting", name: "int" } },
      { name: { name: "bias" }, defaultValue: { value: true } },
    ],
    parameters: [
      {
        type: {
          kind: "tensor",
          dtype: "f32",
          dims: [{ name: "N" }, { operator: "//" }, { kind: "ellipsis" }],
        },
      },
      { type: { kind: "tensor", dtype: "index", bound: { operator: "+" }, dims: [{ name: "N" }] } },
      { type: { kind: "tensor", dtype: "bool" } },
      { type: { kind: "setting", name: "bool" } },
    ],
    returns: { dims: [{ name: "N" }, { operator: "*" }] },
  });
  expect(constant).toMatchObject({ kind: "let", exported: false, value: { value: 512 } });
  expect(fn).toMatchObject({ kind: "fn", exported: true, settings: [], body: [{ kind: "expression" }] });
  expect(fn).not.toHaveProperty("doc");
  expect(train).toMatchObject({ kind: "train", body: [{ kind: "result" }] });
});

test("byte order mark, CRLF, lone CR and tabs are fine", () => {
  const text = "\ufefffn f(x: f32) {\r\n\tlet a = x\r\n\ta\r}\r\n";
  expect(codes(text)).toEqual([]);
  expect(body(text)).toEqual(["let a x", "a"]);
});

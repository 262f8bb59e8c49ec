/** Who uses a declaration and what it uses; each caller or callee with the places drawn into the caller's text. */
import { describe, expect, test } from "vitest";
import {
  type Call,
  type CallItem,
  callItemAt,
  callItemNamed,
  incomingCalls,
  outgoingCalls,
} from "../../../src/ide/call-hierarchy.ts";
import type { Documents } from "../../../src/ide/documents.ts";
import { documentsOf } from "../../support/ide/documents.ts";
import { drawn, expectResult, marked } from "../../support/ide/marked.ts";

const nameOf = ({ file, declaration }: CallItem): string =>
  `${declaration.kind} ${declaration.name.name} of ${file}`;

function check(
  source: string,
  callsOf: (documents: Documents, item: CallItem) => readonly Call[],
  expected: string,
): void {
  const { documents, analysis, offset, files } = marked(source);
  const item = callItemAt(documents, analysis, offset);
  const calls = item === undefined ? [] : callsOf(documents, item);
  const shown = calls.map((call) => {
    const lines = drawn(files, call.at)
      .split("\n")
      .filter((line) => line.includes("‹"));
    return [nameOf(call.item), ...lines.map((line) => `  ${line.trim()}`)].join("\n");
  });
  expectResult(source, item === undefined ? "no item" : shown.join("\n"), expected);
}

const heads = `import { twice as double } from "./lib.margo"
layer head()(x: f32[N, 4]) = double(double(x))
model M(x: f32[N, 4]) = x |> head()
margin Half() {
  target = double(cos) / 4
}
train T {
  model = M
  epochs = many
}
let many = double(1)
//- lib.margo
export fn twice▮(x: f32) = one() * x + x
fn one() = 1
`;

describe("incoming calls", () => {
  test("by declaration, in all files, whatever the name is there", () => {
    check(
      heads,
      incomingCalls,
      `layer head of main.margo
  layer head()(x: f32[N, 4]) = ‹double›(‹double›(x))
margin Half of main.margo
  target = ‹double›(cos) / 4
let many of main.margo
  let many = ‹double›(1)`,
    );
  });

  test("a name without brackets counts too", () => {
    check(
      heads.replace("▮", "").replace("M(x", "M▮(x"),
      incomingCalls,
      "train T of main.margo\n  model = ‹M›",
    );
  });

  test("from a use, and into the library", () => {
    check(
      'import { sgd } from "std/optimizers"\ntrain T {\n  optimizer = sg▮d(rate: 0.1)\n}\n',
      incomingCalls,
      "train T of main.margo\n  optimizer = ‹sgd›(rate: 0.1)",
    );
    const documents = documentsOf({});
    const glorot = callItemNamed(documents, "std/initialisers", "glorot");
    const callers = glorot === undefined ? [] : incomingCalls(documents, glorot);
    expect(callers.map(({ item }) => nameOf(item))).toContain("layer dense of std/layers");
  });
});

describe("outgoing calls", () => {
  test("of a train: its model, and what its settings are made of", () => {
    check(
      heads.replace("▮", "").replace("T {", "T▮ {"),
      outgoingCalls,
      "model M of main.margo\n  model = ‹M›\nlet many of main.margo\n  epochs = ‹many›",
    );
  });

  test("through imports, to the file that declares", () => {
    check(
      heads.replace("▮", "").replace("head()(", "head▮()("),
      outgoingCalls,
      "fn twice of lib.margo\n  layer head()(x: f32[N, 4]) = ‹double›(‹double›(x))",
    );
    check(heads, outgoingCalls, "fn one of lib.margo\n  export fn twice(x: f32) = ‹one›() * x + x");
  });

  test("what calls itself, in a text that is being typed", () =>
    check(
      "fn f▮(x: f32) = f(g(x) + (\nfn g(x: f32) = x\n",
      outgoingCalls,
      "fn f of main.margo\n  fn f(x: f32) = ‹f›(g(x) + (\nfn g of main.margo\n  fn f(x: f32) = f(‹g›(x) + (",
    ));
});

describe("no item", () => {
  test("on names that are no declaration", () => {
    check("margin M() {\n  target = the▮ta\n}\n", incomingCalls, "no item");
    check("fn f(x▮: f32) = x\n", incomingCalls, "no item");
    check("fn f(x: f32) = nobod▮y(x)\n", incomingCalls, "no item");
  });

  test("once a declaration has gone", () => {
    const { documents } = marked(heads);
    expect(callItemNamed(documents, "lib.margo", "twice")).toBeDefined();
    documents.setText("lib.margo", "fn one() = 1\n");
    expect(callItemNamed(documents, "lib.margo", "twice")).toBeUndefined();
  });
});

/** The editor's words and the compiler's are the same: each name can be used where it is offered, and none is left out. */
import { describe, expect, test } from "vitest";
import type { CallableKind } from "../../../compiler/syntax/ast.ts";
import { statementKeywords } from "../../../src/ide/keywords.ts";
import { readingsIn, resultsIn, statementWordsIn } from "../../../src/ide/vocabulary.ts";
import { analysed } from "../../support/ide/documents.ts";

/** A body of each kind that checks, and takes lines more. */
const bodies: { readonly [K in CallableKind]: (line: string) => string } = {
  fn: (line) => `fn f(x: f32[N, D]) {\n  ${line}\n  x\n}\n`,
  layer: (line) => `layer l()(x: f32[N, D]) {\n  ${line}\n  x\n}\n`,
  model: (line) => `model m(x: f32[N, D]) {\n  ${line}\n  x\n}\n`,
  margin: (line) => `margin m() {\n  ${line}\n  target = cos\n}\n`,
  loss: (line) => `loss l(x: f32[N, D], y: index<C>[N]) {\n  ${line}\n  mean(x)\n}\n`,
  optimizer: (line) => `optimizer o() {\n  ${line}\n  param <- param - grad\n}\n`,
};
const kinds = Object.keys(bodies) as readonly CallableKind[];

interface Told {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
}

function errorsIn(text: string): readonly Told[] {
  return analysed(text).analysis.check.diagnostics.filter(({ severity }) => severity === "error");
}

/** What the checker lists where nothing has the name. */
function listedBy(text: string): readonly string[] {
  const help = errorsIn(text).find(({ message }) => message.includes("`zzzzz`"))?.help ?? "";
  return [...(help.split(";")[0] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name ?? "");
}

describe("names", () => {
  test.each(kinds)("that can be read in the body of a %s", (kind) => {
    // Behind `~` alone there are the sizes that an initialiser sees.
    const readings = readingsIn(kind).filter(({ name }) => !name.startsWith("fan_"));
    for (const { name } of readings) expect(errorsIn(bodies[kind](`let _a = ${name}`)), name).toEqual([]);
  });

  test("that an initialiser sees", () => {
    for (const name of ["fan_in", "fan_out"]) {
      expect(readingsIn("layer").some((one) => one.name === name)).toBe(true);
      expect(
        errorsIn(
          `layer l()(x: f32[N, K]) {\n  param W: f32[K, K] ~ ${name} * ones()\n  x @ W\n}\nfn ones() = 1\n`,
        ),
      ).toEqual([]);
    }
  });

  test("the results of a margin and of a loss, and the settings of a train", () => {
    const names = (place: "margin" | "loss" | "train") => resultsIn(place).map(({ name }) => name);
    expect(listedBy(bodies.margin("zzzzz = 1"))).toEqual(names("margin"));
    expect(listedBy(bodies.loss("zzzzz = 1"))).toEqual(names("loss"));
    expect(listedBy("train T {\n  zzzzz = 1\n}\n")).toEqual(names("train"));
  });
});

describe("words that begin a statement", () => {
  const lines: Readonly<Record<string, string>> = {
    let: "let _a = 1",
    param: "param W: f32",
    state: "state t = 0",
    require: 'require 1 > 0 else "no"',
  };

  test.each(kinds)("in the body of a %s", (kind) => {
    const allowed = Object.entries(lines).flatMap(([word, line]) =>
      errorsIn(bodies[kind](line)).length === 0 ? [word] : [],
    );
    expect(allowed.toSorted()).toEqual([...statementWordsIn(kind)].toSorted());
    expect(Object.keys(lines).sort()).toEqual(["let", ...statementKeywords.map(({ name }) => name)].sort());
  });
});

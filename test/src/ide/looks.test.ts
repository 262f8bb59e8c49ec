/** Colours, folds, growing selections, outline and hints, each drawn into its source. */
import { describe, expect, test } from "vitest";
import { findDeclarations } from "../../../src/ide/outline.ts";
import { documentsOf } from "../../support/ide/documents.ts";
import {
  checkFolds,
  checkInlayHints,
  checkOutline,
  checkSelections,
  checkSemanticTokens,
} from "../../support/ide/drawings.ts";

describe("semantic tokens", () => {
  test("names by what they mean, words by where they stand", () => {
    checkSemanticTokens(`/// Twice.
^^^^^^^^^^ comment documentation
export layer twice(by: int = 2)(x: f32[N]) {
^^^^^^ keyword
       ^^^^^ keyword
             ^^^^^ function declaration
                   ^^ parameter declaration
                       ^^^ type
                           ^ operator
                             ^ number
                                ^ parameter declaration
                                   ^^^ type
                                       ^ typeParameter declaration
  param b: f32[N] ~ 0
  ^^^^^ keyword
        ^ property declaration
           ^^^ type
               ^ typeParameter
                  ^ operator
                    ^ number
  let y = exp(x) // e
  ^^^ keyword
      ^ variable declaration readonly
        ^ operator
          ^^^ function defaultLibrary
              ^ parameter
                 ^^^^ comment
  by * y + b
  ^^ parameter
     ^ operator
       ^ variable readonly
         ^ operator
           ^ property
}
margin M() {
^^^^^^ keyword
       ^ class declaration
  target = cos
  ^^^^^^ property modification defaultLibrary
         ^ operator
           ^^^ variable defaultLibrary
}
`);
  });

  test("a file that is being typed", () => {
    checkSemanticTokens(`model M(x: f32[
^^^^^ keyword
      ^ class declaration
        ^ parameter declaration
           ^^^ type
import { den
^^^^^^ keyword
`);
  });
});

describe("folding", () => {
  test("imports, comments, bodies, brackets and pipelines", () => {
    checkFolds(
      `// A file ┌ comment
// of its own └

import { dense } from "std/layers" ┌ imports
import { sgd } from "std/optimizers" └

model M(x: f32[N, 4]) { ┌ code
  x ┌ code
    |> dense(3)
    |> dense( ┌ code
      2, └ └
    ) └
}

fn f(x: f32[N]) = ┌ code
  2 * x └
`,
    );
  });

  test("brackets that nothing closes", () => {
    checkFolds(`fn f(x: f32[N]) { ┌ code
  let y = g( ┌ code
    x └ └
`);
  });
});

describe("selections", () => {
  test("grow from the word through the tree to the file", () => {
    checkSelections("fn f(x: f32[N]) {\n  let y = exp(2 * x¦s)\n  y\n}\n", [
      "xs",
      "2 * xs",
      "(2 * xs)",
      "exp(2 * xs)",
      "let y = exp(2 * xs)",
      "let y = exp(2 * xs)\n  y",
      "{\n  let y = exp(2 * xs)\n  y\n}",
      "fn f(x: f32[N]) {\n  let y = exp(2 * xs)\n  y\n}",
    ]);
  });
});

describe("outline", () => {
  test("declarations with what they hold", () => {
    checkOutline(
      `import { dense } from "std/layers"
export layer scaled(units: int, by = 2)(x: f32[N, K]) {
  param W: f32[K, units] ~ 0
  state t = 0
  let y = by * x
  y @ W
}
let width = 2 * 4
train T {
  batch = 4
}
fn half(x: f32[N]`,
      `layer scaled (units: int, by = 2)(x: f32[N, K])
  setting units int
  setting by = 2
  input x f32[N, K]
  param W f32[K, units]
  state t
  let y
let width 2 * 4
train T
  result batch
fn half (x: f32[N]
  input x f32[N]`,
    );
  });

  test("declarations of the workspace and the library are found by their letters", () => {
    const documents = documentsOf({ "a/heads.margo": "fn arc_head(x: f32[N]) = x\n" });
    const found = findDeclarations(documents, "arch");
    expect(found.map(({ name, file }) => `${file} ${name}`)).toEqual(["a/heads.margo arc_head"]);
    expect(findDeclarations(documents, "ArcFace").map(({ file }) => file)).toContain("std/margins");
  });
});

describe("inlay hints", () => {
  const layers = 'import { conv2d, relu, max_pool, flatten, dense } from "std/layers"\n';

  test("shapes of lets and of the steps of a pipeline, names of settings", () => {
    checkInlayHints(`${layers}model M(x: f32[N, 28, 28, 1]) {
  let y«: f32[N, 14, 14, 32]» = x |> conv2d(«filters: »32, kernel: 5)« f32[N, 28, 28, 32]» |> max_pool(«size: »2)« f32[N, 14, 14, 32]»
  y
    |> flatten()« f32[N, 6272]»
    |> dense(«units: »10)« f32[N, 10]»
}
`);
  });

  test("nothing for numbers, for written types, and where the argument says it", () => {
    checkInlayHints(`fn scaled(x: f32[N], by = 2) = by * x
fn f(x: f32[N], by = 3) {
  let twice = 2
  let y: f32[N] = twice * x
  let z«: f32[N]» = scaled(y, by)
  z |> scaled(«by: »4)« f32[N]»
}
`);
  });

  test("what the text does not yet say has no shape", () => {
    checkInlayHints(`fn f(x: f32[N]) {
  let y«: f32[N]» = 2 * x
  y |> 
}
`);
  });
});

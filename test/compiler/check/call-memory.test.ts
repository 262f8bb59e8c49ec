/** Calls that a generic check need not make again: that it leaves them out, and that nobody can tell. */
import { readFileSync, readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkFile, checkFileIn } from "../../../compiler/check/index.ts";
import { evaluate } from "../../../compiler/check/expressions.ts";
import { moduleFrame } from "../../../compiler/check/frame.ts";
import { checkOf } from "../../../compiler/check/memory.ts";
import { newProgram, newSession } from "../../../compiler/check/session.ts";
import { loadModule, openLastingWorkspace } from "../../../compiler/check/workspace.ts";
import { parseExpression } from "../../../compiler/syntax/parse.ts";
import { hostOf } from "../../support/elaborated-loss.ts";

const library = `import { dense, batch_norm, prelu } from "std/layers"
fn scaled(x: f32[N, D]) = 2 * x
fn pairs(x: f32[N, 2]) = x
fn noisy(x: f32[N, D]) {
  let y: f32[N, 2] = x
  y
}
`;

/** How many of the calls in some expressions were remembered, in one check. */
function recalledIn(...expressions: readonly string[]): number {
  const workspace = openLastingWorkspace(hostOf({ "test.margo": library }));
  const module = loadModule(workspace, "test.margo");
  if (module === undefined) throw new Error("the text is gone");
  const program = newProgram(workspace, "generic");
  const own = { ...checkOf(program), calls: program.whole.calls };
  const frame = moduleFrame(newSession(own, undefined), module, undefined);
  for (const text of expressions) evaluate(frame, parseExpression("test.margo", text).expression);
  return own.effort.recalled;
}

describe("a call is remembered", () => {
  const zeros = (shape: string): string => `reshape(f32(range(12)), ${shape})`;
  test.each([
    ["with what it was given before", [`scaled(${zeros("[3, 4]")})`, `scaled(${zeros("[3, 4]")})`], 1],
    ["not with another shape", [`scaled(${zeros("[3, 4]")})`, `scaled(${zeros("[4, 3]")})`], 0],
    ["a layer with its settings", [`dense(2)(${zeros("[3, 4]")})`, `dense(2)(${zeros("[3, 4]")})`], 1],
    ["not with another setting", [`dense(2)(${zeros("[3, 4]")})`, `dense(3)(${zeros("[3, 4]")})`], 0],
    ["not where it had something to say", [`noisy(${zeros("[3, 4]")})`, `noisy(${zeros("[3, 4]")})`], 0],
  ] as const)("%s", (_, expressions, count) => {
    expect(recalledIn(...expressions)).toBe(count);
  });
});

describe("a check with remembered calls says what a plain one says", () => {
  const texts: Readonly<Record<string, string>> = {
    "a mistake in what is checked on the way": `${library}
model A(x: f32[N, 4]) { scaled(x) |> later() }
layer later(x: f32[N, K]) { pairs(scaled(x)) + nobody }
layer latest(x: f32[N, 4]) { noisy(scaled(x)) |> later() }
`,
    "the same call, sound and not": `${library}
model A(x: f32[N, 4]) { pairs(scaled(x)) }
model B(x: f32[N, 2]) { pairs(scaled(x)) }
model C(x: f32[N, 2]) { pairs(scaled(x)) + pairs(x) }
model D(x: f32[N, 4]) { noisy(scaled(x)) }
`,
    "a name of an open setting": `${library}
layer wide(K: int)(x: f32[N, K]) { scaled(x) |> dense(K) |> prelu() }
layer same(K: int)(x: f32[N, K]) { scaled(x) |> dense(K) |> prelu() }
model A(x: f32[N, 4]) { x |> wide(4) |> same(5) }
`,
    "unused values and imports": `${library}
model A(x: f32[N, 4]) {
  let unused = scaled(x)
  x |> dense(2)
}
model B(x: f32[N, 4]) { scaled(x) |> dense(2) }
`,
    "a layer where it may own something, and where nothing may": `${library}
layer owning()(x: f32[N, K]) {
  param W: f32[K]
  x * W
}
layer around()(x: f32[N, K]) { owning()(x) }
model A(x: f32[N, 2]) { around()(x) }
model B(x: f32[P, 2]) { 2 - 2 * around()(x) }
fn f(x: f32[N, 2]) { around()(x) }
optimizer walk(rate = 0.1) {
  param <- param - rate * around()(grad)
}
`,
    "an initial value from a call": `${library}
layer start(x: f32[N, K]) {
  let k = scaled(reshape(f32(range(4)), [2, 2]))
  param W: f32[K] ~ sum(k)
  x * W
}
layer again(x: f32[N, K]) {
  let k = scaled(reshape(f32(range(4)), [2, 2]))
  param W: f32[K] ~ sum(k)
  x * W
}
`,
  };

  function expectAgreement(files: Readonly<Record<string, string>>, file: string): void {
    const plain = checkFile(hostOf(files), file);
    const quick = checkFileIn(openLastingWorkspace(hostOf(files)), file);
    expect(quick.diagnostics).toEqual(plain.diagnostics);
    expect(new Set(quick.types.map(textOfType))).toEqual(new Set(plain.types.map(textOfType)));
  }

  test.each(Object.entries(texts))("%s", (_, text) => expectAgreement({ "test.margo": text }, "test.margo"));

  test("random pipelines, of which most do not fit", () => {
    const steps = [
      "scaled()",
      "pairs()",
      "noisy()",
      "dense(2)",
      "dense(3)",
      "dense(2, bias: false)",
      "prelu()",
      "batch_norm()",
      "own(2)",
    ];
    const line = fc.tuple(
      fc.constantFrom("let a", "let b", ""),
      fc.array(fc.constantFrom(...steps), { maxLength: 4 }),
    );
    const body = fc.tuple(fc.constantFrom(2, 3), fc.array(line, { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(body, { minLength: 2, maxLength: 6 }), (bodies) => {
        const models = bodies.map(([width, lines], index) => {
          const written = lines.map(
            ([name, calls]) => `  ${name === "" ? "" : `${name} = `}${["x", ...calls].join(" |> ")}`,
          );
          return `layer M${index}(x: f32[N, ${width}]) {\n${written.join("\n")}\n  x |> dense(2)\n}\n`;
        });
        const own = "layer own(units: int)(x: f32[N, K]) { scaled(x) |> dense(units) |> dense(K) }\n";
        expectAgreement({ "test.margo": library + own + models.join("") }, "test.margo");
      }),
      { seed: 4, numRuns: 150 },
    );
  });

  const examples = readdirSync("examples/mnist").filter((name) => name.endsWith(".margo"));
  test.each(examples)("examples/mnist/%s", (name) => {
    const files = Object.fromEntries(
      examples.map((one) => [one, readFileSync(`examples/mnist/${one}`, "utf8")]),
    );
    expectAgreement(files, name);
  });
});

function textOfType({
  span,
  text,
}: {
  readonly span: { readonly start: number; readonly end: number };
  readonly text: string;
}): string {
  return `${span.start}-${span.end} ${text}`;
}

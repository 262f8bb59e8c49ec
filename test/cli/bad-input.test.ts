/**
 * What a person sees who makes one mistake: its first line, its place, no second diagnostic and exit code 1.
 * The commands run in this process; test/cli/train.test.ts and usage.test.ts start real ones.
 */
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { check } from "../../src/cli/check.ts";
import { Refusal } from "../../src/cli/refusal.ts";
import { run } from "../../src/cli/run.ts";
import { train } from "../../src/cli/train.ts";
import { writeWholeFile } from "../../src/files/write-file.ts";

const root = mkdtempSync(join(tmpdir(), "margo-bad-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const at = (name: string): string => join(root, name);

const said: string[] = [];
beforeEach(() => {
  said.length = 0;
  vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
});
afterEach(() => vi.restoreAllMocks());

interface Answer {
  readonly code: number;
  readonly lines: readonly string[];
}

/** The exit code and what was said, without colours and without the folder of the test. */
async function answer(command: () => Promise<number>): Promise<Answer> {
  const code = await command().catch((error: unknown) => {
    if (error instanceof Refusal) return error.exitCode;
    throw error;
  });
  const text = said
    .join("")
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/\u001b\[\d+m/g, "")
    .replaceAll(/(?:\.\.\/)*\S*margo-bad-\w+\//g, "");
  return { code, lines: text.split("\n") };
}

/** The place as `line:column` of the first diagnostic. */
function placeOf({ lines }: Answer): string | undefined {
  return lines.map((line) => /--> .*?:(\d+:\d+)$/.exec(line)?.[1]).find((place) => place !== undefined);
}

const errorsIn = ({ lines }: Answer): number => lines.filter((line) => line.startsWith("error")).length;

const head = (margin: string) =>
  `import { margin_softmax } from "std/losses"
import { ${margin.split("(")[0] ?? ""} } from "std/margins"
loss L(x: f32[N, D], y: index<C>[N]) = margin_softmax(margin: ${margin})(x, y)\n`;
const dense = (call: string) => `import { dense } from "std/layers"\nmodel M(x: f32[N, 3]) { ${call} }\n`;
const convolved = (call: string) =>
  `import { conv2d } from "std/layers"\nmodel M(x: f32[N, 8, 8, 1]) { x |> ${call} }\n`;

type Case = readonly [source: string | Uint8Array, first: string, place: string];

const cases: Readonly<Record<string, Case>> = {
  "an open bracket": ["fn f(x: f32[N]) = (x + 1\n\nfn g(x: f32[N]) = x\n", "`)` is missing", "1:25"],
  "an open body": ["fn f(x: f32[N]) {\n  x\n\nfn g(x: f32[N]) = x\n", "`}` is missing", "2:4"],
  "a missing comma": [
    "fn f(x: f32[N] y: f32[N]) = x + y\n",
    "`y` is unexpected: `)` or a comma belongs here",
    "1:16",
  ],
  "a stray operator": ["fn f(x: f32[N]) = x + * 2\n", "`*` is unexpected: a value belongs here", "1:23"],
  "a strange character": ["fn f(x: f32[N]) = x $ 2\n", "`$` means nothing here", "1:21"],
  "a foreign keyword": [
    "function f(x: f32[N]) = x\n",
    "there is no keyword `function`; did you mean `fn`?",
    "1:1",
  ],
  "a choice without else": [
    "fn f(x: f32[N]) = if x > 1 then 2\n",
    "`else` is missing: a choice needs a value for either case",
    "1:34",
  ],
  "a number beyond float64": ["fn f(x: f32[N]) = x * 1e400\n", "1e400 is too large", "1:23"],
  NUL: ["fn f(x: f32[N]) = x\0\n", "there is a NUL character here", "1:20"],
  "a lone surrogate": [
    Buffer.from([...Buffer.from("fn f(x: f32[N]) = x "), 0xed, 0xa0, 0x80]),
    "there are bytes here that are not UTF-8",
    "1:21",
  ],
  "Latin-1": [
    Buffer.from("// caf\u00e9\nfn f(x: f32[N]) = x\n", "latin1"),
    "there are bytes here that are not UTF-8",
    "1:7",
  ],
  "CRLF lines count": ["// one\r\nfn f(x: f32[N]) = why\r\n", "there is nothing called `why` here", "2:19"],
  "a byte order mark": ["\ufefffn f(x: f32[N]) = why\n", "there is nothing called `why` here", "1:20"],
  "nesting over 128": [
    `fn f(x: f32[N]) = ${"(".repeat(129)}x${")".repeat(129)}\n`,
    "this is nested too deeply",
    "1:147",
  ],
  "10 MB": [
    "fn f(x: f32[N]) = x\n".repeat(500_000),
    "this file has 10,000,000 characters; 1,000,000 is the most",
    "1:1",
  ],

  "an unknown name": ["fn f(xray: f32[N]) = xrya + 1\n", "there is nothing called `xrya` here", "1:22"],
  "an unknown function": [
    "fn f(x: f32[N]) = sofmax(x)\n",
    "there is no function called `sofmax` here",
    "1:19",
  ],
  "an unknown type": ["fn f(x: float[N]) = x\n", "there is no type `float[…]`", "1:9"],
  "a negative size": ["fn f(x: f32[N, -3]) = x\n", "`-3` is not a size", "1:16"],
  "sizes that do not fit": [
    "fn f(x: f32[N, 3], y: f32[N, 4]) = x + y\n",
    "f32[N, 3] and f32[N, 4] do not broadcast",
    "1:36",
  ],
  "a result of another shape": [
    `import { dense } from "std/layers"\nmodel M(x: f32[N, 3]) -> f32[N, 4] { x |> dense(5) }\n`,
    "the result is f32[N, 5], but f32[N, 4] is needed: 5 is not 4",
    "2:38",
  ],
  "a layer without its input": [
    dense("dense(3)"),
    "this is a layer (layer dense), not a number or tensor",
    "2:25",
  ],
  "an input in place of settings": [
    dense("dense(x)"),
    "this is a layer (layer dense), not a number or tensor",
    "2:25",
  ],
  "a missing setting": [dense("x |> dense()"), "`dense` needs its setting `units`", "2:30"],
  "no units": [dense("x |> dense(0)"), "`dense`: a dense layer has at least one unit", "2:36"],
  "negative units": [dense("x |> dense(-3)"), "`dense`: a dense layer has at least one unit", "2:36"],
  "half a unit": [dense("x |> dense(2.5)"), "`units` is a whole number (int), not 2.5", "2:36"],
  "an unknown padding": [
    convolved('conv2d(3, padding: "sam")'),
    '`conv2d`: the padding is "same" or "valid"',
    "2:55",
  ],
  "a stride of 0": [
    convolved("conv2d(3, stride: 0)"),
    "`conv2d`: a filter moves on by at least one pixel",
    "2:54",
  ],
  "m: 0": [head("LSoftmax(m: 0)"), "`LSoftmax`: m counts the pieces of the angle: at least 1", "3:75"],
  "half an m": [head("LSoftmax(m: 2.5)"), "`m` is a whole number (int), not 2.5", "3:75"],
  "a negative scale": [head("ArcFace(s: -3)"), "`ArcFace`: the scale s stretches cosines: above 0", "3:74"],
  "a word for a scale": [head('ArcFace(s: "a")'), '`s` is a number, not "a"', "3:74"],
  "an unknown setting of a margin": [head("LSoftmax(n: 2)"), "`LSoftmax` has no parameter `n`", "3:72"],
  "a result that margins have not": [
    "margin M(m = 1) { targt = cos - m }\n",
    "a margin has no result `targt`",
    "1:19",
  ],
  "an update of an input": [
    "layer f()(x: f32[N]) {\n  x <- 3\n  x\n}\n",
    "`x` is an input, not a state",
    "2:3",
  ],
  recursion: ["fn f(x: f32[N]) = f(x)\n", "`f` calls itself", "1:19"],

  "a missing file": [
    'import { f } from "./no.margo"\nfn g(x: f32[N]) = f(x)\n',
    "there is no file `no.margo`",
    "1:19",
  ],
  "an import that leaves the root": [
    'import { f } from "../../etc/passwd"\nfn g(x: f32[N]) = f(x)\n',
    "`../../etc/passwd` leads out of the workspace",
    "1:19",
  ],
  "an import from the network": [
    'import { f } from "https://example.com/a.margo"\nfn g(x: f32[N]) = f(x)\n',
    "`https://example.com/a.margo` is neither a file (`./…`) nor of the library (`std/…`)",
    "1:19",
  ],
  "a name that is not exported": [
    'import { hidden } from "./shared.margo"\nfn g(x: f32[N]) = hidden(x)\n',
    "`hidden` is not exported by `./shared.margo`",
    "1:10",
  ],
};

describe("margo check", () => {
  writeFileSync(at("shared.margo"), "fn hidden(x: f32[N]) = x\nexport fn shown(x: f32[N]) = x\n");

  test.each(Object.entries(cases))("%s", async (_, [source, first, place]) => {
    writeFileSync(at("bad.margo"), source);
    const given = await answer(() => check([at("bad.margo")], { format: "text" }));
    expect(given.lines.join("\n")).toContain(first);
    expect({ code: given.code, place: placeOf(given), errors: errorsIn(given) }).toEqual({
      code: 1,
      place,
      errors: 1,
    });
    expect(given.lines.find((line) => line.startsWith("error"))).toMatch(/^error\[M\d{4}\]: /);
  });
});

test("a circle of imports is told once", async () => {
  writeFileSync(at("a.margo"), 'import { g } from "./b.margo"\nexport fn f(x: f32[N]) = g(x)\n');
  writeFileSync(at("b.margo"), 'import { f } from "./a.margo"\nexport fn g(x: f32[N]) = f(x)\n');
  const given = await answer(() => check([at("a.margo")], { format: "text" }));
  expect({ code: given.code, errors: errorsIn(given), first: given.lines[0] }).toEqual({
    code: 1,
    errors: 1,
    first: "error[M0108]: these files import each other",
  });
});

// ---------------------------------------------------------------- margo run

describe("margo run", () => {
  const source = `import { margin_softmax } from "std/losses"
margin Mine(m: int = 2) {
  require m >= 1 else "m counts pieces: at least 1"
  target = cos - 0.1 * m
}
fn square(x: f32[N], scale = 1) = scale * x ^ 2
`;
  const runs: Readonly<
    Record<string, readonly [input: string, entry: string, set: Record<string, string>, first: string]>
  > = {
    "no JSON": [
      "{",
      "square",
      {},
      "error: in.json is no JSON: Expected property name or '}' in JSON at position 1",
    ],
    "an infinite number": [
      '{"inputs":{"x":[1e999]}}',
      "square",
      {},
      "error: inputs.x in in.json is no array of numbers: [0] is too large for a float64 number",
    ],
    "an unknown setting": ["{}", "square", { scael: "2" }, "error[M0302]: `square` has no parameter `scael`"],
    "a word for a number": ["{}", "square", { scale: '"a"' }, 'error[M0307]: `scale` is a number, not "a"'],
    "half an expression": [
      "{}",
      "square",
      { scale: "2 *" },
      "error[M0001]: the end of the statement is unexpected: a value belongs here",
    ],
    "a setting out of range": [
      "{}",
      "margin_softmax",
      { margin: "Mine(m: 0)" },
      "error[M0310]: `Mine`: m counts pieces: at least 1",
    ],
  };

  test.each(Object.entries(runs))("%s", async (_, [input, entry, set, first]) => {
    writeFileSync(at("my.margo"), source);
    writeFileSync(at("in.json"), input);
    const options = { inputs: at("in.json"), set, target: "reference", dim: {}, seed: 0 } as const;
    const given = await answer(() => run(at("my.margo"), entry, options));
    expect({ code: given.code, errors: errorsIn(given), first: given.lines[0] }).toEqual({
      code: 1,
      errors: 1,
      first,
    });
    const [name] = Object.keys(set);
    if (name !== undefined) expect(given.lines[1]).toContain(`--> --set ${name}:1:`);
  });
});

// ---------------------------------------------------------------- margo train

describe("margo train shows the line that names the data, and makes no folder", () => {
  const rows = ["p,q,kind", "1,2,a", "2,1,b", "3,4,c", "4,3,a"];
  const program = (data: string, size: number) => `import { margin_softmax } from "std/losses"
import { none } from "std/margins"
import { dense } from "std/layers"
import { sgd } from "std/optimizers"
model Points(x: f32[N, ${size}]) -> f32[N, 2] { x |> dense(2) }
train Heaps {
  model = Points
  loss = margin_softmax(margin: none())
  data = ${data}
  optimizer = sgd(rate: 0.1)
  epochs = 1
}
`;
  const csv = (name: string, more = "classes: 3") => `csv("${name}", label: "kind", ${more})`;
  const trainings: Readonly<Record<string, readonly [data: string, first: string, size?: number]>> = {
    "a missing file": [csv("rwos.csv"), "error[M0701]: there is no file or folder rwos.csv"],
    "a missing folder, and no number of classes": [
      'images("faces")',
      "error[M0701]: there is no file or folder faces",
    ],
    "no number of classes": [
      'csv("rows.csv", label: "kind")',
      "error[M0505]: the loss needs the number of classes (C), and the data does not say it",
    ],
    "a file of the network": [
      csv("https://a.b/c.csv"),
      'error[M0704]: "https://a.b/c.csv" is no name of a data file: Margo reads nothing from the network, so download it first',
    ],
    "an unknown column": [
      'csv("rows.csv", label: "knd", classes: 3)',
      'error[M0717]: rows.csv has no column "knd"',
    ],
    "more classes than declared": [
      csv("rows.csv", "classes: 2"),
      "error[M0718]: rows.csv has 3 classes, but the source says classes: 2",
    ],
    "classes below 1": [
      csv("rows.csv", "classes: -3"),
      "error[M0503]: `classes` is a whole number of at least 1, not -3",
    ],
    NaN: [csv("nan.csv"), 'error[M0715]: column "q" of row 1 (line 3) of nan.csv is "NaN", not a number'],
    "a wrong feature size": [
      csv("rows.csv"),
      'error[M0720]: rows.csv has rows of shape [2], but "x" takes rows of shape [3]',
      3,
    ],
  };

  test.each(Object.entries(trainings))("%s", async (_, [data, first, size = 2]) => {
    writeFileSync(at("rows.csv"), `${rows.join("\n")}\n`);
    writeFileSync(at("nan.csv"), `${rows.join("\n").replace("2,1", "2,NaN")}\n`);
    writeFileSync(at("heaps.margo"), program(data, size));
    const given = await answer(() =>
      train(at("heaps.margo"), { entry: [], target: "reference", set: {}, out: at("made") }),
    );
    expect({
      code: given.code,
      errors: errorsIn(given),
      first: given.lines[0],
      place: placeOf(given),
    }).toEqual({
      code: 1,
      errors: 1,
      first,
      place: "9:10",
    });
    expect(existsSync(at("made"))).toBe(false);
  });
});

// ---------------------------------------------------------------- outputs

describe("files are whole or not there", () => {
  test("a full disk names the file and leaves the earlier one", async () => {
    if (!existsSync("/dev/full")) return;
    await expect(writeWholeFile("/dev/full", "x")).rejects.toMatchObject({ code: "ENOSPC" });
  });

  test("a folder is refused, nothing lies beside it", async () => {
    await expect(writeWholeFile(root, "x")).rejects.toMatchObject({ code: "EISDIR" });
  });

  test("a link stays a link", async () => {
    writeFileSync(at("real.txt"), "old");
    symlinkSync(at("real.txt"), at("link.txt"));
    await writeWholeFile(at("link.txt"), "new");
    expect({
      real: readFileSync(at("real.txt"), "utf8"),
      isLink: lstatSync(at("link.txt")).isSymbolicLink(),
    }).toEqual({
      real: "new",
      isLink: true,
    });
  });
});

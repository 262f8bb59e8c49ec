/** A run opened by a program: what it makes of rows in memory is what it makes of the same rows in files. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { HostTensor } from "../../../runtime/program.ts";
import { type RuntimeFault, isFault } from "../../../runtime/errors.ts";
import { type OpenRunOptions, type OpenedRun, openRun } from "../../../src/node.ts";
import { temporaryPlace } from "../../support/cli.ts";
import { whole } from "../../support/datasets.ts";

const place = temporaryPlace();
const at = (name: string): string => join(place.path, name);

const program = (data: string, more = ""): string => `import { normal } from "std/initialisers"
import { margin_softmax } from "std/losses"
import { none } from "std/margins"
import { sgd } from "std/optimizers"

model Net(x: f32[N, 4]) -> f32[N, 2] { param W: f32[4, 2] ~ normal(std: 0.5)
  x @ W }

train Run {
  model = Net
  loss = margin_softmax(margin: none())
  data = ${data}
  optimizer = sgd(rate: 0.1)
  batch = 4
  epochs = 2
${more}}
`;

/** Six rows of four numbers, in turn of three classes. */
const rows = Array.from({ length: 6 }, (_, row) => [row, 10 - row, row % 3, (row * 7) % 5]);
const bytes = Uint8Array.from(rows.flat(), (value) => 20 * value);

/** An IDX file of bytes: its magic number, then sizes as big-endian words. */
function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  head.setUint32(0, 0x0800 + shape.length);
  for (const [axis, size] of shape.entries()) head.setUint32(4 + 4 * axis, size);
  return Uint8Array.of(...new Uint8Array(head.buffer), ...data);
}

beforeAll(async () => {
  place.write("rows.csv", `${["a,b,c,d,class", ...rows.map((row, at) => [...row, at % 3])].join("\n")}\n`);
  place.write("x.idx", idx([6, 2, 2], bytes));
  place.write(
    "y.idx",
    idx(
      [6],
      Uint8Array.from(rows, (_, row) => row % 3),
    ),
  );
  const csv = (scale: string): string => `csv("rows.csv", classes: 3${scale})`;
  const scaled = csv(", mean: [1, 2, 3, 4], std: 5");
  place.write("table.margo", program(scaled, `  validation = ${scaled}\n`));
  place.write("images.margo", program('idx("x.idx", "y.idx", classes: 3)'));
  for (const name of ["table", "images"]) {
    const { code, err } = await place.margo(
      ...["train", `${name}.margo`, "--target", "reference", "--out", `runs/${name}`],
    );
    if (code !== 0) throw new Error(err);
  }
  // What a run needs is in its folder.
  for (const name of ["table.margo", "images.margo"]) rmSync(at(name));
});

async function opened(name: string, options: OpenRunOptions = {}): Promise<OpenedRun> {
  return whole(await openRun(at(`runs/${name}`), options));
}

function numbersOf(found: HostTensor | RuntimeFault): readonly number[] {
  return [...whole(found).data];
}

function messageOf(found: unknown): string {
  return isFault(found) ? `${found.code} ${found.message}` : "no fault";
}

describe("an opened run", () => {
  test("embeds rows of a table with the reader's mean and std", async () => {
    const run = await opened("table");
    const { features, labels } = whole(await run.embedData("data"));
    expect(features.shape).toEqual([6, 2]);
    expect([...(labels[0]?.data ?? [])]).toEqual([0, 1, 2, 0, 1, 2]);
    expect(labels[0]?.classNames).toBeUndefined();
    for (const same of [rows, Float32Array.from(rows.flat()), Uint8Array.from(rows.flat())])
      expect(numbersOf(await run.embed(same))).toEqual([...features.data]);
    run.dispose();
  });

  test("takes bytes of images for shares of 255, as the reader does", async () => {
    const run = await opened("images");
    const { features } = whole(await run.embedData());
    expect(numbersOf(await run.embed(bytes))).toEqual([...features.data]);
    const shares = Float32Array.from(bytes, (byte) => byte / 255);
    expect(numbersOf(await run.embed(shares))).toEqual([...features.data]);
    run.dispose();
  });

  test("predicts, says what it is, and computes on the target that is asked for", async () => {
    const run = await opened("table");
    const onTfjs = await opened("table", { target: "tfjs" });
    const scores = whole(await run.predict(rows));
    expect(scores.shape).toEqual([6, 3]);
    const alike = whole(await onTfjs.predict(rows)).data;
    for (const [i, score] of scores.data.entries()) expect(alike[i]).toBeCloseTo(score, 4);
    expect([run.entry, run.step, run.training.batch, run.program.target, onTfjs.program.target]).toEqual([
      ...["Run", 4, 4, "reference", "tfjs"],
    ]);
    for (const each of [run, onTfjs]) each.dispose();
  });

  test("opens the best moment, other rows, and files in another folder", async () => {
    const run = await opened("table", {
      checkpoint: "best",
      set: { verification: 'csv("rows.csv", classes: 3)' },
    });
    expect(whole(await run.embedData("verification")).features.shape).toEqual([6, 2]);
    place.write("elsewhere/two.csv", "a,b,c,d,class\n1,2,3,4,0\n5,6,7,8,1\n");
    const two = { reader: "csv", files: ["two.csv"], options: { classes: 3, mean: [1, 2, 3, 4], std: 5 } };
    expect(messageOf(await run.embedData(two))).toMatch(/^M0701 there is no file or folder two\.csv/);
    const moved = await opened("table", { directory: at("elsewhere") });
    const { features } = whole(await moved.embedData(two));
    expect(
      numbersOf(
        await moved.embed([
          [1, 2, 3, 4],
          [5, 6, 7, 8],
        ]),
      ),
    ).toEqual([...features.data]);
    for (const each of [run, moved]) each.dispose();
  });
});

describe("what is wrong", () => {
  test("with the run or its sources is a fault", async () => {
    expect(messageOf(await openRun(at("nowhere")))).toMatch(/^M0621 .*there is no such file or folder/);
    expect(messageOf(await openRun(at("runs")))).toMatch(/^M0621 .*folder of several/);
    expect(messageOf(await openRun(at("runs/images"), { checkpoint: "best" }))).toMatch(/^M0624/);
    expect(messageOf(await openRun(at("runs/table"), { set: { batch: "none" } }))).toMatch(
      /^M0625 Run does not compile: M\d{4} /,
    );
  });

  test("with the rows is a fault that names what is taken", async () => {
    const run = await opened("table");
    expect(messageOf(await run.embed(Float32Array.of(1, 2, 3)))).toBe(
      "M0731 the array of rows has 3 elements, which is no whole number of rows of shape [4]",
    );
    expect(messageOf(await run.embed([[1, 2, 3]]))).toMatch(/rows of shape \[3\], but "x" takes .*\[4\]/);
    expect(messageOf(await run.embed([[1, 2, 3, 4], [1]]))).toMatch(/rows of shape \[1\]/);
    expect(messageOf(await run.embed([[1, 2, 3, NaN]]))).toMatch(/NaN/);
    expect(messageOf(await run.embed([]))).toMatch(/no rows/);
    expect(messageOf(await run.embedData("verification"))).toMatch(/^M0623/);
    run.dispose();
  });

  test("with a call throws and says what it takes", async () => {
    const unknown = (value: unknown): never => value as never;
    await expect(openRun(unknown(undefined))).rejects.toThrow(/openRun takes the folder of a run/);
    await expect(openRun(at("runs/table"), { target: unknown("cuda") })).rejects.toThrow(
      /target is one of auto, tfjs, wgsl, reference, not "cuda"/,
    );
    await expect(openRun(at("runs/table"), { threads: 9 })).rejects.toThrow(
      /threads is one of 1, 2, 3, 4, not 9/,
    );
    const run = await opened("table");
    await expect(run.embed(unknown([1, 2, 3, 4]))).rejects.toThrow(/rows are a Float32Array/);
    await expect(run.embed(unknown(undefined))).rejects.toThrow(/rows are a Float32Array/);
    await expect(run.embedData(unknown("test"))).rejects.toThrow(/embedData takes data, validation/);
    await expect(run.embedData(unknown({}))).rejects.toThrow(/source \{ reader, files, options \}/);
    run.dispose();
    run.dispose();
    await expect(run.embed(rows)).rejects.toThrow("the run of Run was disposed");
  });
});

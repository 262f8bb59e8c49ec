/** `margo train`, `eval` and `plot RUN` as processes: whole runs, resuming, interruption, bad data, bad places. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { bytesInMemory } from "../../src/data/byte-source.ts";
import { readNpz } from "../../src/data/npy.ts";
import { loaded } from "../../src/data/stored-array.ts";
import { projectRoot, temporaryPlace } from "../support/cli.ts";
import { whole } from "../support/datasets.ts";

const place = temporaryPlace();

const rows = Array.from({ length: 60 }, (_, row) => {
  const label = row % 3;
  return `${Math.cos(label * 2) + (row % 7) * 0.05},${Math.sin(label * 2) + (row % 5) * 0.05},${"abc"[label]}`;
});
place.write("rows.csv", `p,q,kind\n${rows.join("\n")}\n`);

interface Changes {
  readonly data?: string;
  readonly optimizer?: string;
  readonly epochs?: number;
  readonly size?: number;
}

function program({
  data = 'csv("rows.csv", label: "kind", classes: 3)',
  optimizer = "sgd(rate: 0.1, momentum: 0.9)",
  epochs = 4,
  size = 2,
}: Changes = {}): string {
  return `import { dense } from "std/layers"
import { margin_softmax } from "std/losses"
import { LSoftmax } from "std/margins"
import { sgd } from "std/optimizers"

model Points(x: f32[N, ${size}]) -> f32[N, 2] { x |> dense(8) |> tanh() |> dense(2) }

/// Three heaps of points.
train Heaps {
  model = Points
  loss = margin_softmax(margin: LSoftmax(m: 2, base: 10, gamma: 0.1, power: 2))
  data = ${data}
  optimizer = ${optimizer}
  batch = 16
  epochs = ${epochs}
  seed = 3
}
`;
}

place.write("heaps.margo", program());

test("a run leaves metrics, a checkpoint, the last look at the features and a report", async () => {
  const { code, out, err } = await place.margo("train", "heaps.margo", "--out", "whole");
  expect({ code, out }, err).toEqual({ code: 0, out: `${join("whole", "report.html")}\n` });
  expect(err).not.toContain("\u001b");
  expect(place.files().filter((name) => name.startsWith("whole"))).toEqual(
    ["checkpoint.safetensors", "evaluation.json", "metrics.jsonl", "report.html", "run.json"].map((name) =>
      join("whole", name),
    ),
  );
  const report = readFileSync(join(place.path, "whole/report.html"), "utf8");
  expect(report).toContain("Three heaps of points.");
  expect(report).toContain("<svg");
  expect(report).toContain("lambda");
  expect(report).not.toMatch(/(?:src|href)="https?:/);
});

test("eval finds what training found", async () => {
  const { code, out } = await place.margo("eval", "whole", "--json");
  expect(code).toBe(0);
  const recorded = JSON.parse(readFileSync(join(place.path, "whole/evaluation.json"), "utf8")) as {
    loss: number;
    accuracy: number;
    angles: { own: { mean: number } };
  };
  const metrics = JSON.parse(out) as { loss: number; accuracy: number; rows: number; meanOwnAngle: number };
  expect(metrics.loss).toBeCloseTo(recorded.loss, 6);
  expect(metrics.rows).toBe(60);
  expect(metrics.accuracy).toBe(recorded.accuracy);
  expect(metrics.meanOwnAngle).toBeCloseTo(recorded.angles.own.mean, 4);
});

test("pairs of rows of other classes: told by train, by eval, and for rows that the run did not name", async () => {
  const others = rows.map((row, at) => row.replace(/[abc]$/, "uvwx"[at % 4] ?? "u"));
  place.write("others.csv", `p,q,kind\n${others.join("\n")}\n`);
  place.write(
    "open.margo",
    program({ epochs: 1 }).replace(
      "  seed",
      '  verification = csv("rows.csv", label: "kind", classes: 3)\n  seed',
    ),
  );
  const { code, err } = await place.margo("train", "open.margo", "--out", "open");
  expect(code, err).toBe(0);
  expect(err).toMatch(
    /Heaps epoch 1: verification equal error rate [\d.]+ %, TAR at FAR 10 % [\d.]+ %, recall/,
  );
  expect(err).toMatch(/mean own-class angle [\d.]+°, equal error rate [\d.]+ % after 4 steps/);
  const recorded = JSON.parse(readFileSync(join(place.path, "open/evaluation.json"), "utf8")) as {
    verification: { equalErrorRate: number; samePairs: number };
  };
  const found = JSON.parse((await place.margo("eval", "open", "--json")).out) as typeof recorded;
  expect(found.verification.equalErrorRate).toBe(recorded.verification.equalErrorRate);
  expect(found.verification).toMatchObject({ rows: 60, classes: 3, samePairs: 570, differentPairs: 1200 });
  expect(found.verification).not.toHaveProperty("curve");
  const reader = 'csv("others.csv", label: "kind", classes: 4)';
  const tried = await place.margo("eval", "open", "--set", `verification=${reader}`);
  expect(tried.out).toContain("verification, 60 rows of 4 classes: 420 pairs of one class, 1,350 of two");
  expect(tried.out).toMatch(/^equal error rate {13}[\d.]+ %$/m);
  expect(tried.out).toMatch(/^threshold at equal errors {4}cosine /m);
});

test("a run may begin with the weights of another one, where names and shapes are the same", async () => {
  const args = ["train", "heaps.margo", "--epochs", "1", "--out", "begun"];
  const { code, err } = await place.margo(...args, "--from", "whole");
  expect(code, err).toBe(0);
  expect(err).toContain("Heaps weights from whole: 5 of 5\n");
  const first = (folder: string): number =>
    (
      JSON.parse(readFileSync(join(place.path, folder, "metrics.jsonl"), "utf8").split("\n")[1] ?? "") as {
        loss: number;
      }
    ).loss;
  expect(first("begun")).toBeLessThan(0.8 * first("whole"));
  expect(readFileSync(join(place.path, "begun/report.html"), "utf8")).toContain("weights (--from)");
  // Of a program with another width what fits is taken, and the rest is named.
  place.write(
    "wide.margo",
    program({ epochs: 1 }).replace("dense(8) |> tanh()", "dense(8) |> tanh() |> dense(8)"),
  );
  const wide = await place.margo(
    "train",
    "wide.margo",
    "--out",
    "wide",
    "--from",
    "whole/checkpoint.safetensors",
  );
  expect(wide.err).toContain(
    "weights from whole/checkpoint.safetensors: 3 of 7; begun anew: dense_2.W (f32[8, 2] there, f32[8, 8] here), dense_2.b (f32[2] there, f32[8] here), dense_3.W, dense_3.b",
  );
  // Going on with it needs no --from, and takes none.
  expect((await place.margo("train", "heaps.margo", "--resume", "begun", "--epochs", "2")).code).toBe(0);
  const both = await place.margo("train", "heaps.margo", "--resume", "begun", "--from", "whole");
  expect([both.code, both.err]).toEqual([2, expect.stringContaining("give one of the two")]);
  place.write("other.safetensors", "no weights");
  for (const [from, says] of [
    ["nowhere", "cannot read the weights nowhere: there is no such file or folder"],
    ["other.safetensors", "no whole safetensors file"],
    [".", "it is a folder of several"],
  ] as const) {
    const refused = await place.margo(...args.slice(0, 4), "--out", "refused", "--from", from);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining(says)]);
  }
  expect(place.files().some((name) => name.startsWith("refused/"))).toBe(false);
});

test("embed writes the features of the rows asked for, as eval and NumPy read them", async () => {
  const { code, out, err } = await place.margo("embed", "open", "--of", "verification", "--out", "f.npz");
  expect({ code, out }, err).toEqual({ code: 0, out: "f.npz\n" });
  expect(err).toBe("verification: features 60 × 2, labels, classes\n");
  const bytes = readFileSync(join(place.path, "f.npz"));
  const header = new TextDecoder("latin1").decode(unzipSync(bytes)["features.npy"]?.subarray(0, 80));
  expect(header).toContain("'descr': '<f4', 'fortran_order': False, 'shape': (60, 2)");
  const [features, labels] = ["features", "labels"].map((name) =>
    loaded(whole(readNpz(bytesInMemory({ name: "f.npz", bytes }), name))),
  );
  expect(labels?.data.slice(0, 4)).toEqual(Int32Array.of(0, 1, 2, 0));
  // The very rows that verification compared.
  const recorded = JSON.parse(readFileSync(join(place.path, "open/evaluation.json"), "utf8")) as {
    verification: { same: { mean: number } };
  };
  const angle = (a: number, b: number): number => {
    const [x, y] = [a, b].map((row) => [...(features?.data.slice(2 * row, 2 * row + 2) ?? [])]);
    const dot = (p: readonly number[] = [], q: readonly number[] = []) =>
      p.reduce((sum, value, i) => sum + value * (q[i] ?? 0), 0);
    return (Math.acos(Math.min(1, dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y)))) * 180) / Math.PI;
  };
  const same = Array.from({ length: 60 }, (_, a) => a).flatMap((a) =>
    Array.from({ length: a }, (_, b) => b).flatMap((b) =>
      labels?.data[a] === labels?.data[b] ? [angle(a, b)] : [],
    ),
  );
  const mean = same.reduce((sum, value) => sum + value, 0) / same.length;
  expect(mean).toBeCloseTo(recorded.verification.same.mean, 2);
  const classes = unzipSync(bytes)["classes.npy"] ?? new Uint8Array();
  expect(new TextDecoder("latin1").decode(classes.subarray(0, 80))).toContain(
    "'<U1', 'fortran_order': False, 'shape': (3,)",
  );
  expect([...new Uint32Array(classes.slice(-12).buffer)].map((point) => String.fromCodePoint(point))).toEqual(
    ["a", "b", "c"],
  );
  const missing = await place.margo("embed", "whole", "--of", "verification");
  expect(missing.code).toBe(1);
  expect(missing.err).toContain("the run names no verification");
  expect((await place.margo("embed", "whole", "--limit", "7")).err).toBe(
    "data: features 7 × 2, labels, classes\n",
  );
  expect(existsSync(join(place.path, "whole/features.npz"))).toBe(true);
});

test("a run is looked at with the sources that it was started with, though they change or go", async () => {
  place.write("part.margo", "export fn widened(x: f32[N, D]) = 3 * x\n");
  const text = `import { widened } from "./part.margo"\n${program({ epochs: 1 }).replace("x |> dense(8)", "widened(x) |> dense(8)")}`;
  place.write("whole.margo", text);
  expect((await place.margo("train", "whole.margo", "--out", "kept")).code).toBe(0);
  const before = (await place.margo("eval", "kept", "--json")).out;
  place.write("part.margo", "export fn widened(x: f32[N, D]) = -7 * x\n");
  expect((await place.margo("eval", "kept", "--json")).out).toBe(before);
  const resumed = await place.margo("train", "whole.margo", "--resume", "kept", "--epochs", "2");
  expect(resumed.err).toContain("part.margo changed since the run was started; it goes on as it is now");
  place.write("part.margo", "nothing");
  place.write("whole.margo", "nothing");
  expect((await place.margo("eval", "kept")).code).toBe(0);
});

test("eval and embed take the best checkpoint where they are asked to", async () => {
  const { code, out } = await place.margo("eval", "open", "--best", "--json");
  expect({ code, step: (JSON.parse(out) as { step: number }).step }).toEqual({ code: 0, step: 4 });
  expect((await place.margo("embed", "open", "--best", "--out", "best.npz")).code).toBe(0);
  expect((await place.margo("eval", "whole", "--best")).err).toContain("knows no best moment");
});

test("verification that cannot be is refused where it is written", async () => {
  place.write("one.csv", "p,q,kind\n1,2,a\n2,1,a\n");
  const asked = program().replace(
    "  seed",
    '  verification = csv("one.csv", label: "kind", classes: 1)\n  seed',
  );
  place.write("closed.margo", asked);
  const { code, err } = await place.margo("train", "closed.margo", "--out", "closed");
  expect(code).toBe(1);
  expect(err).toContain("error[M0734]: all 2 rows of one.csv are of one class");
  expect(err).toContain('verification = csv("one.csv"');
  expect(place.files().some((name) => name.startsWith("closed/"))).toBe(false);
});

test("a resumed run ends with the same bytes as one that never stopped", async () => {
  const described = (): unknown => JSON.parse(readFileSync(join(place.path, "parts", "run.json"), "utf8"));
  const report = (): string => readFileSync(join(place.path, "parts", "report.html"), "utf8");
  expect((await place.margo("train", "heaps.margo", "--steps", "6", "--out", "parts")).code).toBe(0);
  expect(described()).toMatchObject({ steps: 6 });
  expect(report()).toContain("steps (--steps)");
  expect((await place.margo("train", "heaps.margo", "--resume", "parts")).code).toBe(0);
  // What it says is how the run went on.
  expect(described()).not.toHaveProperty("steps");
  expect(report()).not.toContain("steps (--steps)");
  const bytes = (run: string) => readFileSync(join(place.path, run, "checkpoint.safetensors"));
  expect(bytes("parts").equals(bytes("whole"))).toBe(true);
  const { code, err } = await place.margo("train", "heaps.margo", "--resume", "parts", "--steps", "2");
  expect(code).toBe(0);
  expect(err).toMatch(/nothing to do: the run has made \d+ of 2 steps \(--epochs gives it more\)/);
  expect(bytes("parts").equals(bytes("whole"))).toBe(true);
});

test("several entries give a page that compares them; plot does it for any runs", async () => {
  place.write(
    "two.margo",
    `${program({ epochs: 1 })}\n${program({ epochs: 1 }).slice(program().indexOf("/// Three")).replace("train Heaps", "train Others")}`,
  );
  const { code, out, err } = await place.margo("train", "two.margo", "--out", "both");
  expect(code, err).toBe(0);
  expect(out.trim().split("\n").at(-1)).toBe(join("both", "compare.html"));
  const resumed = await place.margo("train", "two.margo", "--resume", "both");
  expect(resumed.code).toBe(1);
  expect(resumed.err).toContain(
    `give one of the runs in there: ${join("both", "Heaps")}, ${join("both", "Others")}`,
  );
  const again = await place.margo(
    "plot",
    join("both", "Heaps"),
    join("both", "Others"),
    "--out",
    "again.html",
  );
  expect({ ...again, err: "" }).toEqual({ code: 0, out: "again.html\n", err: "" });
});

test("eval takes no rows whose classes have other names than those that were trained", async () => {
  place.write(
    "renamed.csv",
    `p,q,kind\n${rows.map((row) => row.replace(/[abc]$/, (name) => `x${name}`)).join("\n")}\n`,
  );
  place.write("fewer.csv", `p,q,kind\n${rows.slice(0, 12).join("\n")}\n`);
  const evaluated = (file: string) =>
    place.margo("eval", "whole", "--set", `validation=csv("${file}", label: "kind", classes: 3)`);
  const renamed = await evaluated("renamed.csv");
  expect(renamed.code).toBe(1);
  expect(renamed.err).toContain('"xa" is a class of renamed.csv, but not of the run');
  expect((await evaluated("fewer.csv")).code).toBe(0);
});

test("another margin of the library can be tried without importing it", async () => {
  const loss = "loss=margin_softmax(margin: ArcFace(m: 0.2, s: 8))";
  const args = ["train", "heaps.margo", "--epochs", "1", "--out", "tried", "--set"];
  const { code, err } = await place.margo(...args, loss);
  expect(code, err).toBe(0);
  expect(readFileSync(join(place.path, "tried/report.html"), "utf8")).toContain("ArcFace(m: 0.2, s: 8)");
  expect((await place.margo("eval", "tried")).code).toBe(0);
  const wrong = await place.margo(...args, loss.replace("Arc", "Ark"));
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain("did you mean `ArcFace`?");
  // A file's own names go before the library's.
  place.write("own.margo", "margin ArcFace() {\n  target = cos - 5\n}\n");
  const drawn = await place.margo("plot", "own.margo", "ArcFace()", "CosFace(m: 0.1)");
  expect(drawn.code, drawn.err).toBe(0);
  expect(drawn.out).toContain("-6");
});

test("--set, --limit, --seed and --target override", async () => {
  const args = ["--set", "batch=8", "--limit", "24", "--seed", "9", "--target", "reference", "--epochs", "1"];
  const { code, err } = await place.margo("train", "heaps.margo", "--out", "small", ...args);
  expect(code, err).toBe(0);
  expect(JSON.parse(readFileSync(join(place.path, "small/run.json"), "utf8"))).toMatchObject({
    seed: 9,
    limit: 24,
    target: "reference",
    settings: { batch: "8" },
  });
  expect(readFileSync(join(place.path, "small/metrics.jsonl"), "utf8")).toContain('"totalSteps":3');
});

test("threads change nothing but the time, and end with the run, which says what it runs on", async () => {
  for (const threads of ["1", "3"]) {
    const { code, err } = await place.margo(
      "train",
      "heaps.margo",
      "--threads",
      threads,
      "--out",
      `threads-${threads}`,
    );
    expect(code, err).toBe(0);
    expect(err).toMatch(/^Heaps on tfjs [\d.]+, backend wasm, SIMD, (one thread|3 threads)\n/);
  }
  expect((await place.margo("train", "heaps.margo", "--target", "reference", "--epochs", "1")).err).toMatch(
    /^Heaps on the reference, float64 in plain JavaScript\n/,
  );
  const [one, three] = ["threads-1", "threads-3"].map((folder) => join(place.path, folder));
  expect(readFileSync(join(three ?? "", "checkpoint.safetensors"))).toEqual(
    readFileSync(join(one ?? "", "checkpoint.safetensors")),
  );
  const { machine } = JSON.parse(readFileSync(join(three ?? "", "run.json"), "utf8"));
  expect(machine.backend).toMatch(/tfjs .*, backend wasm, .*3 threads/);
  for (const command of [
    ["train", "heaps.margo"],
    ["eval", "threads-1"],
  ]) {
    const refused = await place.margo(...command, "--threads", "2", "--target", "reference");
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("--threads says how the target tfjs computes, but the target is reference");
  }
});

test("of several trains none begins where one has a mistake", async () => {
  place.write(
    "half.margo",
    `${program()}\n${program().slice(program().indexOf("train Heaps")).replace("train Heaps", "train Broken").replace("model = Points", "model = Pionts")}`,
  );
  const { code, err } = await place.margo("train", "half.margo", "--out", "half");
  expect({ code, told: err.includes("Pionts"), started: err.includes("epoch") }).toEqual({
    code: 1,
    told: true,
    started: false,
  });
  expect(place.files().filter((name) => name.startsWith("half/"))).toEqual([]);
});

test("Ctrl-C writes a checkpoint and exits with the signal's code", async () => {
  place.write("long.margo", program({ epochs: 100_000 }));
  const child = spawn(
    process.execPath,
    [join(projectRoot, "dist/margo.js"), "train", "long.margo", "--out", "long"],
    { cwd: place.path },
  );
  let said = "";
  const code = await new Promise<number | null>((resolve) => {
    child.stderr.on("data", (chunk) => {
      const before = said;
      said += String(chunk);
      // Once: a second one ends the run at once.
      if (said.includes("epoch 2") && !before.includes("epoch 2")) child.kill("SIGINT");
    });
    child.stdout.resume();
    child.on("close", resolve);
  });
  expect(code).toBe(130);
  expect(said).toContain("stopping after the step under way; once more ends it at once");
  expect(existsSync(join(place.path, "long/checkpoint.safetensors"))).toBe(true);
  expect(readFileSync(join(place.path, "long/report.html"), "utf8")).toContain("<svg");
});

describe("bad data and bad places: exit 1 with a reason, and no new files", () => {
  const bad: readonly (readonly [string, Changes, RegExp])[] = [
    ["a file that is not there", { data: 'csv("absent.csv", label: "kind", classes: 3)' }, /absent\.csv/],
    ["a label out of range", { data: 'npy("x.npy", "y.npy", classes: 3)' }, /row/],
    ["more classes than declared", { data: 'csv("rows.csv", label: "kind", classes: 2)' }, /classes/],
    ["a wrong feature size", { size: 3 }, /3/],
    [
      "a package that is not installed",
      { data: 'csv("npm:nobody-has-this/rows.csv", label: "kind", classes: 3)' },
      /nobody-has-this/,
    ],
    [
      "a path that leaves the workspace",
      { data: 'csv("../../rows.csv", label: "kind", classes: 3)' },
      /rows\.csv/,
    ],
    ["a truncated IDX file", { data: 'idx("cut.idx", "cut.idx", classes: 3)' }, /cut\.idx/],
    ["a number that is none", { data: 'csv("holes.csv", label: "kind", classes: 3)' }, /row|line/],
    ["a loss that becomes no number", { optimizer: "sgd(rate: 1e30)" }, /step/],
  ];
  place.write("cut.idx", Buffer.from([0, 0, 8, 3, 0, 0, 0, 9]));
  place.write("holes.csv", "p,q,kind\n1,2,a\n1,NaN,b\n3,4,c\n");
  place.write("x.npy", npy("<f4", [3, 2], new Float32Array([1, 2, 3, 4, 5, 6])));
  place.write("y.npy", npy("<i4", [3], new Int32Array([0, 1, 7])));

  test.each(bad)("%s", async (_, changes, reason) => {
    place.write("bad.margo", program(changes));
    const { code, out, err } = await place.margo("train", "bad.margo", "--out", "bad");
    expect({ code, out }, err).toEqual({ code: 1, out: "" });
    expect(err).toMatch(reason);
    expect(err).not.toContain("bug in Margo");
    expect(err).toMatch(/help/);
  });

  test("an output folder that is a file", async () => {
    place.write("occupied", "mine\n");
    const { code, err } = await place.margo("train", "heaps.margo", "--out", "occupied");
    expect(code).toBe(1);
    expect(err).toContain("occupied");
    expect(readFileSync(join(place.path, "occupied"), "utf8")).toBe("mine\n");
  });

  test("an entry that is not there", async () => {
    const { code, err } = await place.margo("train", "heaps.margo", "--entry", "Heap");
    expect(code).toBe(1);
    expect(err).toContain("Heaps");
  });

  test("a checkpoint of another program", async () => {
    place.write("other.margo", program().replaceAll("dense(8)", "dense(9)"));
    const { code, err } = await place.margo("train", "other.margo", "--resume", "whole");
    expect(code).toBe(1);
    expect(err).toContain("dense.W");
  });

  test("a checkpoint that lies", async () => {
    place.write("lying/run.json", readFileSync(join(place.path, "whole/run.json")));
    place.write("lying/metrics.jsonl", "");
    place.write("lying/checkpoint.safetensors", Buffer.from("ffffffffffffffff7b7d", "hex"));
    const { code, err } = await place.margo("eval", "lying");
    expect(code).toBe(1);
    expect(err).toContain("safetensors");
  });

  test("nothing half-written is left anywhere", () => {
    expect(place.files().filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

function npy(descr: string, shape: readonly number[], data: Float32Array | Int32Array): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`.padEnd(117) + "\n";
  const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0]);
  return Buffer.concat([head, Buffer.from(text), Buffer.from(data.buffer)]);
}

/** Whole runs on the reference target: folders, resuming, interruption, bad output, the cause of a NaN. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Program } from "../../../compiler/program.ts";
import { decodeCheckpoint } from "../../../runtime/checkpoint.ts";
import type { DataSource } from "../../../runtime/program.ts";
import { createReferenceExecutor } from "../../../src/executors/reference.ts";
import { metricCharts } from "../../../src/report/charts.ts";
import { readRun } from "../../../src/report/read-run.ts";
import { headline } from "../../../src/report/report.ts";
import { readMetrics, readRunInfo } from "../../../src/runs/run-folder.ts";
import { bestOf } from "../../../src/runs/best.ts";
import { lockFolder, lockName } from "../../../src/runs/run-lock.ts";
import { type RunEvent, type TrainRequest, type TrainSummary, train } from "../../../src/runs/train.ts";
import { faultText, whole } from "../../support/datasets.ts";
import { programOf } from "../../support/elaborated-loss.ts";
import { tinyProgram } from "../../support/tiny-program.ts";

const work = mkdtempSync(join(tmpdir(), "margo-train-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const rows = Array.from(
  { length: 25 },
  (_, row) => `${1 + (row % 3)},${row % 2 === 0 ? 1 : 0.25},${"abc"[row % 3]}`,
);
writeFileSync(join(work, "rows.csv"), `p,q,class\n${rows.join("\n")}\n`);
writeFileSync(join(work, "zero.csv"), `p,q,class\n${rows.join("\n")}\n2,0,a\n`);

interface Changes {
  readonly file?: string;
  /** The same file unless given. */
  readonly validation?: string;
  readonly first?: "nothing" | "log";
  readonly steps?: number;
  readonly perClass?: number;
  /** Of the reader; the label's classes unless given. */
  readonly options?: DataSource["options"];
  readonly program?: Program;
  readonly start?: TrainRequest["start"];
  readonly onEvent?: (event: RunEvent) => void;
  readonly signal?: AbortSignal;
}

async function run(folder: string, changes: Changes = {}): Promise<TrainSummary> {
  const {
    file = "rows.csv",
    validation = file,
    first = "nothing",
    steps,
    perClass,
    options = { label: "class", classes: 3 },
    start = "fresh",
    onEvent = () => undefined,
    signal,
  } = changes;
  const data = { reader: "csv", files: [file], options };
  const training = {
    data,
    validation: { ...data, files: [validation] },
    batch: 4,
    epochs: 3,
    seed: 5,
    ...(steps === undefined ? {} : { steps }),
    ...(perClass === undefined ? {} : { perClass }),
  };
  const tiny = { width: 2, classes: 3, rate: 0.5, first, training: { ...training, spans: {} } };
  const { program = tinyProgram(tiny) } = changes;
  return train({
    program,
    executor: createReferenceExecutor(program, "test"),
    training,
    data: { directory: work, root: work },
    info: {
      margo: "test",
      file: join(work, "tiny.margo"),
      source: "",
      entry: "Tiny",
      settings: {},
      target: "reference",
      seed: 5,
    },
    folder: join(work, folder),
    start,
    onEvent,
    placeOf: ({ file: name, start: offset }) => `${name}:1:${offset + 1}`,
    ...(signal === undefined ? {} : { signal }),
  });
}

const metricsSource = `import { softmax_cross_entropy } from "std/losses"
import { dense } from "std/layers"
import { sgd } from "std/optimizers"
fn half(scores: f32[N, C], y: index<C>[N]) = 0.5 + 0 * mean(pick(scores, y))
model Net(x: f32[N, 2]) = x |> dense(3)
train T {
  model = Net
  loss = softmax_cross_entropy
  data = csv("rows.csv", label: "class", classes: 3)
  optimizer = sgd
  epochs = 1
  metrics = [half]
}
`;

/** Its first loss is no number. */
const failing = metricsSource
  .replace('import { softmax_cross_entropy } from "std/losses"\n', "")
  .replace("train T {", "loss nothing(x: f32[N, C], y: index<C>[N]) = mean(x) / 0\ntrain T {")
  .replace("loss = softmax_cross_entropy", "loss = nothing")
  .replace("  metrics = [half]\n", "");

const contents = (folder: string, file: string) => readFileSync(join(work, folder, file));
const losses = (folder: string) =>
  whole(readMetrics(join(work, folder))).flatMap((metric) =>
    metric["kind"] === "step" ? [metric["loss"]] : [],
  );

describe("the best moment of a run", () => {
  const best = (folder: string) => whole(decodeCheckpoint(contents(folder, "checkpoint.best.safetensors")));
  const last = (folder: string) => whole(decodeCheckpoint(contents(folder, "checkpoint.safetensors")));

  it("is kept beside the last one, with the parameters that it had", async () => {
    // A rate so large that the run is worse at its end.
    const program = programOf(
      metricsSource.replace("optimizer = sgd", "optimizer = sgd(rate: 40 * step)"),
      "T",
    );
    const events: RunEvent[] = [];
    await run("best", { program, onEvent: (event) => void events.push(event) });
    const losses = events.flatMap((event) => (event.kind === "evaluation" ? [event] : []));
    const lowest = losses.toSorted((a, b) => a.loss - b.loss)[0];
    expect(lowest?.step).toBeLessThan(losses.at(-1)?.step ?? 0);
    expect(best("best").progress.step).toBe(lowest?.step);
    expect(last("best").progress.step).toBe(21);
    const data = whole(readRun(join(work, "best")));
    expect(data.best).toEqual({ step: lowest?.step, measure: "validation loss", value: lowest?.loss });
    expect(headline(data).map(([name]) => name)).toContain("best validation loss");
  });

  it("is known to a run that goes on", async () => {
    const program = programOf(
      metricsSource.replace("optimizer = sgd", "optimizer = sgd(rate: 40 * step)"),
      "T",
    );
    await run("resumed-best", { program, steps: 14 });
    await run("resumed-best", { program, start: "resume" });
    expect(best("resumed-best").variables).toEqual(best("best").variables);
  });

  it("is there after a run that was killed right before it", async () => {
    const program = programOf(metricsSource, "T");
    await run("killed", { program });
    const before = contents("killed", "checkpoint.best.safetensors");
    expect(before).toEqual(contents("killed", "checkpoint.safetensors"));
    rmSync(join(work, "killed/checkpoint.best.safetensors"));
    await run("killed", { program, start: "resume" });
    expect(contents("killed", "checkpoint.best.safetensors")).toEqual(before);
  });

  it("is not buried under parts of checkpoints that killed runs left", async () => {
    const program = programOf(metricsSource, "T");
    await run("littered", { program, steps: 2 });
    const [part, other] = [".checkpoint.safetensors.123.4.tmp", ".checkpoint.safetensors.mine.tmp"];
    for (const start of ["resume", "fresh"] as const) {
      for (const name of [part, other]) writeFileSync(join(work, "littered", name), "part");
      await run("littered", { program, start });
      const names = readdirSync(join(work, "littered"));
      expect([names.includes(part), names.includes(other)]).toEqual([false, true]);
    }
  });

  it("survives runs that fail before their first checkpoint", async () => {
    await run("lasting", { program: programOf(metricsSource, "T") });
    const [kept, keptBest] = ["checkpoint.safetensors", "checkpoint.best.safetensors"].map((name) =>
      contents("lasting", name),
    );
    for (let times = 0; times < 2; times++)
      expect(await run("lasting", { file: "zero.csv", first: "log" })).toMatchObject({ kind: "failed" });
    expect(contents("lasting", "checkpoint.earlier.safetensors")).toEqual(kept);
    expect(contents("lasting", "checkpoint.best.earlier.safetensors")).toEqual(keptBest);
  });

  it("of a run before is put aside", async () => {
    await run("best", { program: programOf(metricsSource, "T") });
    expect(contents("best", "checkpoint.best.earlier.safetensors")).toEqual(
      contents("resumed-best", "checkpoint.best.safetensors"),
    );
  });

  it.each([
    [
      "the lowest equal error rate",
      [
        ["verification", 1, { equalErrorRate: 0.2 }],
        ["verification", 2, { equalErrorRate: 0.1 }],
        ["evaluation", 3, { accuracy: 1, loss: 0 }],
      ],
      2,
    ],
    [
      "the highest validation accuracy",
      [
        ["evaluation", 1, { accuracy: 0.5, loss: 0 }],
        ["evaluation", 2, { accuracy: 0.6, loss: 9 }],
        ["evaluation", 3, { accuracy: 0.6, loss: 1 }],
      ],
      2,
    ],
    [
      "the lowest validation loss",
      [
        ["evaluation", 1, { loss: 3 }],
        ["evaluation", 2, { loss: 2 }],
        ["step", 3, { loss: 1 }],
      ],
      2,
    ],
    [
      "of losses that are numbers",
      [
        ["evaluation", 1, { loss: NaN }],
        ["evaluation", 2, { loss: 2 }],
      ],
      2,
    ],
    ["none where nothing measures it", [["epoch", 1, { loss: 3 }]], undefined],
  ] as const)("is the one with %s", (_, metrics, step) => {
    const best = bestOf(metrics.map(([kind, at, values]) => ({ kind, step: at, ...values })));
    expect(best?.step).toBe(step);
  });
});

describe("a run folder", () => {
  it("is not begun where validation has a class by another name", async () => {
    writeFileSync(join(work, "strangers.csv"), `p,q,class\n${rows.join("\n").replaceAll("a", "d")}\n`);
    const summary = await run("strangers", { validation: "strangers.csv" });
    expect(summary.kind === "failed" ? [summary.setting, faultText(summary.fault)] : [])
      .toMatchInlineSnapshot(`
      [
        "validation",
        "M0755 "d" is a class of strangers.csv, but not of rows.csv / validation takes rows of the classes that are trained; rows of others are for verification = …",
      ]
    `);
    expect(existsSync(join(work, "strangers"))).toBe(false);
  });

  it("has the run's own metrics under their names, and no accuracy where it is not asked for", async () => {
    const program = programOf(metricsSource, "T");
    const summary = await run("metrics", { program });
    expect(summary).toMatchObject({ kind: "finished", evaluation: { metrics: { half: 0.5 } } });
    expect(summary).not.toHaveProperty("evaluation.accuracy");
    const steps = whole(readMetrics(join(work, "metrics"))).filter(({ kind }) => kind === "step");
    expect(steps.map(({ metrics }) => metrics)).toEqual(steps.map(() => ({ half: 0.5 })));
    expect(steps.some((step) => "accuracy" in step)).toBe(false);
    const data = whole(readRun(join(work, "metrics")));
    expect(metricCharts(data).map(({ title }) => title)).toEqual(["half"]);
    expect(headline(data)).toContainEqual(["validation half", "0.5"]);
  });

  it("holds what was run, every event, the checkpoint and the last evaluation", async () => {
    const summary = await run("whole");
    expect(summary).toMatchObject({ kind: "finished", step: 21, evaluation: { rows: 25 } });
    expect(whole(readRunInfo(join(work, "whole")))).toMatchObject({ entry: "Tiny", seed: 5 });
    expect(losses("whole")).toHaveLength(21);
    const evaluation = JSON.parse(contents("whole", "evaluation.json").toString());
    expect(evaluation).toMatchObject({
      step: 21,
      epoch: 2,
      on: "validation",
      rows: 25,
      classNames: ["a", "b", "c"],
    });
    expect(evaluation.picture.points).toHaveLength(25);
    expect(evaluation.picture.directions).toHaveLength(3);
    expect(evaluation.angles.own.histogram.reduce((sum: number, count: number) => sum + count, 0)).toBe(25);
  });

  it("is cleared for a new run, whose failure is not taken for the earlier one's results", async () => {
    await run("again");
    const before = contents("again", "checkpoint.safetensors");
    // Stopped before it began, a run leaves everything as it was.
    const none = await run("again", { signal: AbortSignal.abort(), steps: 3 });
    expect(none).toMatchObject({ kind: "failed", fault: { code: "M0740" } });
    expect(contents("again", "checkpoint.safetensors")).toEqual(before);
    const stop = new AbortController();
    const onEvent = (event: RunEvent) => {
      if (event.kind === "step") stop.abort();
    };
    await run("again", { signal: stop.signal, onEvent });
    expect(contents("again", "checkpoint.earlier.safetensors")).toEqual(before);
    writeFileSync(join(work, "again", "checkpoint.safetensors"), before);
    const summary = await run("again", { program: programOf(failing, "T") });
    expect(summary).toMatchObject({ kind: "failed" });
    expect(existsSync(join(work, "again", "checkpoint.safetensors"))).toBe(false);
    expect(existsSync(join(work, "again", "evaluation.json"))).toBe(false);
    expect(await run("again", { start: "resume" })).toMatchObject({
      kind: "failed",
      fault: { code: "M0621" },
    });
    expect(contents("again", "checkpoint.earlier.safetensors")).toEqual(before);
  });

  it("goes on from where it stopped, bit for bit, and forgets metrics after the checkpoint", async () => {
    await run("straight");
    await run("parts", { steps: 9 });
    writeFileSync(
      join(work, "parts", "metrics.jsonl"),
      `${contents("parts", "metrics.jsonl")}{"kind":"step","step":10,"loss":0}\n{"kind":"st`,
    );
    expect(await run("parts", { start: "resume" })).toMatchObject({ kind: "finished", step: 21 });
    expect(losses("parts")).toEqual(losses("straight"));
    expect(contents("parts", "checkpoint.safetensors")).toEqual(
      contents("straight", "checkpoint.safetensors"),
    );
  });

  it("has a checkpoint after an interruption", async () => {
    await run("straight");
    const stop = new AbortController();
    const onEvent = (event: RunEvent) => {
      if (event.kind === "step" && event.step === 5) stop.abort();
    };
    expect(await run("stopped", { signal: stop.signal, onEvent })).toMatchObject({
      kind: "cancelled",
      step: 5,
    });
    await run("stopped", { start: "resume" });
    expect(losses("stopped")).toEqual(losses("straight"));
  });
});

describe("rows of a class together", () => {
  it("are those of the data's labels; without classes they are refused", async () => {
    expect(await run("together", { perClass: 2 })).toMatchObject({ kind: "finished" });
    expect(losses("together")).not.toEqual(losses("whole"));
    const values = metricsSource
      .replaceAll("softmax_cross_entropy", "mean_squared_error")
      .replace("  metrics = [half]\n", "")
      .replace("x |> dense(3)", "reshape(x |> dense(1), [N])");
    const program = programOf(values, "T");
    const options = { label: "q", columns: ["p", "q"] };
    expect(await run("valued", { program, options })).toMatchObject({ kind: "finished" });
    const earlier = contents("valued", "metrics.jsonl");
    expect(await run("valued", { program, options, perClass: 2 })).toMatchObject({
      fault: { code: "M0606" },
      setting: "data",
    });
    // What was there stays whole.
    expect(contents("valued", "metrics.jsonl")).toEqual(earlier);
  });
});

describe("a run that fails", () => {
  const failure = async (folder: string, changes?: Changes): Promise<string> => {
    const summary = await run(folder, changes);
    return summary.kind === "failed" ? faultText(summary.fault).replaceAll(work, "WORK") : summary.kind;
  };

  it("says what is wrong with the data or the output", async () => {
    writeFileSync(join(work, "in-the-way"), "");
    mkdirSync(join(work, "blocked", "checkpoint.safetensors", "x"), { recursive: true });
    mkdirSync(join(work, "hollow"), { recursive: true });
    mkdirSync(join(work, "cut"), { recursive: true });
    writeFileSync(join(work, "cut", "checkpoint.safetensors"), "not weights at all");
    expect([
      await failure("data", { file: "row.csv" }),
      await failure("in-the-way/run"),
      await failure("blocked"),
      await failure("hollow", { start: "resume" }),
      await failure("cut", { start: "resume" }),
      await failure("nowhere", { start: "resume" }),
    ]).toMatchInlineSnapshot(`
      [
        "M0701 there is no file or folder row.csv / beside it are rows.csv",
        "M0620 cannot write WORK/in-the-way/run/run.json: a part of the path is a file / free some space or choose another folder with --out; earlier files there are whole",
        "M0620 cannot write WORK/blocked/checkpoint.safetensors: a folder of that name is in the way / free some space or choose another folder with --out; earlier files there are whole",
        "M0621 cannot read the run WORK/hollow: it has no checkpoint.safetensors / give the folder of a run that \`margo train\` wrote",
        "M0610 this is no whole safetensors file: its header would be 7451598620781212000 bytes long / the file may be cut off or of another kind; give the folder of a run, or another copy of the file",
        "M0621 cannot read the run WORK/nowhere: it has no checkpoint.safetensors / give the folder of a run that \`margo train\` wrote",
      ]
    `);
    expect(existsSync(join(work, "data"))).toBe(false);
  });

  it("leaves files alone that only have the names of a run's", async () => {
    mkdirSync(join(work, "pages"));
    writeFileSync(join(work, "pages", "report.html"), "mine");
    expect(await failure("pages")).toBe(
      "M0627 WORK/pages has a report.html, but no run.json, so no run wrote it / choose another folder with --out, or move the file away",
    );
    expect(readFileSync(join(work, "pages", "report.html"), "utf8")).toBe("mine");
    expect(readdirSync(join(work, "pages"))).toEqual(["report.html"]);
  });

  it("leaves a folder alone that another run is writing to, and goes on where one was killed", async () => {
    const lockFile = join(work, "busy", lockName);
    const seen = new Set<boolean>();
    await run("busy", { onEvent: () => void seen.add(existsSync(lockFile)) });
    expect([...seen, existsSync(lockFile)]).toEqual([true, false]);

    const other = await lockFolder(join(work, "busy"));
    if (other.kind !== "held") throw new Error("the folder should be free");
    const refused = [await failure("busy"), await failure("busy", { start: "resume" })];
    other.release();
    expect(refused.map((text) => text.replace(/process \d+/, "process …"))).toMatchInlineSnapshot(`
      [
        "M0622 another run is writing to WORK/busy (process …) / wait until it ends, or choose another folder with --out; if there is no such run, delete WORK/busy/.running",
        "M0622 another run is writing to WORK/busy (process …) / wait until it ends, or choose another folder with --out; if there is no such run, delete WORK/busy/.running",
      ]
    `);
    expect(await failure("busy", { start: "resume" })).toBe("finished");

    const { pid } = spawnSync(process.execPath, ["--version"]);
    writeFileSync(lockFile, `${pid} ${hostname()}\n`);
    expect(await failure("busy")).toBe("finished");
    expect(existsSync(lockFile)).toBe(false);
    // A container that is started again has the same process numbers.
    writeFileSync(lockFile, `${process.pid} ${hostname()}\n`);
    expect(await failure("busy", { start: "resume" })).toBe("finished");
    expect(existsSync(lockFile)).toBe(false);
  });

  it("says of a folder that cannot be made why", async () => {
    symlinkSync(join(work, "nothing-there"), join(work, "dangling"));
    expect(await failure("dangling/run")).toContain("run.json: a file of that name is in the way");
  });

  it("names the step, the operation and the row that gave a NaN", async () => {
    const summary = await run("nan", { file: "zero.csv", first: "log" });
    if (summary.kind !== "failed" || summary.broken === undefined)
      throw new Error("the run should have failed");
    expect(summary.cause).toMatchObject({
      op: "log",
      value: -Infinity,
      row: 25,
      span: { file: "tiny.margo", start: 10 },
    });
    expect(summary.broken.batch.rows).toContain(25);
    const text = faultText(summary.fault);
    expect(text.replace(/step \d+/, "step …")).toMatchInlineSnapshot(
      `"M0601 the loss became no number in step …: \`log\` at tiny.margo:1:11, in row 25 of the data, gave -Infinity first / lower the learning rate, clip the gradient's norm, or guard the operation with max, clamp or a small constant"`,
    );
  });
});

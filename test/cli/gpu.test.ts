/**
 * The target `wgsl` through every command, as processes: what is built, planned and evaluated, a run that is the same as
 * on tfjs, resumed and evaluated anew, and what is said where there is no adapter.
 */
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { decode } from "@jridgewell/sourcemap-codec";
import { beforeAll, describe, expect, test } from "vitest";
import { projectRoot, temporaryPlace } from "../support/cli.ts";
import { describeOnGpu } from "../support/gpu.ts";

const place = temporaryPlace();
for (const name of ["examples", "std", "node_modules", "package.json"])
  symlinkSync(join(projectRoot, name), join(place.path, name));
place.write(
  "net.margo",
  `model Net(x: f32[N, 3]) -> f32[N, 2] {
  param W: f32[3, 2] ~ 0
  x @ W
}
`,
);
place.write(
  "small.margo",
  `import { softmax_cross_entropy } from "std/losses"
import { sgd } from "std/optimizers"
model Line(x: f32[N, 2]) -> f32[N, 2] {
  param W: f32[2, 2] ~ 0.5
  x @ W
}
train Small {
  model = Line
  loss = softmax_cross_entropy()
  data = csv("small.csv", label: "kind", classes: 2)
  optimizer = sgd(rate: 0.1, momentum: 0.9)
  batch = 4
  epochs = 4
}
`,
);
const rows = Array.from({ length: 8 }, (_, row) => `${row % 3},${row % 5},${row % 2 === 0 ? "a" : "b"}`);
place.write("small.csv", `x,y,kind\n${rows.join("\n")}\n`);

async function fine(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await place.margo(...args);
  expect(code, err).toBe(0);
  return out;
}

describe("without the package webgpu", () => {
  const bare = temporaryPlace("copy");
  const installed = join(projectRoot, "node_modules");
  beforeAll(() => {
    // The command as it is built, beside every package but the optional one.
    cpSync(join(projectRoot, "dist"), join(bare.path, "dist"), { recursive: true });
    for (const name of ["std", "package.json"]) symlinkSync(join(projectRoot, name), join(bare.path, name));
    mkdirSync(join(bare.path, "node_modules"));
    for (const name of readdirSync(installed))
      if (name !== "webgpu") symlinkSync(join(installed, name), join(bare.path, "node_modules", name));
    bare.write("net.margo", readFileSync(join(place.path, "net.margo"), "utf8"));
    bare.write("small.margo", readFileSync(join(place.path, "small.margo"), "utf8"));
    bare.write("small.csv", readFileSync(join(place.path, "small.csv"), "utf8"));
  });

  test("the target wgsl says what to install, and others go on", async () => {
    const refused = await bare.margo("train", "small.margo", "--target", "wgsl");
    expect(refused.code, refused.err).toBe(2);
    expect(refused.err).toContain("needs the npm package webgpu, which does not load here");
    expect(refused.err).toContain("npm install webgpu, or use the target tfjs");
    expect(bare.files().filter((file) => file.startsWith("runs"))).toEqual([]);

    const automatic = await bare.margo("train", "small.margo", "--steps", "2");
    expect(automatic.code, automatic.err).toBe(0);
    const { target } = JSON.parse(readFileSync(join(bare.path, "runs/Small/run.json"), "utf8"));
    expect(target).toBe("tfjs");
    expect((await bare.margo("doctor")).out).toContain("the npm package webgpu is not installed");
    // Writing kernels needs no device.
    expect((await bare.margo("build", "net.margo", "--target", "wgsl", "--out", "built")).code).toBe(0);
  });
});

describe("build --target wgsl", () => {
  const args = ["build", "net.margo", "--target", "wgsl", "--out", "built"];

  test("writes a module of plain data, its types, and its kernels with a map to the source", async () => {
    const names = ["Net.js", "Net.d.ts", "Net.wgsl", "Net.wgsl.map"].map((name) => join("built", name));
    expect(await fine(...args)).toBe(`${names.join("\n")}\n`);
    await fine(...args, "--check");
    const text = (name: string) => readFileSync(join(place.path, "built", name), "utf8");
    const js = text("Net.js");
    expect(js).not.toMatch(/^import|eval\(|new Function/m);
    const { module } = (await import(`data:text/javascript,${encodeURIComponent(js)}`)) as {
      module: { info: { target: string }; kernels: readonly { code: string }[] };
    };
    expect(module.info.target).toBe("wgsl");
    expect(text("Net.d.ts")).toContain("export declare const module: GpuModule;");

    const wgsl = text("Net.wgsl");
    for (const { code } of module.kernels) expect(wgsl).toContain(code);
    expect(wgsl).toContain("// net.margo:3:3 x @ W");
    const lines = wgsl.split("\n");
    const map = JSON.parse(text("Net.wgsl.map"));
    expect(lines.at(-2)).toBe("//# sourceMappingURL=Net.wgsl.map");
    const at = lines.findIndex((line) => line.includes("fma("));
    const [column, source = -1, line = -1, sourceColumn] = decode(map.mappings)[at]?.[0] ?? [];
    expect(column).toBe(lines[at]?.search(/\S/));
    expect([map.sources[source], line + 1, sourceColumn]).toEqual(["../net.margo", 3, 2]);
  });

  test("--gpu says what kernels may use, and the files what a device must offer", async () => {
    const first = (path: string, name: string) =>
      readFileSync(join(place.path, path, name), "utf8").split("\n")[0];
    for (const [path, devices] of [
      ["plain", "WebGPU"],
      ["subgroups", "WebGPU devices with subgroups"],
      ["f16", "WebGPU devices with shader-f16"],
    ] as const) {
      await fine("build", "examples/iris/iris.margo", "--target", "wgsl", "--gpu", path, "--out", path);
      expect(first(path, "Iris.js")).toContain(`compiled from Margo for ${devices}. Hand it`);
      expect(first(path, "Iris.wgsl")).toContain(`compiled from Margo for ${devices}. Each`);
    }
    await fine("build", "examples/iris/iris.margo", "--target", "wgsl", "--out", "plain", "--check");
    const { code, err } = await place.margo(
      ...["build", "examples/iris/iris.margo", "--target", "wgsl", "--gpu", "f16", "--out", "plain"],
      "--check",
    );
    expect([code, err]).toEqual([1, expect.stringContaining("plain/Iris.js is stale")]);
  });

  test("--gpu that cannot be built is refused, with why and what to take", async () => {
    for (const [target, path, says] of [
      ["wgsl", "matrix", /shape of the adapter's matrix fragments.* Take f16/],
      ["wgsl", "fast", /Take one of plain, subgroups, f16/],
      [
        "tfjs",
        "f16",
        /--gpu f16 says how the target wgsl computes, but the target is tfjs\n.*add --target wgsl/,
      ],
    ] as const) {
      const { code, out, err } = await place.margo(
        ...["build", "net.margo", "--target", target, "--gpu", path, "--out", "refused"],
      );
      expect([code, out, err]).toEqual([2, "", expect.stringMatching(says)]);
    }
    expect(place.files().filter((file) => file.startsWith("refused"))).toEqual([]);
  });

  test("an artifact of the source before is stale", async () => {
    place.write("stale.margo", "model Net(x: f32[N, 3]) { x * 2 }\n");
    const { code, err } = await place.margo("build", "stale.margo", ...args.slice(2), "--check");
    expect(code).toBe(1);
    expect(err).toContain("built/Net.wgsl is stale");
  });
});

test("ir --stage plan has the buffers of the GPU", async () => {
  const plan = JSON.parse(
    await fine("ir", "net.margo", "--entry", "Net", "--target", "wgsl", "--json", "--dim", "N=64"),
  );
  // x, W and the result, and the least that is taken for its way to the host.
  expect(plan).toMatchObject({ target: "wgsl", parameterBytes: 24, dispatches: 1, dims: { N: 64 } });
  expect(plan.peakBytes).toBe(4 * (64 * 3 + 3 * 2 + 64 * 2) + 16384);
  expect(plan.buffers.map(({ kind }: { kind: string }) => kind).sort()).toEqual([
    "input",
    "value",
    "variable",
  ]);
  const text = await fine("ir", "net.margo", "--entry", "Net", "--target", "wgsl");
  expect(text).toContain("// plan for the GPU with N = 128: 1 dispatches of 1 kernels");
});

describeOnGpu("commands", ({ offer }) => {
  test("run --grad agrees with the reference", async () => {
    const inputs = JSON.stringify({
      inputs: {
        x: [
          [1, 2, 3],
          [0, -1, 1],
        ],
      },
      params: {
        W: [
          [1, 0],
          [0.5, 1],
          [0, -1],
        ],
      },
    });
    const values = async (target: string) => {
      const args = ["run", "net.margo", "Net", "--grad", "--inputs", "-", "--target", target];
      const { out, err } = await place.margoReading(inputs, ...args);
      expect(err.includes("bug in Margo"), err).toBe(false);
      const { value, grads } = JSON.parse(out);
      return [value, grads.x, grads.W].flat(2) as readonly number[];
    };
    const [expected, actual] = [await values("reference"), await values("wgsl")];
    expect(actual.length).toBe(4 + 6 + 6);
    for (const [index, value] of expected.entries()) expect(actual[index]).toBeCloseTo(value, 5);
  });

  test("train gives the losses of tfjs; it is resumed and evaluated", async () => {
    await fine("train", "small.margo", "--target", "tfjs", "--out", "tfjs");
    await fine("train", "small.margo", "--target", "wgsl", "--gpu", "plain", "--out", "wgsl", "--steps", "5");
    expect(lossesOf("wgsl").length).toBe(5);
    await fine("train", "small.margo", "--resume", "wgsl");
    const [straight, resumed] = [lossesOf("tfjs"), lossesOf("wgsl")];
    expect(resumed.length).toBe(8);
    // A few roundings of f32 in each of eight steps.
    for (const [step, loss] of straight.entries()) expect(resumed[step]).toBeCloseTo(loss, 5);
    const { target, gpu, machine } = JSON.parse(readFileSync(join(place.path, "wgsl/run.json"), "utf8"));
    expect([target, gpu, typeof machine.adapter]).toEqual(["wgsl", "plain", "string"]);
    const metrics = JSON.parse(await fine("eval", "wgsl", "--json"));
    expect(metrics).toMatchObject({ entry: "Small", step: 8, on: "training", rows: 8 });
    expect(metrics.loss).toBeGreaterThan(0);
  });

  test("a run keeps the budget that it was started with; the reference has none", async () => {
    const start = ["train", "small.margo", "--target", "wgsl", "--out", "budget", "--steps", "2"];
    await fine(...start, "--budget", "1.5MiB");
    const kept = () => JSON.parse(readFileSync(join(place.path, "budget/run.json"), "utf8")).budget;
    expect(kept()).toBe(1.5 * 2 ** 20);
    await fine("train", "small.margo", "--resume", "budget", "--steps", "4");
    const before = await place.margo("train", "small.margo", "--target", "reference", "--budget", "2MiB");
    expect(before.code).toBe(2);
    expect(before.err).toContain("the target reference holds all classes at once");
    expect(kept()).toBe(1.5 * 2 ** 20);
  });

  test("ir and build take the budget; for the reference it means nothing", async () => {
    await fine("build", "small.margo", "--target", "wgsl", "--out", "with", "--budget", "2MiB");
    expect(readFileSync(join(place.path, "with/Small.js"), "utf8")).toContain('"budgetBytes": 2097152');
    const plan = async (...more: readonly string[]): Promise<number> =>
      JSON.parse(
        await fine(
          ...["ir", "examples/languages/languages.margo", "--target", "wgsl", "--entry", "Languages"],
          ...["--json", "--dim", "N=4096", ...more],
        ),
      ).dispatches;
    expect(await plan("--budget", "1MiB")).toBeGreaterThan(await plan());
    const refused = await place.margo("ir", "net.margo", "--target", "reference", "--budget", "1MiB");
    expect({ code: refused.code, out: refused.out }).toEqual({ code: 2, out: "" });
    expect(refused.err).toContain("the target reference holds all classes at once");
  });

  test("a run that was tuned is tuned when it goes on, on the GPU only", async () => {
    const cache = { MARGO_CACHE: join(place.path, "cache") };
    const said = async (...args: readonly string[]): Promise<string> => {
      const { code, err } = await place.margoWith(cache, "train", "small.margo", ...args);
      expect(code, err).toBe(0);
      return err;
    };
    const start = await said(
      "--target",
      "wgsl",
      "--gpu",
      "plain",
      "--tune",
      "--steps",
      "2",
      "--out",
      "tuned",
    );
    expect(start).toMatch(/tile/);
    expect(await said("--resume", "tuned", "--steps", "4")).toMatch(/tile/);
    expect(await said("--resume", "tuned", "--target", "tfjs")).not.toMatch(/tile/);
    expect(lossesOf("tuned").length).toBe(8);
  });

  test("a path that cannot be taken is refused, with what can", async () => {
    const onTfjs = await place.margo("train", "small.margo", "--target", "tfjs", "--gpu", "f16");
    expect(onTfjs.code).toBe(2);
    expect(onTfjs.err).toContain("--gpu f16 says how the target wgsl computes, but the target is tfjs");
    if (offer.matrices.length > 0) return;
    const matrix = await place.margo("train", "small.margo", "--target", "wgsl", "--gpu", "matrix");
    expect(matrix.code).toBe(2);
    expect(matrix.err).toMatch(/lacks .*subgroup matrices.* for --gpu matrix\n.*it can do plain/);
  });

  test("train on digits gives the losses of tfjs", async () => {
    const digits = ["train", "examples/mnist/lsoftmax.margo", "--entry", "LSoftmax4", "--epochs", "1"];
    const small = ["--limit", "48", "--set", "batch=16", "--seed", "1"];
    for (const target of ["tfjs", "wgsl"])
      await fine(...digits, ...small, "--target", target, "--out", `digits-${target}`);
    const [expected, actual] = [lossesOf("digits-tfjs"), lossesOf("digits-wgsl")];
    expect(actual.length).toBe(3);
    for (const [step, loss] of expected.entries())
      expect(Math.abs((actual[step] ?? NaN) - loss)).toBeLessThan(2e-5 * Math.max(1, Math.abs(loss)));
  });

  test("doctor names the adapter and what it means", async () => {
    const { gpu, auto } = JSON.parse(await fine("doctor", "--json"));
    expect(gpu.kind).toBe("adapter");
    expect(auto).toBe(gpu.adapter.kind === "hardware" ? "wgsl" : "tfjs");
    expect(await fine("doctor")).toContain(gpu.adapter.name);
  });
});

describe("without an adapter", () => {
  const nowhere = { VK_ICD_FILENAMES: "/nowhere", VK_DRIVER_FILES: "/nowhere" };
  const onLinux = process.platform === "linux";

  test.runIf(onLinux)("doctor says so, and auto takes tfjs", async () => {
    const { code, out, err } = await place.margoWith(nowhere, "doctor");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("WebGPU finds no adapter on this machine: install a graphics driver");
    expect(out).toMatch(/--target auto +tfjs/);
  });

  test.runIf(onLinux)("a run that was trained on a GPU is looked at on tfjs, which is said", async () => {
    const small = ["--epochs", "2", "--set", "batch=150", "--seed", "1"];
    await fine("train", "examples/iris/iris.margo", ...small, "--target", "wgsl", "--out", "moved");
    const there = JSON.parse(await fine("eval", "moved", "--json"));
    const { code, out, err } = await place.margoWith(nowhere, "eval", "moved", "--json");
    expect({ code, err }).toEqual({
      code: 0,
      err: "Iris was trained on a GPU, and WebGPU finds no adapter on this machine: tfjs takes its place\n",
    });
    const here = JSON.parse(out);
    expect(here.rows).toBe(150);
    expect(Math.abs(here.loss - there.loss)).toBeLessThan(1e-5 * Math.max(1, there.loss));
    expect((await place.margoWith(nowhere, "eval", "moved", "--target", "wgsl")).code).toBe(2);
    expect((await place.margoWith(nowhere, "embed", "moved")).code).toBe(0);
  });

  test.runIf(onLinux)("train and run say so, with a way out", async () => {
    for (const args of [
      ["train", "examples/iris/iris.margo", "--limit", "60"],
      [
        "run",
        "net.margo",
        "Net",
        "--dim",
        "N=1",
        "--inputs",
        place.write("x.json", '{"inputs":{"x":[[1,2,3]]}}'),
      ],
    ]) {
      const { code, out, err } = await place.margoWith(nowhere, ...args, "--target", "wgsl");
      expect({ code, out }, err).toEqual({ code: 2, out: "" });
      expect(err).toContain("error: WebGPU finds no adapter on this machine");
      expect(err).toContain("use the target tfjs");
      expect(err).not.toContain("bug in Margo");
    }
  });
});

function lossesOf(folder: string): readonly number[] {
  const lines = readFileSync(join(place.path, folder, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n");
  return lines.flatMap((line) => {
    const { kind, loss } = JSON.parse(line);
    return kind === "step" ? [loss as number] : [];
  });
}

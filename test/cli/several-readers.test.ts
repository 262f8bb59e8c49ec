/** Runs whose rows lie in several places, photos in a folder and their captions in an archive: as if all lay in one. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { bytesInMemory } from "../../src/data/byte-source.ts";
import { npzEntries, readNpz } from "../../src/data/npy.ts";
import { loaded } from "../../src/data/stored-array.ts";
import { openRun } from "../../src/node.ts";
import { temporaryPlace } from "../support/cli.ts";
import { whole } from "../support/datasets.ts";
import { photoNames, writePhotos } from "../support/photos.ts";

const place = temporaryPlace();

const beside = '[images("photos", size: [2, 2], classes: 2), npz("captions.npz", x: "tokens", y: "weight")]';
const archive = 'npz("whole.npz", x: ["pixels", "tokens"], y: ["class", "weight"], classes: 2)';

const program = (data: string, more = ""): string => `import { dense, flatten } from "std/layers"
import { sgd } from "std/optimizers"

model Picture(image: f32[N, 2, 2, 3]) -> f32[N, 3] = image |> flatten() |> dense(3)
model Caption(words: f32[N, 4]) -> f32[N, 3] = words |> dense(3)

/// Photos near their captions and in their class; \`weight\` says how much a row counts.
loss together(x: f32[N, D], z: f32[N, D], y: index<C>[N], weight: f32[N]) {
  param W: f32[C, D] ~ 0.1 * random_normal()
  predict = x @ transpose(W)
  mean(weight * (logsumexp(x @ transpose(W), over: C) - pick(x @ transpose(W), y)) + sum((x - z) ^ 2, over: D))
}

train Pairs {
  model = [Picture, Caption]
  loss = together
  data = ${data}
  optimizer = sgd(rate: 0.1)
  batch = 4
  epochs = 2
${more}}
`;

async function trained(file: string, folder: string, ...args: readonly string[]): Promise<string> {
  const { code, err } = await place.margo("train", file, "--out", folder, ...args);
  expect(code, err).toBe(0);
  return err;
}

const bytesOf = (folder: string, name = "checkpoint.safetensors") =>
  readFileSync(join(place.path, folder, name));

beforeAll(async () => {
  await writePhotos(place.path);
  place.write("beside.margo", program(beside, `  validation = ${beside}\n  verification = ${beside}\n`));
  place.write("archive.margo", program(archive, `  validation = ${archive}\n  verification = ${archive}\n`));
  await trained("beside.margo", "beside", "--target", "reference");
});

describe("a run", () => {
  test.each([
    ["reference", []],
    ["tfjs", []],
    ["reference", ["--limit", "4"]],
  ] as const)("is that of the same rows in one archive, on %s %j", async (target, more) => {
    for (const name of ["beside", "archive"])
      await trained(`${name}.margo`, `${name}-again`, "--target", target, ...more);
    expect(bytesOf("beside-again").equals(bytesOf("archive-again"))).toBe(true);
    const [one, other] = ["beside-again", "archive-again"].map(
      (folder) => JSON.parse(String(bytesOf(folder, "evaluation.json"))) as object,
    );
    const { labelNames, ...found } = one as { readonly labelNames: unknown };
    expect(labelNames).toEqual([["cats", "dogs"], null]);
    expect(JSON.parse(JSON.stringify(found, withoutNames))).toEqual(
      JSON.parse(JSON.stringify({ ...other, labelNames: undefined }, withoutNames)),
    );
  });

  test("takes a list from the command line, and says so where it is none", async () => {
    await trained(
      "beside.margo",
      "set",
      "--target",
      "reference",
      "--set",
      `validation=${beside}`,
      "--epochs",
      "1",
    );
    const numbered = await place.margo("eval", "set", "--set", `validation=${archive}`);
    expect([numbered.code, numbered.err]).toEqual([1, expect.stringContaining('M0755]: "0" is a class of')]);
    const refused = await place.margo("train", "beside.margo", "--set", "data=[]", "--out", "refused");
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringMatching(/error\[M0503\]: `data` is a list of data readers, such as idx\(…\), not empty/),
    ]);
  });

  test("of readers that have not as many rows is refused where they are written", async () => {
    place.write("short.margo", program(beside.replace("classes: 2", "classes: 1")));
    const { code, err } = await place.margo("train", "short.margo", "--limit", "2", "--out", "short");
    expect([code, err]).toEqual([
      1,
      expect.stringContaining("error[M0762]: photos has 3 rows and captions.npz/tokens has 6"),
    ]);
    expect(err).toContain("data = [images(");
    expect(err).toContain("the n-th row of one belongs to the n-th of the other");
    expect(place.files().some((name) => name.startsWith("short/"))).toBe(false);
  });
});

/** Photos have names of classes, which the archive has not. */
function withoutNames(key: string, value: unknown): unknown {
  return key === "classNames" ? undefined : value;
}

describe("its rows", () => {
  test("are embedded with their names and all their labels", async () => {
    const { code, err } = await place.margo("embed", "beside", "--out", "f.npz");
    expect([code, err]).toEqual([
      0,
      "validation: Picture 6 × 3, Caption 6 × 3, labels, classes, labels_2, names\n",
    ]);
    const bytes = bytesInMemory({ name: "f.npz", bytes: bytesOf("", "f.npz") });
    expect([...whole(npzEntries(bytes)).keys()]).toContain("names");
    const [classes, weights] = ["labels", "labels_2"].map((name) => [
      ...loaded(whole(readNpz(bytes, name))).data,
    ]);
    expect([classes, weights]).toEqual([
      [0, 0, 0, 1, 1, 1],
      [1, 2, 3, 1, 2, 3],
    ]);
  });

  test("come from lists of sources or from memory, each scaled as its reader does", async () => {
    const run = whole(await openRun(join(place.path, "beside")));
    const { features, rowNames } = whole(await run.embedData("data", "Picture"));
    expect(rowNames).toEqual(photoNames.map((name) => `photos/${name}`));
    expect(Array.isArray(run.training.data)).toBe(true);
    expect(whole(await run.embedData(run.training.data, "Picture")).features).toEqual(features);
    const inFile = bytesInMemory({ name: "whole.npz", bytes: bytesOf("", "whole.npz") });
    const [pixels, tokens] = ["pixels", "tokens"].map((name) => loaded(whole(readNpz(inFile, name))).data);
    const shares = Uint8Array.from(pixels ?? [], (share) => Math.round(share * 255));
    expect(whole(await run.embed(shares, "Picture"))).toEqual(features);
    expect(whole(await run.embed(Float32Array.from(tokens ?? []), "Caption"))).toEqual(
      whole(await run.embedData("data", "Caption")).features,
    );
    const words = Array.from({ length: 6 }, (_, row) => [...(tokens?.slice(4 * row, 4 * row + 4) ?? [])]);
    const scores = whole(await run.predict({ image: shares, words }));
    expect(scores.shape).toEqual([6, 2]);
    await expect(run.embedData([] as unknown as "data")).rejects.toThrow(/a list of sources, not \[\]/);
    run.dispose();
  });
});

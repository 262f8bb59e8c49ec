/** Which tensors of a file a program takes: by name and shape, and of a file of several models those of one. */
import { describe, expect, it } from "vitest";
import { encodeCheckpoint, runStart, weightsFor } from "../../runtime/checkpoint.ts";
import type { HostTensor, NamedTensors, ProgramInfo } from "../../runtime/program.ts";
import { writeSafetensors } from "../../runtime/safetensors.ts";
import { whole } from "../support/datasets.ts";
import { isFault } from "../../runtime/errors.ts";

const tensor = (value: number, size = 2): HostTensor => ({
  dtype: "f32",
  shape: [size],
  data: new Float32Array(size).fill(value),
});

function programOf(...names: readonly string[]): ProgramInfo {
  const variables = names.map((name) => ({
    name,
    kind: "parameter" as const,
    dtype: "f32" as const,
    shape: [2],
  }));
  return { version: "1", name: "P", target: "reference", variables, functions: [] };
}

/** Two towers of the same shapes, and what an optimizer keeps of them. */
const pair = checkpointOf(["Image", "Text"], {
  "Image.dense.W": tensor(1),
  "Image.block.dense.W": tensor(2),
  "Text.dense.W": tensor(3),
  "Text.block.dense.W": tensor(4),
  "near.scale": tensor(5),
  "sgd.v.Image.dense.W": tensor(6),
});

function checkpointOf(models: readonly string[], variables: NamedTensors): Uint8Array {
  return encodeCheckpoint({
    program: "P",
    target: "reference",
    models,
    seed: 1,
    progress: runStart,
    variables,
  });
}

/** The first number of each that is taken, and what is begun anew. */
function taken(program: ProgramInfo, bytes: Uint8Array, model?: string) {
  const weights = whole(weightsFor(program, bytes, "pair", model));
  const numbers = Object.entries(weights.taken).map(([name, { data }]) => [name, Number(data[0])]);
  return { ...Object.fromEntries(numbers), anew: weights.fresh.map(({ name }) => name) };
}

function refusal(program: ProgramInfo, bytes: Uint8Array, model?: string): string {
  const found = weightsFor(program, bytes, "pair", model);
  return isFault(found) ? `${found.code} ${found.message} / ${found.help}` : "none";
}

describe("weights of one model of several", () => {
  const single = programOf("dense.W", "block.dense.W", "loss.W");

  it("are found under the names that they have where it is the only one", () => {
    expect(taken(single, pair, "Text")).toEqual({ "dense.W": 3, "block.dense.W": 4, anew: ["loss.W"] });
    expect(taken(single, pair, "Image")).toEqual({ "dense.W": 1, "block.dense.W": 2, anew: ["loss.W"] });
  });

  it("are those of the model of that name, where there are several again", () => {
    const again = programOf("Sound.dense.W", "Text.dense.W", "near.scale");
    expect(taken(again, pair, "Text")).toEqual({ "Text.dense.W": 3, anew: ["Sound.dense.W", "near.scale"] });
  });

  it("may be asked of any file, by the words that its names begin with", () => {
    const foreign = writeSafetensors({
      tensors: { "backbone.W": tensor(7), "head.W": tensor(8), b: tensor(9) },
      metadata: {},
    });
    expect(taken(programOf("W"), foreign, "head")).toEqual({ W: 8, anew: [] });
    expect(refusal(programOf("W"), foreign, "tail")).toBe(
      "M0628 pair has no model tail / it has backbone and head",
    );
  });

  it("of a model that is not there are refused with those that are", () => {
    expect(refusal(single, pair, "near")).toBe("M0628 pair has no model near / it has Image and Text");
    const one = checkpointOf([], { "dense.W": tensor(1) });
    expect(refusal(single, one, "dense")).toBe(
      "M0628 pair has no model dense / it has only one, which needs no name",
    );
  });
});

describe("weights that several names would do for", () => {
  it("are not taken, and told", () => {
    const { taken: found, fresh } = whole(weightsFor(programOf("dense.W", "scale"), pair));
    expect(Object.keys(found)).toEqual(["scale"]);
    expect(fresh).toEqual([
      {
        name: "dense.W",
        type: "f32[2]",
        alike: ["Image.block.dense.W", "Image.dense.W", "Text.block.dense.W", "Text.dense.W"],
      },
    ]);
  });

  it("are refused where nothing else is left, with a way to say which", () => {
    expect(refusal(programOf("block.dense.W"), pair)).toBe(
      "M0629 nothing says which of these weights are meant: block.dense.W may be Image.block.dense.W or Text.block.dense.W / name the model whose weights they are: --from-model Image or Text",
    );
    const parts = { "head.a.W": tensor(1), "head.b.W": tensor(2), "tail.W": tensor(3) };
    expect(refusal(programOf("W"), writeSafetensors({ tensors: parts, metadata: {} }), "head")).toContain(
      "W may be a.W or b.W / give weights in which only one name ends like that",
    );
  });
});

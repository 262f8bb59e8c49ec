/** The table from what an adapter offers to how kernels are emitted: what is taken unasked, and what is refused. */
import { expect, test } from "vitest";
import {
  type BuiltPath,
  type Capabilities,
  type GpuPath,
  builtCapabilities,
  builtPathOf,
  builtPaths,
  choosePath,
  gpuPaths,
  pathRules,
  whyNotBuilt,
} from "../../../../compiler/codegen/wgsl/capabilities.ts";
import type { GpuOffer, MatrixShape } from "../../../../runtime/webgpu/schedule.ts";

const shape = (operand: string, result: string, size: number): MatrixShape => ({
  operand,
  result,
  rows: size,
  columns: size,
  depth: size,
});
const nothing: GpuOffer = {
  kind: "software",
  features: [],
  subgroups: undefined,
  matrices: [],
  matrixSpelling: undefined,
  workgroupBytes: 16384,
  storageBuffers: 8,
};
const everything: GpuOffer = {
  kind: "hardware",
  features: ["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"],
  subgroups: { smallest: 32, largest: 32 },
  matrices: [
    shape("u8", "u32", 32),
    shape("f16", "f16", 16),
    shape("f16", "f32", 8),
    shape("f16", "f32", 16),
  ],
  matrixSpelling: "flag",
  workgroupBytes: 49152,
  storageBuffers: 8,
};

/** What is taken, in a line: style, and the abilities that are on. */
function taken(offer: GpuOffer, asked?: GpuPath): string {
  const choice = choosePath(offer, asked);
  if (choice.kind === "lacking") return `lacks ${choice.lacks.join(" and ")}`;
  return abilities(choice.capabilities);
}

function abilities({ style, subgroups, half, matrix }: Capabilities): string {
  const size = matrix === undefined ? [] : [`matrix ${matrix.shape.rows} ${matrix.spelling}`];
  return [style, ...(subgroups ? ["subgroups"] : []), ...(half ? ["half"] : []), ...size].join(", ");
}

test.each<[string, GpuOffer, GpuPath | undefined, string]>([
  ["a software adapter", nothing, undefined, "invocation"],
  ["a software adapter with all there is", { ...everything, kind: "software" }, undefined, "invocation"],
  ["a card without subgroups", { ...nothing, kind: "hardware" }, undefined, "workgroup"],
  ["a card with all there is", everything, undefined, "workgroup, subgroups"],
  ["plain on a card", everything, "plain", "workgroup"],
  ["f16 on a card", everything, "f16", "workgroup, subgroups, half"],
  ["f16 without subgroups", { ...everything, subgroups: undefined }, "f16", "workgroup, half"],
  [
    "the largest matrix of f16 with sums in f32",
    everything,
    "matrix",
    "workgroup, subgroups, half, matrix 16 flag",
  ],
  ["subgroups in software", { ...everything, kind: "software" }, "subgroups", "workgroup, subgroups"],
  ["f16 in software", { ...everything, kind: "software" }, "f16", "invocation, half"],
  ["subgroups that are not there", nothing, "subgroups", "lacks subgroups that kernels can number"],
  ["f16 that is not there", nothing, "f16", "lacks shader-f16"],
  [
    "matrices without a spelling",
    { ...everything, matrixSpelling: undefined },
    "matrix",
    "lacks subgroup matrices of f16 with sums in f32",
  ],
  [
    "matrices for subgroups of more than one size",
    { ...everything, subgroups: { smallest: 8, largest: 32 } },
    "matrix",
    "lacks subgroup matrices of f16 with sums in f32",
  ],
  [
    "matrices with the least memory",
    { ...everything, workgroupBytes: 16384 },
    "matrix",
    "lacks 32768 bytes of workgroup memory",
  ],
  [
    "matrices of f16 sums alone",
    { ...everything, matrices: [shape("f16", "f16", 16)] },
    "matrix",
    "lacks subgroup matrices of f16 with sums in f32",
  ],
])("%s", (_, offer, asked, expected) => {
  expect(taken(offer, asked)).toBe(expected);
});

test("kernels bind what the device binds, within what was tried", () => {
  const buffers = [8, 12, 500].map((storageBuffers) => {
    const choice = choosePath({ ...everything, storageBuffers }, undefined);
    return choice.kind === "chosen" ? choice.capabilities.buffers : undefined;
  });
  expect(buffers).toEqual([8, 12, 16]);
  expect(builtCapabilities("f16", "hardware").buffers).toBe(8);
});

test("every path has its rule, and numbers stay f32 unless f16 is asked for", () => {
  expect(Object.keys(pathRules)).toEqual([...gpuPaths]);
  for (const offer of [nothing, everything]) {
    const choice = choosePath(offer, undefined);
    expect(choice.kind === "chosen" && choice.capabilities.half).toBe(false);
  }
});

test.each<[BuiltPath, GpuOffer["kind"], string]>([
  ["plain", "hardware", "workgroup"],
  ["plain", "software", "invocation"],
  ["subgroups", "hardware", "workgroup, subgroups"],
  ["subgroups", "software", "workgroup, subgroups"],
  ["f16", "hardware", "workgroup, half"],
  ["f16", "software", "invocation, half"],
])("a build for %s and %s asks for nothing but the path", (path, kind, expected) => {
  expect(abilities(builtCapabilities(path, kind))).toBe(expected);
});

test("all but matrices can be built, and it is said why", () => {
  expect(gpuPaths.filter((path) => builtPathOf(path) === undefined)).toEqual(["matrix"]);
  expect(whyNotBuilt("matrix")).toContain("the adapter's matrix fragments");
  for (const name of ["matrix", "fast"]) expect(whyNotBuilt(name)).toContain(builtPaths.join(", "));
});

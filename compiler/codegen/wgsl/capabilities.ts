/**
 * What kernels may use on a device: the one table from what an adapter offers to how a module is emitted. A path is a
 * set of abilities under a name that users and tests can force; each builds on the ones before it. Without a word from
 * the user the numbers stay those of f32: subgroups only change the order of sums, f16 and matrices round operands.
 */
import {
  type GpuOffer,
  type MatrixShape,
  type MatrixSpelling,
  lackingFeatures,
} from "../../../runtime/webgpu/schedule.ts";
import { leastStorageBuffers } from "../../passes/fuse.ts";
import type { KernelStyle } from "./sink.ts";

/** From the plainest to the most demanding. */
export const gpuPaths = ["plain", "subgroups", "f16", "matrix"] as const;

export type GpuPath = (typeof gpuPaths)[number];

/** What the writers of kernels may use. */
export interface Capabilities {
  readonly style: KernelStyle;
  /** Lanes of a reduction meet in subgroups of a size that is known when the kernel runs. */
  readonly subgroups: boolean;
  /** Values that the pass `narrow` rounded are stored as f16. */
  readonly half: boolean;
  readonly matrix: MatrixUse | undefined;
  /** Storage buffers that a kernel may bind. */
  readonly buffers: number;
}

/** Fragments of `shape`, held by subgroups of so many invocations. */
export interface MatrixUse {
  readonly shape: MatrixShape;
  readonly spelling: MatrixSpelling;
  readonly subgroup: number;
}

/** Every value in f32, each invocation through workgroup memory or alone; `buffers` are those that a device binds. */
export function plainCapabilities(style: KernelStyle, buffers = leastStorageBuffers): Capabilities {
  return {
    style,
    subgroups: false,
    half: false,
    matrix: undefined,
    buffers: Math.min(buffers, mostStorageBuffers),
  };
}

/** Kernels with more were never tried. */
const mostStorageBuffers = 16;

interface PathRule {
  /** For people. */
  readonly doc: string;
  /** What the path asks for and the offer lacks. */
  readonly lacks: (offer: GpuOffer) => readonly string[];
  readonly capabilities: (offer: GpuOffer) => Capabilities;
}

/** Total by its type: one rule a path. */
export const pathRules: { readonly [P in GpuPath]: PathRule } = {
  plain: {
    doc: "f32, nothing that an adapter could lack",
    lacks: () => [],
    capabilities: ({ kind, storageBuffers }) =>
      plainCapabilities(kind === "hardware" ? "workgroup" : "invocation", storageBuffers),
  },
  subgroups: {
    doc: "f32, reductions through subgroups",
    lacks: lacksSubgroups,
    capabilities: ({ storageBuffers }) => ({
      ...plainCapabilities("workgroup", storageBuffers),
      subgroups: true,
    }),
  },
  f16: {
    doc: "operands of products stored as f16, sums in f32",
    lacks: lacksHalf,
    capabilities: (offer) => ({ ...automaticCapabilities(offer), half: true }),
  },
  matrix: {
    doc: "as f16, products on subgroup matrices (tensor cores)",
    lacks: (offer) => [
      ...lacksSubgroups(offer),
      ...lacksHalf(offer),
      ...(matrixUseOf(offer) === undefined ? ["subgroup matrices of f16 with sums in f32"] : []),
      ...(offer.workgroupBytes < matrixBytes ? [`${matrixBytes} bytes of workgroup memory`] : []),
    ],
    capabilities: (offer) => ({
      ...plainCapabilities("workgroup", offer.storageBuffers),
      subgroups: true,
      half: true,
      matrix: matrixUseOf(offer),
    }),
  },
};

export type PathChoice =
  | { readonly kind: "chosen"; readonly capabilities: Capabilities }
  | { readonly kind: "lacking"; readonly path: GpuPath; readonly lacks: readonly string[] };

/** The path that was asked for; without one the fastest that leaves the numbers in f32. */
export function choosePath(offer: GpuOffer, asked: GpuPath | undefined): PathChoice {
  if (asked === undefined) return { kind: "chosen", capabilities: automaticCapabilities(offer) };
  const lacks = pathRules[asked].lacks(offer);
  return lacks.length === 0
    ? { kind: "chosen", capabilities: pathRules[asked].capabilities(offer) }
    : { kind: "lacking", path: asked, lacks };
}

/** Paths that are compiled for devices that nobody has seen. */
export const builtPaths = ["plain", "subgroups", "f16"] as const satisfies readonly GpuPath[];

/** What kernels for a GPU may use where no adapter is at hand while they are compiled; `plain` runs on every one. */
export type BuiltPath = (typeof builtPaths)[number];

/** What the path means on an adapter that offers all that it asks for, and nothing else. */
export function builtCapabilities(path: BuiltPath, kind: GpuOffer["kind"]): Capabilities {
  return pathRules[path].capabilities({ ...leastOffers[path], ...unknownOffer, kind });
}

/** The path of that name, where it can be built. */
export function builtPathOf(name: string): BuiltPath | undefined {
  return builtPaths.find((path) => path === name);
}

/** Why a path cannot be built, and what can: a sentence after the name of the path. */
export function whyNotBuilt(name: string): string {
  return name === "matrix"
    ? `Its kernels have the shape of the adapter's matrix fragments, which margo train asks for and a build cannot. Take f16, which rounds the same operands; there are ${builtPaths.join(", ")}.`
    : `Take one of ${builtPaths.join(", ")}.`;
}

const leastOffers: { readonly [P in BuiltPath]: Pick<GpuOffer, "features" | "subgroups"> } = {
  plain: { features: [], subgroups: undefined },
  subgroups: { features: ["subgroups"], subgroups: { smallest: 4, largest: 128 } },
  f16: { features: ["shader-f16"], subgroups: undefined },
};

/** Of matrices nothing is known, of workgroup memory and bindings what WebGPU promises. */
const unknownOffer = {
  matrices: [],
  matrixSpelling: undefined,
  workgroupBytes: 16384,
  storageBuffers: leastStorageBuffers,
} as const;

/** Two staged slabs and a strip of the finished tile, with room; more than WebGPU promises. */
const matrixBytes = 32768;

/** The fastest that leaves the numbers in f32. */
export function automaticCapabilities(offer: GpuOffer): Capabilities {
  const path = offer.kind === "hardware" && lacksSubgroups(offer).length === 0 ? "subgroups" : "plain";
  return pathRules[path].capabilities(offer);
}

function lacksSubgroups(offer: GpuOffer): readonly string[] {
  return lackingFeatures(["subgroups"], offer);
}

function lacksHalf(offer: GpuOffer): readonly string[] {
  return lackingFeatures(["shader-f16"], offer);
}

/** Workgroups are a whole number of subgroups, so only a size that is the same for every kernel will do. */
function matrixUseOf({ matrices, matrixSpelling, subgroups }: GpuOffer): MatrixUse | undefined {
  const [shape] = matrices
    .filter(({ operand, result }) => operand === "f16" && result === "f32")
    .sort((a, b) => b.rows * b.columns * b.depth - a.rows * a.columns * a.depth);
  if (shape === undefined || matrixSpelling === undefined) return undefined;
  if (subgroups === undefined || subgroups.smallest !== subgroups.largest) return undefined;
  return { shape, spelling: matrixSpelling, subgroup: subgroups.largest };
}

/**
 * What the compiler emits for WebGPU, as plain data: kernels as WGSL text, and for each function its buffers and
 * the list of dispatches that run. Sizes are numbers or expressions of the free names; free names become
 * `override` constants when a pipeline is made, so that one artifact serves every batch size. Nothing here
 * knows a device.
 */
import type { DType, ProgramInfo } from "../program.ts";

/** A number, or canonical text such as `2*N + 1`; see sizes.ts. */
export type Size = number | string;

/** A compiled program for WebGPU, all of it data. It is handed on, not read; its insides change with the compiler. */
export interface GpuModule {
  readonly info: ProgramInfo;
  /** Bytes that a streamed region may hold, where somebody asked for a number; else the device decides. */
  readonly budgetBytes?: number;
  /** WebGPU features that its kernels enable: a device that lacks one does not run the module. */
  readonly features: readonly string[];
  readonly kernels: readonly GpuKernel[];
  /** The program's functions, and `initialize`. */
  readonly functions: Readonly<Record<string, GpuFunction>>;
}

export type Access = "read" | "write" | "update";

/** One compute shader; its entry point is `main`. */
export interface GpuKernel {
  readonly name: string;
  /** The place, and where it is at hand the line, of the source that it ends in. */
  readonly from?: string;
  readonly code: string;
  /** Of the storage buffers of group 0, in binding order. */
  readonly access: readonly Access[];
  /** Which of them are bound from the shard of the chunk at hand on: element 0 is of the shard's first class. */
  readonly sliced: readonly boolean[];
  /** Override constants: the constant's name and the free size that it holds. */
  readonly overrides: readonly { readonly name: string; readonly size: string }[];
  /** Whether group 1 holds the chunk's first class, its size, and the row of sliced buffers where it begins. */
  readonly chunked: boolean;
  /** Bytes of workgroup memory, and invocations of a workgroup. */
  readonly workgroupBytes: number;
  readonly invocations: number;
}

export interface GpuFunction {
  readonly buffers: readonly GpuBuffer[];
  readonly steps: readonly GpuStep[];
  readonly regions: readonly GpuRegion[];
  /**
   * Every output. `next:NAME` is copied into the variable NAME when all steps have run, unless its buffer is the
   * variable's own.
   */
  readonly outputs: readonly GpuOutput[];
}

export interface GpuOutput {
  readonly name: string;
  readonly buffer: number;
  readonly dtype: DType;
  readonly shape: readonly Size[];
}

/** Booleans take four bytes, as everything that is not `f16`. */
export type GpuBuffer =
  | {
      readonly kind: "input" | "variable";
      readonly name: string;
      readonly dtype: DType;
      readonly elements: Size;
    }
  | {
      readonly kind: "constant";
      readonly dtype: DType;
      readonly values: readonly number[];
      readonly elements: Size;
    }
  | { readonly kind: "value"; readonly dtype: StoredType; readonly elements: Size }
  /** One slot a kept chunk of the region. */
  | { readonly kind: "kept"; readonly region: number; readonly dtype: StoredType; readonly elements: Size };

/** How elements lie in a buffer: what was rounded to half precision takes two bytes. */
export type StoredType = DType | "f16";

export interface GpuDispatch {
  readonly kind: "dispatch";
  readonly kernel: number;
  /** In binding order. */
  readonly buffers: readonly number[];
  readonly groups: Size;
  /** Whether it runs for every chunk, or only for those whose values are kept or are not. */
  readonly when: "always" | "kept" | "recomputed";
}

export type GpuStep =
  GpuDispatch | { readonly kind: "chunks"; readonly region: number; readonly steps: readonly GpuDispatch[] };

/**
 * An axis that is walked in chunks: the classes of a streamed region, or the rows of a variable that may lie in
 * several buffers. `chunk` is the free name that stands for a chunk's size.
 */
export interface GpuRegion {
  readonly chunk: string;
  readonly classes: Size;
  /** Bytes that grow with each class of a chunk, one expression for each moment that could be the worst. */
  readonly bytesPerClass: readonly Size[];
  readonly keptBytesPerClass: Size;
  /** Shares of the budget: for a chunk's body, and for what is kept between passes. */
  readonly bodyShare: number;
  readonly keptShare: number;
}

/** What a device can do beyond plain kernels: the runtime finds it out, the compiler chooses by it. */
export interface GpuOffer {
  readonly kind: "hardware" | "software";
  /** WebGPU features that the device was opened with. */
  readonly features: readonly string[];
  /** Sizes of subgroups, where kernels may use and number them. */
  readonly subgroups: { readonly smallest: number; readonly largest: number } | undefined;
  readonly matrices: readonly MatrixShape[];
  /** How this device spells loads and stores of subgroup matrices; undefined where it has none. */
  readonly matrixSpelling: MatrixSpelling | undefined;
  /** Bytes of memory that a workgroup may share. */
  readonly workgroupBytes: number;
  /** Storage buffers that a kernel may bind. */
  readonly storageBuffers: number;
}

/** Which of the features a device does not offer, in words: what may not be enabled there. */
export function lackingFeatures(
  features: readonly string[],
  offer: Pick<GpuOffer, "features" | "subgroups">,
): readonly string[] {
  return features.flatMap((feature) => {
    if (feature === "subgroups") return offer.subgroups === undefined ? [numberedSubgroups] : [];
    return offer.features.includes(feature) ? [] : [feature];
  });
}

/** The feature `subgroups` alone does not say which lanes of a workgroup make one. */
const numberedSubgroups = "subgroups that kernels can number";

/** A product of fragments: rows × depth times depth × columns. */
export interface MatrixShape {
  readonly operand: string;
  readonly result: string;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** `flag`: whether columns come first is a last argument; `layout`: it stands between the brackets. */
export type MatrixSpelling = "flag" | "layout";

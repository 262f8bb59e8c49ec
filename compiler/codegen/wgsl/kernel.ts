/**
 * Kernels as a small language of their own: statements are a union, expressions are WGSL text with a type.
 * A kernel is one workgroup's work; which workgroup it is (`group`) and which invocation (`lane`) are names
 * that every body may use. The printer turns it into WGSL; nothing here knows about tensors.
 */
import type { Span } from "../../errors/span.ts";
import type { Access } from "../../../runtime/webgpu/schedule.ts";

export type ScalarType = "f32" | "i32" | "u32" | "bool";

/** What buffers and workgroup memory hold. */
export type MemoryType = Exclude<ScalarType, "bool"> | "f16";

/** A scalar expression. */
export interface Value {
  readonly text: string;
  readonly type: ScalarType;
}

/** Four numbers as a text of vec4<element>. */
export interface Quad {
  readonly text: string;
  readonly element: "f32" | "f16";
}

/** What a kernel does, and the place of the source that it was written for. */
export type Statement = Action & { readonly span?: Span };

export type Action =
  | { readonly kind: "comment"; readonly text: string }
  | {
      readonly kind: "let";
      readonly name: string;
      readonly value: string;
      /** Of a scalar. */
      readonly type?: ScalarType;
    }
  | {
      readonly kind: "variable";
      readonly name: string;
      readonly type: ScalarType | "vec4f" | `array<u32, ${number}>`;
      readonly value: string;
    }
  /** A part of a matrix that a subgroup holds together; 0 at first. */
  | { readonly kind: "fragment"; readonly name: string; readonly type: string }
  | { readonly kind: "call"; readonly text: string }
  | { readonly kind: "assign"; readonly target: string; readonly value: string }
  /** For `name` from `from` in steps of `step` while it is below `below`; all u32. */
  | {
      readonly kind: "loop";
      readonly name: string;
      readonly from: string;
      readonly below: string;
      readonly step: string;
      readonly body: readonly Statement[];
    }
  | { readonly kind: "if"; readonly condition: string; readonly body: readonly Statement[] }
  | { readonly kind: "store"; readonly buffer: string; readonly index: string; readonly value: string }
  | { readonly kind: "storeShared"; readonly array: string; readonly index: string; readonly value: string }
  /** Every invocation of the workgroup waits here; only in uniform control flow. */
  | { readonly kind: "barrier" }
  /** Leaves the kernel; the condition must be uniform where barriers follow. */
  | { readonly kind: "leave"; readonly condition: string };

/** A function that is written for one kernel, for what its body does at many places. */
export interface KernelFunction {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
  /** What it returns, if anything. */
  readonly result: Value | undefined;
}

/** What a routine gives it leaves in variables of the kernel. */
export interface Parameter {
  readonly name: string;
  readonly type: ScalarType | `ptr<function, ${ScalarType}>`;
}

/** A storage buffer of the kernel. */
export interface Binding {
  readonly name: string;
  readonly access: Access;
  /** Bound from the shard of the chunk at hand on; see shards.ts. */
  readonly sliced: boolean;
  readonly element: MemoryType;
  /** Whether elements come in fours. */
  readonly isWide: boolean;
}

/** An array in workgroup memory. */
export interface SharedArray {
  readonly name: string;
  readonly element: MemoryType | "vec4f";
  readonly length: number;
}

/** A feature of WebGPU that a kernel enables. */
export type KernelFeature = "shader-f16" | "subgroups" | "chromium-experimental-subgroup-matrix";

export interface Kernel {
  readonly name: string;
  /** Lines for people, above everything else; they do not count when kernels are compared. */
  readonly comments: readonly string[];
  readonly bindings: readonly Binding[];
  readonly overrides: readonly string[];
  readonly chunked: boolean;
  readonly shared: readonly SharedArray[];
  /** Functions of the library that the body calls. */
  readonly helpers: readonly string[];
  readonly functions: readonly KernelFunction[];
  readonly workgroupSize: number;
  readonly features: readonly KernelFeature[];
  readonly body: readonly Statement[];
}

export const bytesOfShared = (shared: readonly SharedArray[]): number =>
  shared.reduce((total, { element, length }) => total + bytesOfElement[element] * length, 0);

const bytesOfElement = { f32: 4, i32: 4, u32: 4, f16: 2, vec4f: 16 } as const satisfies Readonly<
  Record<SharedArray["element"], number>
>;

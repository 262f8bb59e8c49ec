/**
 * Where the writers of kernels leave their work: a sink takes kernels in the order they run and knows the
 * buffers of the function. The writers in reductions.ts, contractions.ts and the rest see nothing else.
 */
import { type Dim, addDims, constantDim, productOfDims, quotientDims } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import type { DType } from "../../ir/type.ts";
import type { Capabilities } from "./capabilities.ts";
import type { Value } from "./kernel.ts";
import type { Place } from "./place.ts";
import type { TileChoice } from "./tile-table.ts";
import type { Context } from "./scope.ts";

/**
 * How the invocations of a kernel share their work. `workgroup`: through workgroup memory, with barriers, as a GPU
 * wants it. `invocation`: each alone, without a barrier: on a software adapter a barrier costs more than it saves,
 * to compile above all.
 */
export type KernelStyle = "workgroup" | "invocation";

export interface Sink {
  readonly style: KernelStyle;
  readonly capabilities: Capabilities;
  /** Adds one dispatch. `write` writes the kernel's body and says how many workgroups run. */
  readonly kernel: (description: KernelDescription, write: (context: Context) => Dim) => void;
  /** A buffer for what one kernel hands to the next. */
  readonly temporary: (dtype: DType, elements: Dim) => number;
  /** See `Scope`. */
  readonly ranges: Map<Node, number>;
  /** The buffer that takes the value of a node which others read. */
  readonly target: (node: Node) => number;
  /** Hands over a finished value of such a node at a place: it is stored, or taken up where results add up. */
  readonly put: (context: Context, node: Node, place: Place, value: Value) => void;
  /** A measured tile for the bucket of a product's sizes. */
  readonly tileOf: TileChoice;
  /** A size for choosing between kernels; it never decides what is right, only what is fast. */
  readonly guess: (dim: Dim) => number;
}

export interface KernelDescription {
  readonly name: string;
  /** Nodes that the kernel works out itself. */
  readonly nodes: readonly Node[];
  readonly workgroupSize: number;
}

/** How many workgroups cover `count` elements. */
export function groupsFor(count: Dim, perGroup: number): Dim {
  return quotientDims(addDims(count, constantDim(perGroup - 1)), constantDim(perGroup));
}

export function countOf(shape: readonly Dim[]): Dim {
  return productOfDims(shape);
}

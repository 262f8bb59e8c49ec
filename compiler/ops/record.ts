/**
 * One record an operation: what it means (doc), what it computes (float64 reference) and how it
 * differentiates. Type rules are in types.ts, since the node builder needs them before there are records.
 */
import type { Bindings } from "../ir/dim.ts";
import type { GraphBuilder, Node } from "../ir/node.ts";
import type { DType } from "../ir/type.ts";
import type { AttrsOf, CompositeName, OpName, PrimitiveName } from "./attrs.ts";

/** A value of the reference evaluator, row-major. Integers and booleans (0 or 1) are kept as float64 too. */
export interface Reference {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export interface PrimitiveRecord<K extends PrimitiveName> {
  readonly doc: string;
  /** Leaves are looked up by the evaluator and never reach this. `shape` is the result's, bound. */
  readonly evaluate: (
    inputs: readonly Reference[],
    attrs: AttrsOf<K>,
    shape: readonly number[],
    dims: Bindings,
  ) => Reference;
  /**
   * Adjoints of the inputs given the adjoint of the result, in order; `undefined` where none flows
   * (integers, booleans, piecewise constants). May make composite nodes: `gradient` decomposes them.
   */
  readonly gradient: (builder: GraphBuilder, node: Node<K>, adjoint: Node) => readonly (Node | undefined)[];
}

export interface CompositeRecord<K extends CompositeName> {
  readonly doc: string;
  /** In primitives, or `undefined` for those that the `gradient` pass removes. */
  readonly decompose: ((builder: GraphBuilder, node: Node<K>) => Node) | undefined;
}

export type PrimitiveTable = { readonly [K in PrimitiveName]: PrimitiveRecord<K> };
export type CompositeTable = { readonly [K in CompositeName]: CompositeRecord<K> };
export type OpDocs = { readonly [K in OpName]: string };

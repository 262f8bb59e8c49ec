/**
 * The operation table: every operation's record in one place, total by its type. Add an operation by one
 * line in attrs.ts, one type rule, and one record in the file of its family.
 */
import type { Bindings } from "../ir/dim.ts";
import type { GraphBuilder, Node } from "../ir/node.ts";
import type { CompositeName, OpName, PrimitiveName } from "./attrs.ts";
import { composites } from "./composites.ts";
import { contractions } from "./contractions.ts";
import { elementwise } from "./elementwise.ts";
import { indices } from "./indices.ts";
import { leaves } from "./leaves.ts";
import type { CompositeRecord, OpDocs, PrimitiveRecord, PrimitiveTable, Reference } from "./record.ts";
import { reductions } from "./reductions.ts";
import { shapes } from "./shapes.ts";

export const primitives: PrimitiveTable = {
  ...leaves,
  ...elementwise,
  ...reductions,
  ...shapes,
  ...indices,
  ...contractions,
};

export { composites };

export const opDocs: OpDocs = docsOf({ ...primitives, ...composites });

export function isPrimitive(op: OpName): op is PrimitiveName {
  return op in primitives;
}

export function isComposite(op: OpName): op is CompositeName {
  return op in composites;
}

export function isOpName(name: string): name is OpName {
  return Object.hasOwn(primitives, name) || Object.hasOwn(composites, name);
}

/** The float64 value of one primitive node, given its inputs' values; whole numbers have 32 bits and wrap around. */
export function evaluateNode(
  node: Node,
  inputs: readonly Reference[],
  shape: readonly number[],
  dims: Bindings,
): Reference {
  const value = primitiveRecord(node).evaluate(inputs, node.attrs, shape, dims);
  return value.dtype === "i32" ? { ...value, data: value.data.map((whole) => whole | 0) } : value;
}

/** Adjoints of a primitive node's inputs. */
export function gradientOf(builder: GraphBuilder, node: Node, adjoint: Node): readonly (Node | undefined)[] {
  return primitiveRecord(node).gradient(builder, node, adjoint);
}

/** A composite node in primitives; undefined for primitives and for those that `gradient` removes. */
export function decomposed(builder: GraphBuilder, node: Node): Node | undefined {
  return isComposite(node.op) ? compositeRecord(node)?.decompose?.(builder, node) : undefined;
}

interface AnyPrimitive {
  readonly evaluate: (
    inputs: readonly Reference[],
    attrs: object,
    shape: readonly number[],
    dims: Bindings,
  ) => Reference;
  readonly gradient: (builder: GraphBuilder, node: Node, adjoint: Node) => readonly (Node | undefined)[];
}

interface AnyComposite {
  readonly decompose: ((builder: GraphBuilder, node: Node) => Node) | undefined;
}

/** A node's record belongs to its op; TypeScript cannot follow the pairing through a lookup. */
function primitiveRecord(node: Node): AnyPrimitive {
  const record: PrimitiveRecord<never> | undefined = isPrimitive(node.op)
    ? (primitives[node.op] as never)
    : undefined;
  if (record === undefined) throw new Error(`${node.op} is not a primitive operation`);
  return record as unknown as AnyPrimitive;
}

function compositeRecord(node: Node): AnyComposite | undefined {
  const record: CompositeRecord<never> | undefined = isComposite(node.op)
    ? (composites[node.op] as never)
    : undefined;
  return record as unknown as AnyComposite | undefined;
}

/** One doc an operation, keyed as the records are. */
function docsOf(records: { readonly [K in OpName]: { readonly doc: string } }): OpDocs {
  return Object.fromEntries(Object.entries(records).map(([name, { doc }]) => [name, doc])) as OpDocs;
}

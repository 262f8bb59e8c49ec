/**
 * The IR: one uniform, immutable, interned node. Two nodes with the same operation, inputs and
 * attributes are the same object, so a common subexpression is written once without a pass for it.
 * Nodes are made only by a `GraphBuilder`, which also works out their types; ids grow with creation,
 * so a node's inputs always have smaller ids than the node.
 */
import type { AttrsOf, OpName } from "../ops/attrs.ts";
import { typeOfOp } from "../ops/types.ts";
import { type Dim, unlabelled } from "./dim.ts";
import type { Span } from "../errors/span.ts";
import type { TensorType } from "./type.ts";

export interface Node<K extends OpName = OpName> {
  readonly id: number;
  readonly op: K;
  readonly inputs: readonly Node[];
  readonly attrs: AttrsOf<K>;
  readonly type: TensorType;
  /** Where in the source the value was first written. */
  readonly span?: Span;
}

/** A graph is its named outputs; everything else is what they reach. */
export interface Graph {
  readonly outputs: readonly Output[];
}

export interface Output {
  readonly name: string;
  readonly node: Node;
}

export function isOp<K extends OpName>(node: Node, op: K): node is Node<K> {
  return node.op === op;
}

/** What makes one number of many by a monoid. */
export type Reduction = Node<"sum"> | Node<"max"> | Node<"logsumexp">;

export function isReduction(node: Node): node is Reduction {
  return isOp(node, "sum") || isOp(node, "max") || isOp(node, "logsumexp");
}

/** A value that lives from call to call. */
export function isVariable(node: Node): node is Node<"parameter" | "state"> {
  return isOp(node, "parameter") || isOp(node, "state");
}

export function nameOfVariable(node: Node): string | undefined {
  return isVariable(node) ? node.attrs.name : undefined;
}

/** Every node that the outputs reach, inputs before users. */
export function nodesOf(roots: readonly Node[]): readonly Node[] {
  const seen = new Set<Node>();
  const stack = [...roots];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const input of node.inputs) if (!seen.has(input)) stack.push(input);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

export function nodesOfGraph(graph: Graph): readonly Node[] {
  return nodesOf(graph.outputs.map((output) => output.node));
}

/** Who reads each node, in id order. */
export function usersOf(nodes: readonly Node[]): ReadonlyMap<Node, readonly Node[]> {
  const users = new Map<Node, Node[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) for (const input of new Set(node.inputs)) users.get(input)?.push(node);
  return users;
}

export class GraphBuilder {
  readonly #interned = new Map<string, Node>();
  #nextId = 0;

  /** Makes or finds a node. Throws when the operation does not accept the inputs: callers check first. */
  make<K extends OpName>(op: K, inputs: readonly Node[], attrs: AttrsOf<K>, span?: Span): Node<K> {
    let key: string = op;
    for (const input of inputs) key += ` ${input.id}`;
    key += attrsKey(attrs);
    const known = this.#interned.get(key);
    if (known !== undefined) return known as Node<K>;
    const type = typeOfOp(
      op,
      inputs.map((input) => input.type),
      attrs,
    );
    if ("fault" in type) throw new Error(`${op}: ${type.fault}`);
    const node: Node<K> = {
      id: this.#nextId++,
      op,
      inputs,
      attrs,
      type: { dtype: type.dtype, shape: type.shape.map(unlabelled) },
      ...(span === undefined ? {} : { span }),
    };
    this.#interned.set(key, node);
    return node;
  }
}

/** Canonical text of attributes: keys in order, dimensions by their key. */
export function attrsKey(attrs: object): string {
  const names = Object.keys(attrs);
  if (names.length > 1) names.sort();
  let key = "{";
  for (const name of names) key += `${name}:${attrKey(Reflect.get(attrs, name))},`;
  return `${key}}`;
}

function attrKey(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(attrKey).join(",")}]`;
  if (typeof value === "object" && value !== null && "terms" in value) return `<${(value as Dim).key}>`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return JSON.stringify(value);
}

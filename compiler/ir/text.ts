/**
 * The text form of a graph, which prints and reads back. One line a node, inputs before users, numbered in
 * that order; attributes in the order of their names; the type after a colon; then the outputs:
 *
 *   %0 = input {dtype: f32, name: "x", shape: [N, 2]} : f32[N, 2]
 *   %1 = sum(%0) {axes: [1], keepDims: false} : f32[N]
 *   output "value" = %1
 *
 * Spans and labels of dimensions are left out. Reading is for tests and tools, so a mistake is an Error
 * with its line.
 */
import type { AttrsOf, OpName } from "../ops/attrs.ts";
import { isOpName } from "../ops/table.ts";
import type { Dim } from "./dim.ts";
import { type Graph, type GraphBuilder, type Node, nodesOfGraph } from "./node.ts";
import { TextReader } from "./text-reader.ts";
import { printType } from "./type.ts";

type AttrName = { [K in OpName]: keyof AttrsOf<K> }[OpName];
type Form = "dim" | "dims" | "number" | "numbers" | "boolean" | "word" | "string";

/** How each attribute is written; total, so that a new attribute cannot be forgotten. */
const attrForms: { readonly [A in AttrName]: Form } = {
  name: "string",
  dtype: "word",
  distribution: "word",
  side: "word",
  padding: "word",
  keepDims: "boolean",
  descending: "boolean",
  reverse: "boolean",
  transposeA: "boolean",
  transposeB: "boolean",
  value: "number",
  site: "number",
  axis: "number",
  exponent: "number",
  values: "numbers",
  axes: "numbers",
  permutation: "numbers",
  stride: "numbers",
  window: "numbers",
  size: "dim",
  dim: "dim",
  shape: "dims",
  starts: "dims",
  sizes: "dims",
  before: "dims",
  after: "dims",
};

export function printGraph(graph: Graph): string {
  const numbers = new Map(nodesOfGraph(graph).map((node, index) => [node, index]));
  const name = (node: Node): string => `%${numbers.get(node) ?? "?"}`;
  const lines = [...numbers.keys()].map((node) => `${name(node)} = ${printNode(node, name)}`);
  const outputs = graph.outputs.map(
    (output) => `output ${JSON.stringify(output.name)} = ${name(output.node)}`,
  );
  return [...lines, ...outputs, ""].join("\n");
}

/** `sum(%0) {axes: [1], keepDims: false} : f32[N]`, with inputs named by the caller. */
export function printNode(node: Node, name: (node: Node) => string): string {
  const inputs = node.inputs.length === 0 ? "" : `(${node.inputs.map(name).join(", ")})`;
  const attrs = printAttrs(node);
  return `${node.op}${inputs}${attrs === "" ? "" : ` {${attrs}}`} : ${printType(node.type)}`;
}

export function printAttrs(node: Node): string {
  return Object.entries(node.attrs)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}: ${printAttr(name, value)}`)
    .join(", ");
}

function printAttr(name: string, value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => printAttr("", item)).join(", ")}]`;
  if (isDim(value)) return value.key;
  if (typeof value === "string") return formOf(name) === "string" ? JSON.stringify(value) : value;
  return Object.is(value, -0) ? "-0" : String(value);
}

function isDim(value: unknown): value is Dim {
  return typeof value === "object" && value !== null && "terms" in value;
}

function formOf(name: string): Form | undefined {
  return (attrForms as Readonly<Record<string, Form>>)[name];
}

/** The graph that `printGraph` printed, made in `builder`. Throws an Error with the line of the first mistake. */
export function readGraph(text: string, builder: GraphBuilder): Graph {
  const nodes = new Map<string, Node>();
  const outputs: { name: string; node: Node }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.trimStart().startsWith("//")) continue;
    const reader = new TextReader(line, index + 1);
    if (reader.accept("output")) outputs.push(readOutput(reader, nodes));
    else readNode(reader, nodes, builder);
    reader.end();
  }
  return { outputs };
}

function readOutput(reader: TextReader, nodes: ReadonlyMap<string, Node>): { name: string; node: Node } {
  const name = reader.string();
  reader.expect("=");
  return { name, node: readUse(reader, nodes) };
}

function readNode(reader: TextReader, nodes: Map<string, Node>, builder: GraphBuilder): void {
  const name = reader.reference();
  reader.expect("=");
  const op = reader.word();
  if (!isOpName(op)) throw reader.mistake(`there is no operation ${op}`);
  const inputs = reader.accept("(") ? reader.list(")", () => readUse(reader, nodes)) : [];
  const attrs = reader.accept("{") ? Object.fromEntries(reader.list("}", () => readAttr(reader))) : {};
  const node = makeRead(builder, op, inputs, attrs);
  reader.expect(":");
  const written = reader.rest();
  if (written !== printType(node.type))
    throw reader.mistake(`${name} is ${printType(node.type)}, not ${written}`);
  nodes.set(name, node);
}

function readUse(reader: TextReader, nodes: ReadonlyMap<string, Node>): Node {
  const name = reader.reference();
  const node = nodes.get(name);
  if (node === undefined) throw reader.mistake(`${name} is used before it is made`);
  return node;
}

function readAttr(reader: TextReader): readonly [string, unknown] {
  const name = reader.word();
  const form = formOf(name);
  if (form === undefined) throw reader.mistake(`there is no attribute ${name}`);
  reader.expect(":");
  return [name, readValue(reader, form)];
}

function readValue(reader: TextReader, form: Form): unknown {
  switch (form) {
    case "dim":
      return reader.dim();
    case "dims":
      return reader.bracketed(() => reader.dim());
    case "number":
      return reader.number();
    case "numbers":
      return reader.bracketed(() => reader.number());
    case "boolean":
      return reader.word() === "true";
    case "word":
      return reader.word();
    case "string":
      return reader.string();
    default:
      return form satisfies never;
  }
}

/** Attributes as they were read; the builder's type rule is what checks them. */
function makeRead(builder: GraphBuilder, op: OpName, inputs: readonly Node[], attrs: object): Node {
  return builder.make(op, inputs, attrs as AttrsOf<OpName>);
}

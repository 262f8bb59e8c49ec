/**
 * Element-wise kernels as data: `runtime/tfjs/fused.ts` makes one loop over vectors of each. A chain names its operands'
 * types, its operations in order and which values are results; constants are part of it.
 */
import { type Node, isOp } from "../../ir/node.ts";
import type { DType } from "../../ir/type.ts";
import type { FusedProgram, FusedStep, LaneType } from "../../../runtime/tfjs/fused.ts";

export interface Chain {
  readonly program: FusedProgram;
  /** Values the chain is called with. */
  readonly reads: readonly Node[];
}

/** The chain of some nodes, inputs before users; undefined where nothing but constants goes in. */
export function chainOf(nodes: readonly Node[], gives: readonly Node[]): Chain | undefined {
  const inside = new Set(nodes);
  const outside = [...new Set(nodes.flatMap(({ inputs }) => inputs))].filter((input) => !inside.has(input));
  const reads = outside.filter((node) => !isOp(node, "constant"));
  if (reads.length === 0) return undefined;
  const numbers = new Map<Node, number>(reads.map((node, index) => [node, index]));
  const steps: FusedStep[] = [];
  const add = (node: Node, step: FusedStep): void => {
    numbers.set(node, reads.length + steps.length);
    steps.push(step);
  };
  for (const node of outside)
    if (isOp(node, "constant")) add(node, ["constant", letters[node.type.dtype], node.attrs.value]);
  for (const node of nodes)
    add(node, [node.op, letters[node.type.dtype], ...node.inputs.map((input) => numberOf(numbers, input))]);
  const inputs = reads.map(({ type }) => letters[type.dtype]).join("");
  return { program: { inputs, steps, gives: gives.map((node) => numberOf(numbers, node)) }, reads };
}

/** Infinities and the sign of zero are no JSON, so numbers are written as JavaScript. */
export function programText({ inputs, steps, gives }: FusedProgram): string {
  const written = steps.map(([operation, type, ...values]) => {
    const numbers = values.map((value) => (Object.is(value, -0) ? "-0" : String(value)));
    return `["${operation}", "${type}", ${numbers.join(", ")}]`;
  });
  return `{ inputs: "${inputs}", steps: [${written.join(", ")}], gives: [${gives.join(", ")}] }`;
}

const letters: Readonly<Record<DType, LaneType>> = { f32: "f", i32: "i", bool: "b" };

function numberOf(numbers: ReadonlyMap<Node, number>, node: Node): number {
  const number = numbers.get(node);
  if (number === undefined) throw new Error(`%${node.id} ${node.op} comes after its user in a chain`);
  return number;
}

/**
 * Random numbers are drawn by the kernel that reads them, where it is the only one: a number depends on its place alone,
 * so nothing is gained by storing it, and an initialiser would need its parameter twice.
 *
 *   before   k0 [random]   k1 [mul(random, std)]
 *   after    k1 [random, mul]
 */
import { type Node, isOp } from "../../ir/node.ts";
import { sameShape } from "../../ir/type.ts";
import { isElementwise } from "../../passes/fuse.ts";
import type { Step } from "../../passes/steps.ts";

type KernelStep = Extract<Step, { kind: "kernel" }>;

/** `returned` are the outputs of the function, which are stored in any case. */
export function drawnInside(steps: readonly Step[], returned: ReadonlySet<Node>): readonly Step[] {
  const moved = new Map<Step, Node[]>();
  const gone = new Set<Step>();
  for (const step of steps) {
    const node = step.kind === "kernel" && step.kernel.nodes.length === 1 ? step.kernel.nodes[0] : undefined;
    if (node === undefined || !isOp(node, "random") || returned.has(node)) continue;
    const [reader, ...others] = steps.filter(({ reads }) => reads.includes(node));
    if (reader?.kind !== "kernel" || others.length > 0 || !takesIn(reader, node)) continue;
    moved.set(reader, [...(moved.get(reader) ?? []), node]);
    gone.add(step);
  }
  return steps.flatMap((step) => {
    if (gone.has(step)) return [];
    const drawn = moved.get(step);
    return step.kind === "kernel" && drawn !== undefined ? [withNodes(step, drawn)] : [step];
  });
}

/** Only kernels that read it at their own place: others may read an element more than once. */
function takesIn({ kernel }: KernelStep, random: Node): boolean {
  return kernel.nodes.every(
    (node) =>
      isElementwise(node) && (!node.inputs.includes(random) || sameShape(node.type.shape, random.type.shape)),
  );
}

function withNodes(step: KernelStep, drawn: readonly Node[]): KernelStep {
  const reads = [
    ...step.reads.filter((node) => !drawn.includes(node)),
    ...drawn.flatMap(({ inputs }) => inputs),
  ];
  const kernel = { ...step.kernel, nodes: [...drawn, ...step.kernel.nodes], reads };
  return { ...step, kernel, reads };
}

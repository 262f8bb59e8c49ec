/**
 * A stage as text and as data. The graph comes first; what later passes found (regions, kernels, an order, a
 * plan) follows, each in a section of its own. Bytes are numbers under the sizes that are shown with them.
 */
import { type Bindings, sizeOfDim } from "../../compiler/ir/dim.ts";
import { type Node, nodesOfGraph } from "../../compiler/ir/node.ts";
import { printAttrs, printGraph } from "../../compiler/ir/text.ts";
import { printType } from "../../compiler/ir/type.ts";
import { type Plan, parameterBytes, peakBytes, variableBytes } from "../../compiler/passes/plan.ts";
import type { Stage } from "../../compiler/passes/pass.ts";
import type { Step } from "../../compiler/passes/steps.ts";
import type { Program, ProgramFunction } from "../../compiler/program.ts";
import { bytes as bytesText } from "../report/numbers.ts";

/** Sizes are those of `stage.options.dims`. */
export function stageText(program: Program, fn: ProgramFunction, stage: Stage): string {
  const name = namerOf(stage);
  const parts = [
    `// ${program.name}.${fn.name} after ${stage.name}, for ${stage.options.target}`,
    printGraph(stage.graph).trimEnd(),
    ...(stage.regions ?? []).map(
      (region) =>
        `// region ${region.name}: ${region.classes.key} classes in ${region.passes.length} passes\n` +
        region.passes
          .map(
            (pass) =>
              `//   pass ${pass.level}: ${pass.body.length} nodes, gives ${pass.results.map((result) => name(result.node)).join(" ")}`,
          )
          .join("\n"),
    ),
    ...(stage.schedule === undefined
      ? (stage.kernels ?? []).map(
          ({ kind, nodes }, index) => `// kernel ${index}: ${kind} ${nodes.map(name).join(" ")}`,
        )
      : stage.schedule.steps.map((step, index) => `// step ${index}: ${stepText(step, name)}`)),
    ...(stage.plan === undefined ? [] : [planText(stage.plan, stage.options.dims, name)]),
  ];
  return `${parts.filter((part) => part !== "").join("\n")}\n`;
}

function stepText(step: Step, name: (node: Node) => string): string {
  return step.kind === "kernel"
    ? `${step.kernel.kind} ${step.kernel.nodes.map(name).join(" ")} -> ${step.writes.map(name).join(" ")}`
    : `pass ${step.pass.level} of region ${step.region.name} -> ${step.writes.map(name).join(" ")}`;
}

function planText(plan: Plan, sizes: Bindings, name: (node: Node) => string): string {
  const shown = Object.entries(sizes).map(([key, size]) => `${key} = ${size}`);
  return [
    `// plan${shown.length === 0 ? "" : ` with ${shown.join(", ")}`}`,
    ...plan.buffers.map(
      ({ node, bytes, from, to, slot }) =>
        `//   ${name(node)} ${printType(node.type)}: ${sizeOfDim(bytes, sizes)} bytes, steps ${from} to ${to}, slot ${slot}`,
    ),
    `//   parameters ${bytesText(parameterBytes(plan, sizes))}, all variables ${bytesText(variableBytes(plan, sizes))}, peak ${bytesText(peakBytes(plan, sizes))}`,
  ].join("\n");
}

export function stageJson(program: Program, fn: ProgramFunction, stage: Stage): object {
  const name = namerOf(stage);
  const { dims } = stage.options;
  return {
    entry: program.name,
    function: fn.name,
    stage: stage.name,
    target: stage.options.target,
    dims,
    inputs: fn.inputs.map((input) => ({ name: input.name, type: printType(input.type), role: input.role })),
    variables: stage.variables.map((variable) => ({
      name: variable.name,
      kind: variable.kind,
      type: printType(variable.type),
    })),
    nodes: nodesOfGraph(stage.graph).map((node) => ({
      name: name(node),
      op: node.op,
      inputs: node.inputs.map(name),
      attrs: printAttrs(node),
      type: printType(node.type),
      ...(node.span === undefined ? {} : { span: node.span }),
    })),
    outputs: stage.graph.outputs.map((output) => ({ name: output.name, node: name(output.node) })),
    ...laterFacts(stage, dims, name),
  };
}

function laterFacts(stage: Stage, dims: Bindings, name: (node: Node) => string): object {
  const { regions, kernels, schedule, plan } = stage;
  return {
    ...(regions === undefined
      ? {}
      : {
          regions: regions.map((region) => ({
            name: region.name,
            classes: region.classes.key,
            passes: region.passes.map(({ level, body, results }) => ({
              level,
              nodes: body.length,
              results: results.map((result) => ({ kind: result.kind, node: name(result.node) })),
            })),
          })),
        }),
    ...(kernels === undefined
      ? {}
      : {
          kernels: kernels.map(({ kind, nodes, reads, writes }) => ({
            kind,
            nodes: nodes.map(name),
            reads: reads.map(name),
            writes: writes.map(name),
          })),
        }),
    ...(schedule === undefined ? {} : { schedule: schedule.steps.map((step) => stepText(step, name)) }),
    ...(plan === undefined
      ? {}
      : {
          peakBytes: peakBytes(plan, dims),
          parameterBytes: parameterBytes(plan, dims),
          variableBytes: variableBytes(plan, dims),
          buffers: plan.buffers.map(({ node, bytes, from, to, slot }) => ({
            node: name(node),
            type: printType(node.type),
            bytes: sizeOfDim(bytes, dims),
            from,
            to,
            slot,
          })),
        }),
  };
}

/** Nodes of the graph are numbered as `printGraph` does; nodes that live in bodies of regions keep their own ids. */
function namerOf({ graph }: Stage): (node: Node) => string {
  const numbers = new Map(nodesOfGraph(graph).map((node, index) => [node, index]));
  return (node) => `%${numbers.get(node) ?? `b${node.id}`}`;
}

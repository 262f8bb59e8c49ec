/**
 * Graphs as functions of a program: the outputs, with the inputs that they need.
 */
import { type Node, type Output, isOp, nodesOf } from "../ir/node.ts";
import type { ProgramFunction, ProgramInput } from "../program.ts";
import type { ProgramState } from "./session.ts";

/** `always` are inputs whatever the graph reads; counters and the rest only where they are read. */
export function functionOf(
  program: ProgramState,
  name: string,
  always: readonly ProgramInput[],
  outputs: readonly Output[],
): ProgramFunction {
  const reached = nodesOf(outputs.map(({ node }) => node)).flatMap((node) =>
    isOp(node, "input") ? [node.attrs.name] : [],
  );
  const names = new Set([...always.map((input) => input.name), ...reached]);
  const known = new Map([...always.map((input) => [input.name, input] as const)]);
  const inputs = [...names].flatMap((input) => known.get(input) ?? program.inputs.get(input) ?? []);
  return { name, inputs, graph: { outputs } };
}

/** Forgets parameters that nothing reads: those of a choice that the settings did not take. */
export function dropUnread(program: ProgramState, roots: readonly Node[]): void {
  const read = new Set(nodesOf(roots).flatMap((node) => (isOp(node, "parameter") ? [node.attrs.name] : [])));
  for (const { name, kind } of [...program.variables.values()])
    if (kind === "parameter" && !read.has(name)) program.variables.delete(name);
}

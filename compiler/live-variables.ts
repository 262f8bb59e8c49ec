/**
 * Variables that a training run needs. A setting may leave a parameter or a state without use: sub-centres
 * when there is one centre a class, the velocity of plain gradient descent. Such variables would only be
 * updated, stored and saved, so they are dropped, each with whatever only they read.
 */
import { type Node, nameOfVariable, nodesOf } from "./ir/node.ts";
import type { Program, ProgramFunction } from "./program.ts";

/**
 * The program without its dead variables: those that no output reaches, except through the new values of
 * variables that are dead themselves.
 */
export function withoutDeadVariables(program: Program): Program {
  const live = liveNames(program.functions);
  if (program.variables.every(({ name }) => live.has(name))) return program;
  return {
    ...program,
    variables: program.variables.filter(({ name }) => live.has(name)),
    functions: program.functions.map((fn) => ({
      ...fn,
      graph: { outputs: fn.graph.outputs.filter(({ name }) => isKept(updatedBy(name), live)) },
    })),
  };
}

function liveNames(functions: readonly ProgramFunction[]): ReadonlySet<string> {
  const outputs = functions.flatMap(({ graph }) => graph.outputs);
  const live = new Set<string>();
  const roots: Node[] = outputs.filter(({ name }) => updatedBy(name) === undefined).map(({ node }) => node);
  while (roots.length > 0) {
    const found = variablesRead(roots.splice(0)).filter((name) => !live.has(name));
    for (const name of found) {
      live.add(name);
      roots.push(...outputs.filter((output) => updatedBy(output.name) === name).map(({ node }) => node));
    }
  }
  return live;
}

/** Outputs that update no variable stay. */
function isKept(variable: string | undefined, live: ReadonlySet<string>): boolean {
  return variable === undefined || live.has(variable);
}

/** NAME of an output `next:NAME`. */
export function updatedBy(output: string): string | undefined {
  return output.startsWith("next:") ? output.slice("next:".length) : undefined;
}

function variablesRead(roots: readonly Node[]): string[] {
  return [...new Set(nodesOf(roots).flatMap((node) => nameOfVariable(node) ?? []))];
}

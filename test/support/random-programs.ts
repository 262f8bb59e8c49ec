/**
 * Random well-typed graphs for fast-check: every primitive operation can occur, sizes go down to one row,
 * one class and one feature, there may be as many classes as rows, and some rows are zero. A program is built from a tape of integers, so a
 * failing one shrinks to a short tape. Values stay small (what grows is squashed by tanh), so that targets
 * in f32 can be compared with the reference; `smooth` programs also leave out the operations that jump.
 */
import fc from "fast-check";
import { type Formulas, formulas } from "../../compiler/ir/build.ts";
import { type Bindings, type Dim, constantDim, namedDim } from "../../compiler/ir/dim.ts";
import { type Graph, GraphBuilder, type Node, isOp, nodesOfGraph } from "../../compiler/ir/node.ts";
import { printGraph } from "../../compiler/ir/text.ts";
import type { DType } from "../../compiler/ir/type.ts";
import type { PrimitiveName } from "../../compiler/ops/attrs.ts";
import type { Feeds } from "../../compiler/reference.ts";
import type { ProgramInput, ProgramVariable } from "../../compiler/program.ts";
import { randomSteps } from "./random-steps.ts";
import { randomValues } from "./references.ts";

export interface RandomProgram {
  readonly builder: GraphBuilder;
  /** Outputs `v0`, `v1`, …: values that nothing else reads. */
  readonly graph: Graph;
  readonly inputs: readonly ProgramInput[];
  readonly variables: readonly ProgramVariable[];
  readonly dims: Bindings;
  /** Values for every leaf, labels in range; the same for the same program. */
  readonly feeds: Feeds;
}

/** `all` may jump (floor, argmax, comparisons, sorting); `smooth` programs are continuous in their inputs. */
export type Flavour = "all" | "smooth";

/** What a step may use to make one more node. */
export interface Bench {
  readonly f: Formulas;
  readonly pool: readonly Node[];
  /** An integer in 0 … below-1, from the tape. */
  readonly integer: (below: number) => number;
  /** One of the nodes that fit, or `undefined` if none does. */
  readonly one: (fits: (node: Node) => boolean) => Node | undefined;
  readonly sizes: Sizes;
  readonly flavour: Flavour;
}

export interface Sizes {
  readonly rows: Dim;
  readonly classes: Dim;
  readonly features: Dim;
}

/** Operations whose result jumps, or whose gradient does so that f32 may land on the other side. */
const jumping: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  "sign", "floor", "round", "less", "less_equal", "equal", "argmax", "argsort", "cast",
]); // prettier-ignore

export function randomPrograms(flavour: Flavour): fc.Arbitrary<RandomProgram> {
  return fc
    .array(fc.nat(2 ** 30), { minLength: 12, maxLength: 70 })
    .map((tape) => programFrom(tape, flavour))
    .map((program) => Object.assign(program, { [fc.toStringMethod]: () => printGraph(program.graph) }));
}

/** The same program with the gradients of a scalar made of its outputs, for every float leaf. */
export function withGradients(program: RandomProgram): Graph {
  const f = formulas(program.builder);
  const parts = program.graph.outputs
    .filter(({ node }) => node.type.dtype === "f32")
    .map(({ node }) => f.mean(f.make("tanh", [node], {}), { axes: axesOf(node), keepDims: false }));
  const [first, ...rest] = parts;
  if (first === undefined) return program.graph;
  const loss = rest.reduce((sum, part) => f.add(sum, part), first);
  const gradients = nodesOfGraph(program.graph).flatMap((leaf) =>
    (isOp(leaf, "input") || isOp(leaf, "parameter")) && leaf.type.dtype === "f32"
      ? [{ name: `gradient:${leaf.attrs.name}`, node: f.make("gradient", [loss, leaf], {}) }]
      : [],
  );
  return { outputs: [...program.graph.outputs, { name: "loss", node: loss }, ...gradients] };
}

function axesOf(node: Node): readonly number[] {
  return node.type.shape.map((_, axis) => axis);
}

function programFrom(tape: readonly number[], flavour: Flavour): RandomProgram {
  let at = 0;
  const integer = (below: number): number => (tape[at++ % tape.length] ?? 0) % below;
  const builder = new GraphBuilder();
  const f = formulas(builder);
  const [n, c, d] = [1 + integer(5), 1 + integer(6), 1 + integer(4)];
  const sizes: Sizes = {
    rows: namedDim("N"),
    classes: [constantDim(c), namedDim("C"), namedDim("N")][integer(3)] ?? namedDim("C"),
    features: constantDim(d),
  };
  const dims = { N: n, C: c };
  const leaves = leavesOf(f, sizes);
  const pool: Node[] = leaves.map(({ node }) => node);
  const names = stepNames.filter((name) => flavour === "all" || !jumping.has(name));
  const seed = integer(1000);
  const zeroRows = integer(3) === 0;
  while (at < tape.length) {
    const name = names[integer(names.length)] ?? "add";
    const one = (fits: (node: Node) => boolean): Node | undefined => {
      const fitting = pool.filter(fits);
      return (
        fitting[fitting.length - 1 - Math.min(integer(fitting.length + 1), integer(fitting.length + 1))] ??
        fitting[0]
      );
    };
    const made = randomSteps[name]({ f, pool, integer, one, sizes, flavour });
    if (made !== undefined) pool.push(made);
  }
  const used = new Set(pool.flatMap((node) => node.inputs));
  const ends = pool.filter((node) => !used.has(node) && node.inputs.length > 0).slice(-4);
  const outputs = (ends.length === 0 ? pool.slice(0, 1) : ends).map((node, i) => ({ name: `v${i}`, node }));
  return {
    builder,
    graph: { outputs },
    dims,
    ...declarations(leaves),
    feeds: feedsOf(leaves, dims, seed, zeroRows),
  };
}

const stepNames = Object.keys(randomSteps) as readonly PrimitiveName[];

interface Leaf {
  readonly node: Node;
  readonly name: string;
  readonly role: "data" | "counter" | "parameter" | "state";
  readonly bound?: Dim;
}

function leavesOf(f: Formulas, { rows, classes, features }: Sizes): readonly Leaf[] {
  const make = (
    op: "input" | "parameter" | "state",
    name: string,
    dtype: DType,
    shape: readonly Dim[],
    role: Leaf["role"],
    bound?: Dim,
  ): Leaf => ({
    node: f.make(op, [], { name, dtype, shape }),
    name,
    role,
    ...(bound === undefined ? {} : { bound }),
  });
  const side = constantDim(4);
  return [
    make("input", "x", "f32", [rows, features], "data"),
    make("input", "row", "f32", [rows, constantDim(1)], "data"),
    make("input", "y", "i32", [rows], "data", classes),
    make("input", "image", "f32", [rows, side, constantDim(5), constantDim(2)], "data"),
    make("input", "seed", "i32", [], "counter"),
    make("input", "step", "i32", [], "counter"),
    make("parameter", "W", "f32", [classes, features], "parameter"),
    make("parameter", "bias", "f32", [classes], "parameter"),
    make(
      "parameter",
      "filter",
      "f32",
      [constantDim(3), constantDim(2), constantDim(2), constantDim(3)],
      "parameter",
    ),
    make("state", "t", "f32", [], "state"),
    make("state", "centres", "f32", [classes, features], "state"),
    make("state", "mean", "f32", [features], "state"),
  ];
}

function declarations(leaves: readonly Leaf[]): Pick<RandomProgram, "inputs" | "variables"> {
  return {
    inputs: leaves.flatMap(({ name, node, role, bound }) =>
      role === "data" || role === "counter"
        ? [{ name, role, type: node.type, ...(bound === undefined ? {} : { bound }) }]
        : [],
    ),
    variables: leaves.flatMap(({ name, node, role }) =>
      role === "parameter" || role === "state" ? [{ name, kind: role, type: node.type, initial: node }] : [],
    ),
  };
}

function feedsOf(leaves: readonly Leaf[], dims: Bindings, seed: number, zeroRows: boolean): Feeds {
  return Object.fromEntries(
    leaves.map(({ name, node, bound, role }, site) => {
      const shape = node.type.shape.map((dim) => sizeIn(dim, dims));
      const high = role === "counter" ? 9 : bound === undefined ? 0 : sizeIn(bound, dims) - 1;
      const value = randomValues(node.type.dtype, shape, seed, site, { low: 0, high });
      if (zeroRows && node.type.dtype === "f32" && shape.length === 2) value.data.fill(0, 0, shape[1]);
      return [name, value];
    }),
  );
}

function sizeIn(dim: Dim, dims: Bindings): number {
  return Number(dims[dim.key] ?? dim.key);
}

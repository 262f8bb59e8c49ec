/**
 * Reading the logarithm of a value that is surely above 0: of an exponential, of a number, and of what is made of such. Each
 * rule states a law that a test evaluates on both sides.
 */
import { type Formulas, formulas, inputOf } from "../../ir/build.ts";
import { type GraphBuilder, type Node, isOp } from "../../ir/node.ts";
import type { OpName } from "../../ops/attrs.ts";
import { logAddExpOf, sigmoidOf, softplusOf } from "../../ops/composites.ts";
import { labels, matrix, row, scalar } from "../simplify/examples.ts";
import { type Facts, constantValue, isConstant, withInputs } from "../simplify/rule.ts";

export interface Logarithm {
  readonly log: Node;
  /** Whether there is an exponential in it; otherwise nothing is won. */
  readonly exponential: boolean;
}

/** Undefined where a value may be 0 or below, or is nothing of the kind. */
export type Logarithms = (node: Node) => Logarithm | undefined;

/** Nodes in `opaque` are values of their own, whatever they are made of. */
export function logarithmReader(
  builder: GraphBuilder,
  facts: Pick<Facts, "inRange">,
  opaque: ReadonlySet<Node>,
): Logarithms {
  const known = new Map<Node, Logarithm | undefined>();
  const read = (node: Node): Logarithm | undefined => {
    if (opaque.has(node) || node.type.dtype !== "f32") return undefined;
    if (known.has(node)) return known.get(node);
    const found = byRule(node, formulas(builder, node.span), { ...facts, read });
    known.set(node, found);
    return found;
  };
  return read;
}

function byRule(node: Node, f: Formulas, context: RuleContext): Logarithm | undefined {
  for (const { on, rule } of logarithmRules) {
    const found = on.includes(node.op) ? rule(node, f, context) : undefined;
    if (found !== undefined) return { ...found, log: f.broadcast(found.log, node.type.shape) };
  }
  return undefined;
}

export interface RuleContext extends Pick<Facts, "inRange"> {
  readonly read: Logarithms;
}

export interface LogarithmRule {
  readonly law: string;
  /** What the logarithm is taken of. */
  readonly on: readonly OpName[];
  readonly rule: (node: Node, f: Formulas, context: RuleContext) => Logarithm | undefined;
  /** A value whose logarithm the rule reads; its leaves are inputs, so that a test can feed it. */
  readonly example: (f: Formulas) => Node;
}

export const logarithmRules: readonly LogarithmRule[] = [
  {
    law: "log exp x = x",
    on: ["exp"],
    rule: (node) => ({ log: inputOf(node, 0), exponential: true }),
    example: (f) => f.exp(matrix(f)),
  },
  {
    law: "log of a number above 0",
    on: ["constant", "size"],
    rule: (node, f) => {
      if (isOp(node, "size")) return { log: f.log(node), exponential: false };
      const value = constantValue(node) ?? 0;
      return value > 0 ? { log: f.f32(Math.log(value)), exponential: false } : undefined;
    },
    example: (f) => f.f32(2.5),
  },
  {
    law: "log sigmoid x = -softplus(-x)",
    on: ["mul"],
    rule: (node, f) => {
      const x = argumentOfSigmoid(node, f);
      return x === undefined ? undefined : { log: f.neg(softplusOf(f, f.neg(x))), exponential: true };
    },
    example: (f) => sigmoidOf(f, matrix(f)),
  },
  {
    law: "log(1 - sigmoid x) = -softplus x",
    on: ["sub"],
    rule: (node, f) => {
      const x = isConstant(inputOf(node, 0), 1) ? argumentOfSigmoid(inputOf(node, 1), f) : undefined;
      return x === undefined ? undefined : { log: f.neg(softplusOf(f, x)), exponential: true };
    },
    example: (f) => f.sub(f.f32(1), sigmoidOf(f, matrix(f))),
  },
  {
    law: "log(1 - a / (a + b)) = log b - log(a + b)",
    on: ["sub"],
    rule: (node, f, { read }) => restOfShare(node, f, read),
    example: (f) => f.sub(f.f32(1), f.div(f.f32(1), f.add(f.f32(1), f.exp(matrix(f))))),
  },
  {
    law: "log(a · b) = log a + log b",
    on: ["mul"],
    rule: (node, f, { read }) => both(node, read, f.add),
    example: (f) => f.mul(f.exp(matrix(f)), f.exp(row(f))),
  },
  {
    law: "log(a / b) = log a - log b",
    on: ["div"],
    rule: (node, f, { read }) => both(node, read, f.sub),
    example: (f) => f.div(f.exp(matrix(f)), f.f32(3)),
  },
  {
    law: "log(a + b) = logaddexp(log a, log b)",
    on: ["add"],
    rule: (node, f, { read }) =>
      isSafeSum(node) ? undefined : both(node, read, (a, b) => logAddExpOf(f, a, b)),
    example: (f) => f.add(f.f32(1), f.exp(matrix(f))),
  },
  {
    law: "log max(a, b) = max(log a, log b), and so for min",
    on: ["maximum", "minimum"],
    rule: (node, f, { read }) => both(node, read, (a, b) => withInputs(f, node, [a, b])),
    example: (f) => f.maximum(f.exp(matrix(f)), f.f32(0.5)),
  },
  {
    law: "log select(p, a, b) = select(p, log a, log b)",
    on: ["select"],
    rule: (node, f, { read }) => {
      const [a, b] = [read(inputOf(node, 1)), read(inputOf(node, 2))];
      if (a === undefined || b === undefined) return undefined;
      return { log: f.select(inputOf(node, 0), a.log, b.log), exponential: a.exponential || b.exponential };
    },
    example: (f) => f.select(f.less(matrix(f), f.f32(0)), f.exp(matrix(f)), f.f32(1)),
  },
  {
    law: "log a^b = b · log a and log √a = ½ · log a",
    on: ["pow", "sqrt"],
    rule: (node, f, { read }) => {
      const a = read(inputOf(node, 0));
      const power = isOp(node, "sqrt") ? f.f32(0.5) : inputOf(node, 1);
      return a === undefined ? undefined : { ...a, log: f.mul(power, a.log) };
    },
    example: (f) => f.pow(f.exp(matrix(f)), scalar(f)),
  },
  {
    law: "log Σ a = logsumexp(log a)",
    on: ["sum"],
    rule: (node, f, { read }) => {
      const a = read(inputOf(node, 0));
      if (a === undefined || !isOp(node, "sum")) return undefined;
      return { ...a, log: f.logsumexp(f.broadcast(a.log, inputOf(node, 0).type.shape), node.attrs) };
    },
    example: (f) => f.sum(f.exp(matrix(f)), { axes: [1], keepDims: false }),
  },
  {
    law: "log(moved a) = moved(log a), and so for the largest along axes",
    on: ["broadcast", "reshape", "transpose", "slice", "detach", "max"],
    rule: (node, f, { read }) => moved(node, f, read),
    example: (f) => f.flip(f.exp(matrix(f))),
  },
  {
    law: "log(a[i]) = (log a)[i] where every i is in range",
    on: ["pick", "gather", "take_along"],
    rule: (node, f, { read, inRange }) => {
      const axis = isOp(node, "take_along") ? node.attrs.axis : isOp(node, "pick") ? -1 : 0;
      const size = inputOf(node, 0).type.shape.at(axis);
      return size !== undefined && inRange(inputOf(node, 1), size) ? moved(node, f, read) : undefined;
    },
    example: (f) => f.pick(f.exp(matrix(f)), labels(f)),
  },
];

/** Of two operands that are both above 0. */
function both(node: Node, read: Logarithms, join: (a: Node, b: Node) => Node): Logarithm | undefined {
  const [a, b] = [read(inputOf(node, 0)), read(inputOf(node, 1))];
  if (a === undefined || b === undefined) return undefined;
  return { log: join(a.log, b.log), exponential: a.exponential || b.exponential };
}

function moved(node: Node, f: Formulas, read: Logarithms): Logarithm | undefined {
  const [x, ...others] = node.inputs;
  const a = x === undefined ? undefined : read(x);
  return a === undefined ? undefined : { ...a, log: withInputs(f, node, [a.log, ...others]) };
}

/** exp(a - m) + exp(b - m) with the larger of both as m, as logaddexp is written: it cannot be said better. */
function isSafeSum(node: Node): boolean {
  const [m, n] = node.inputs.map((part) => {
    const exponent = part.op === "exp" ? inputOf(part, 0) : undefined;
    return exponent?.op === "sub" ? inputOf(exponent, 1) : undefined;
  });
  return m !== undefined && m === n && m.op === "detach";
}

/** The x of a sigmoid as it is decomposed: equal nodes are one node, so it is made again and compared. */
function argumentOfSigmoid(node: Node, f: Formulas): Node | undefined {
  if (node.op !== "mul") return undefined;
  const [, sum] = node.inputs;
  const tanh = sum?.op === "add" ? inputOf(sum, 1) : undefined;
  const half = tanh?.op === "tanh" ? inputOf(tanh, 0) : undefined;
  const x = half?.op === "mul" ? inputOf(half, 1) : undefined;
  return x !== undefined && sigmoidOf(f, x) === node ? x : undefined;
}

function restOfShare(node: Node, f: Formulas, read: Logarithms): Logarithm | undefined {
  const share = inputOf(node, 1);
  if (!isConstant(inputOf(node, 0), 1) || share.op !== "div") return undefined;
  const [part, whole] = [inputOf(share, 0), inputOf(share, 1)];
  if (whole.op !== "add" || !whole.inputs.includes(part)) return undefined;
  const rest = whole.inputs.find((each) => each !== part) ?? part;
  const [other, all] = [read(rest), read(whole)];
  if (other === undefined || all === undefined) return undefined;
  return { log: f.sub(other.log, all.log), exponential: all.exponential };
}

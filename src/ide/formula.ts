/**
 * A node of the simplified graph as formulas in c, piece by piece. The walk carries the range of c that it is in: a
 * comparison of c with a number splits the range in two, and guards that hold everywhere inside of it (clamps to
 * [−1, 1], ε under a root) are gone. A comparison of anything else is a condition, written out behind its pieces.
 */
import { inputOf } from "../../compiler/ir/build.ts";
import { type Node, isOp } from "../../compiler/ir/node.ts";
import {
  type Polynomial,
  atom,
  coefficientsIn,
  constant,
  inverse,
  negative,
  numberOf,
  plus,
  print,
  times,
} from "./polynomial.ts";

export interface Piece {
  /** Of the cosine; the whole is −1 … 1. */
  readonly from: number;
  readonly to: number;
  /** What else must hold, as text. */
  readonly conditions: readonly string[];
  readonly formula: string;
}

/** Short names for long parts, which would hide the shape of a formula. */
export type Abbreviations = Map<string, string>;

/** The pieces from the largest cosine (the smallest angle) down; undefined where there are too many to read. */
export function piecesOf(node: Node, short: Abbreviations): readonly Piece[] | undefined {
  const pieces = walk(node, { from: -1, to: 1, decided: new Map(), short });
  if (pieces === undefined) return undefined;
  return joined(pieces.toSorted((a, b) => b.from - a.from));
}

interface Region {
  readonly from: number;
  readonly to: number;
  /** Conditions that are no comparison of c, as decided here. */
  readonly decided: ReadonlyMap<string, boolean>;
  readonly short: Abbreviations;
}

function part(region: Region, text: string): Polynomial {
  if (text.length <= 16) return atom(text);
  const known = region.short.get(text) ?? letters[region.short.size] ?? text;
  if (known !== text) region.short.set(text, known);
  return atom(known);
}

const letters = ["u", "v", "w", "q", "r", "g", "h"];

const mostPieces = 8;

function walk(node: Node, region: Region, depth = 0): readonly Piece[] | undefined {
  const found = evaluate(node, region);
  if (!("split" in found)) {
    const conditions = [...region.decided].map(([text, holds]) => (holds ? text : `not ${text}`));
    return [{ from: region.from, to: region.to, conditions, formula: print(found.value) }];
  }
  if (depth >= mostPieces) return undefined;
  const sides = sidesOf(region, found.split).map((side) => walk(node, side, depth + 1));
  const all = sides.flatMap((side) => side ?? []);
  return sides.includes(undefined) || all.length > mostPieces ? undefined : all;
}

/** A comparison that is not decided yet: by a number for c, or by its text. */
type Split = { readonly at: number } | { readonly condition: string };

function sidesOf(region: Region, split: Split): readonly Region[] {
  if ("at" in split)
    return [
      { ...region, to: split.at },
      { ...region, from: split.at },
    ];
  return [true, false].map((holds) => ({
    ...region,
    decided: new Map([...region.decided, [split.condition, holds]]),
  }));
}

/** Neighbours with the same formula are one piece. */
function joined(pieces: readonly Piece[]): readonly Piece[] {
  const out: Piece[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    const isSame =
      last?.formula === piece.formula &&
      last.from === piece.to &&
      last.conditions.join() === piece.conditions.join();
    if (isSame) out.splice(-1, 1, { ...piece, to: last.to });
    else out.push(piece);
  }
  return out;
}

// ---------------------------------------------------------------- evaluation in a region

type Found = { readonly value: Polynomial } | { readonly split: Split };
/** Thrown from deep within a graph up to `evaluate` alone: this region must be split before its formula is known. */
class Undecided extends Error {
  readonly split: Split;
  constructor(split: Split) {
    super();
    this.split = split;
  }
}

type Decision = { readonly holds: boolean } | { readonly split: Split };

function evaluate(root: Node, region: Region): Found {
  const known = new Map<Node, Polynomial>();
  const decide = (decision: Decision): boolean => {
    if ("split" in decision) throw new Undecided(decision.split);
    return decision.holds;
  };
  const truth = (node: Node): boolean => {
    if (isOp(node, "less") || isOp(node, "less_equal"))
      return decide(
        signOf(plus(value(inputOf(node, 0)), negative(value(inputOf(node, 1)))), region, node.op),
      );
    if (isOp(node, "equal")) {
      const difference = plus(value(inputOf(node, 0)), negative(value(inputOf(node, 1))));
      const known = numberOf(difference);
      return known === undefined ? decide(byText(`${print(difference)} = 0`, region)) : known === 0;
    }
    if (isOp(node, "not")) return !truth(inputOf(node, 0));
    if (isOp(node, "and")) return truth(inputOf(node, 0)) && truth(inputOf(node, 1));
    if (isOp(node, "or")) return truth(inputOf(node, 0)) || truth(inputOf(node, 1));
    if (isOp(node, "broadcast") || isOp(node, "reshape")) return truth(inputOf(node, 0));
    if (isOp(node, "constant")) return node.attrs.value !== 0;
    return decide(byText(`${node.op}(${node.inputs.map((input) => textOf(input)).join(", ")})`, region));
  };
  const textOf = (node: Node): string =>
    node.type.dtype === "bool" ? `[${truth(node)}]` : print(value(node));
  const value = (node: Node): Polynomial => {
    const before = known.get(node);
    if (before !== undefined) return before;
    const made = valueOf(node);
    known.set(node, made);
    return made;
  };
  const valueOf = (node: Node): Polynomial => {
    const [first, second] = node.inputs;
    if (first === undefined) return leafOf(node);
    if (node.op === "select") return value(inputOf(node, truth(first) ? 1 : 2));
    if (transparent.has(node.op))
      return first.type.dtype === "bool" ? constant(truth(first) ? 1 : 0) : value(first);
    if (second === undefined) return ofOne(node, value(first), region);
    if (node.op === "minimum" || node.op === "maximum") {
      const difference = signOf(plus(value(first), negative(value(second))), region, "less");
      // Two that are never told apart stay as they are.
      if ("split" in difference && "condition" in difference.split)
        return part(region, `${node.op === "minimum" ? "min" : "max"}(${textOf(first)}, ${textOf(second)})`);
      return decide(difference) === (node.op === "minimum") ? value(first) : value(second);
    }
    return (
      ofTwo(node, value(first), value(second)) ?? atom(`${node.op}(${node.inputs.map(textOf).join(", ")})`)
    );
  };
  try {
    return { value: value(root) };
  } catch (error) {
    if (error instanceof Undecided) return { split: error.split };
    throw error;
  }
}

const transparent = new Set(["broadcast", "reshape", "cast", "half"]);

function leafOf(node: Node): Polynomial {
  if (isOp(node, "constant")) return constant(node.attrs.value);
  if (isOp(node, "size")) return atom(node.attrs.dim.key);
  if (isOp(node, "literal")) return atom(`[${node.attrs.values.join(", ")}]`);
  const name = "name" in node.attrs ? String(node.attrs.name) : node.op;
  return atom(symbols[name] ?? name);
}

const symbols: Readonly<Record<string, string>> = { cos_y: "c", x_norm: "‖x‖", w_norm: "‖w‖" };

function ofOne(node: Node, input: Polynomial, region: Region): Polynomial {
  if (node.op === "neg") return negative(input);
  const known = numberOf(input);
  const fold = foldable[node.op];
  if (known !== undefined && fold !== undefined) return constant(fold(known));
  const text = print(input);
  if (node.op === "sqrt") return atom(`√(${text})`);
  if (node.op === "abs") return atom(`|${text}|`);
  return part(region, `${node.op}(${text})`);
}

const foldable: Readonly<Partial<Record<string, (value: number) => number>>> = {
  floor: Math.floor,
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
};

function ofTwo(node: Node, a: Polynomial, b: Polynomial): Polynomial | undefined {
  switch (node.op) {
    case "add":
      return plus(a, b);
    case "sub":
      return plus(a, negative(b));
    case "mul":
      return a.length * b.length > 64 ? undefined : times(a, b);
    case "div":
      return times(a, inverse(b));
    case "pow": {
      const power = numberOf(b);
      const isTerm = a.length === 1 && a[0]?.powers.size === 0;
      return power !== undefined && isTerm
        ? constant((numberOf(a) ?? NaN) ** power)
        : atom(`(${print(a)})^(${print(b)})`);
    }
    default:
      return undefined;
  }
}

/** Whether a difference is below 0 throughout the region; where it crosses 0 once, the region is split there. */
function signOf(difference: Polynomial, region: Region, op: "less" | "less_equal"): Decision {
  const coefficients = coefficientsIn(difference, "c");
  if (coefficients === undefined || coefficients.length > 3)
    return byText(`${print(difference)} ${op === "less" ? "<" : "≤"} 0`, region);
  const [base = 0, slope = 0, curve = 0] = coefficients;
  if (slope === 0 && curve === 0) return { holds: op === "less" ? base < 0 : base <= 0 };
  const at = (c: number): number => base + slope * c + curve * c * c;
  const vertex = curve === 0 ? region.from : Math.min(Math.max(-slope / (2 * curve), region.from), region.to);
  const ends = [at(region.from), at(vertex), at(region.to)];
  if (Math.max(...ends) <= rounding) return { holds: true };
  if (Math.min(...ends) >= -rounding) return { holds: false };
  const crossing = curve === 0 ? -base / slope : undefined;
  return crossing === undefined
    ? byText(`${print(difference)} ${op === "less" ? "<" : "≤"} 0`, region)
    : { split: { at: crossing } };
}

/** What guards keep away from 0 (1e-12) is nothing to a reader. */
const rounding = 1e-9;

function byText(condition: string, { decided }: Region): Decision {
  const holds = decided.get(condition);
  return holds === undefined ? { split: { condition } } : { holds };
}

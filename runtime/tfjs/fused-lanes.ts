/**
 * What one operation of a fused chain is in vector instructions. A value lives in a vector local: four floats, four
 * integers, or for a boolean four masks of all or no bits. In memory a boolean is a byte of 0 or 1.
 */
import { type Code, f32Splat, floats, get, i32Splat, integers, set, simd, vectorOps } from "./assembler.ts";
import type { FusedStep, LaneType } from "./fused.ts";
import { masksToFlags } from "./simd.ts";
import { unaryFormulas } from "./vector-formulas.ts";

export interface Lane {
  readonly type: LaneType;
  readonly local: number;
}

/** Loads four elements, one, or one four times, from the address in a parameter. */
export function loadLane({ type }: Lane, address: number, elements: 1 | 4 | "same"): Code {
  const at = get(address);
  if (type !== "b") {
    const load = { 1: vectorOps.loadOne32, 4: vectorOps.load, same: vectorOps.loadSplat32 }[elements];
    return [...at, ...load];
  }
  const flags = {
    1: vectorOps.loadOne8(at),
    4: [...at, ...vectorOps.loadOne32],
    same: [...at, ...vectorOps.loadSplat8],
  }[elements];
  return [...flags, ...vectorOps.widen8, ...vectorOps.widen16, ...i32Splat(0), ...integers.notEqual];
}

/** Stores four elements or one. */
export function storeLane({ type, local }: Lane, address: number, elements: 1 | 4): Code {
  const value = [...get(address), ...get(local)];
  if (type !== "b") return [...value, ...(elements === 4 ? vectorOps.store : vectorOps.storeOne32)];
  return [...value, ...masksToFlags, ...(elements === 4 ? vectorOps.storeOne32 : vectorOps.storeOne8)];
}

/** Puts the result of a step into its local. `scratch` and the locals after it are free. */
export function emitLane(step: FusedStep, to: Lane, laneOf: (value: number) => Lane, scratch: number): Code {
  const [operation, , ...values] = step;
  if (operation === "constant") return [...constantLane(to.type, values[0] ?? 0), ...set(to.local)];
  const operands = values.map(laneOf);
  const [first] = operands;
  if (first === undefined) throw new Error(`${operation} of a fused chain reads nothing`);
  return [...operationLane(operation, first, operands, to, scratch), ...set(to.local)];
}

function constantLane(type: LaneType, value: number): Code {
  if (type === "f") return f32Splat(value);
  return i32Splat(type === "i" ? value : value === 0 ? 0 : -1);
}

function operationLane(
  operation: string,
  first: Lane,
  operands: readonly Lane[],
  to: Lane,
  scratch: number,
): Code {
  const loaded = operands.flatMap(({ local }) => get(local));
  if (operation === "cast") return castLane(first, to.type);
  if (operation === "select") {
    const [condition, yes, no] = operands.map(({ local }) => get(local));
    return [...(yes ?? []), ...(no ?? []), ...(condition ?? []), ...vectorOps.bitSelect];
  }
  const formula = first.type === "f" ? formulas[operation] : undefined;
  if (formula !== undefined) return [...loaded, ...set(scratch), ...formula(scratch)];
  const instruction = instructions[first.type][operation];
  if (instruction === undefined) throw new Error(`${operation} is no operation of a fused chain`);
  return [...loaded, ...instruction];
}

const formulas: Readonly<Record<string, ((x: number) => Code) | undefined>> = unaryFormulas;

const squareRoot = simd(0xe3);
const floor = simd(0x68);

const instructions: Readonly<Record<LaneType, Readonly<Record<string, Code | undefined>>>> = {
  f: {
    add: floats.add,
    sub: floats.sub,
    mul: floats.mul,
    div: floats.div,
    minimum: floats.min,
    maximum: floats.max,
    neg: floats.neg,
    abs: floats.abs,
    sqrt: squareRoot,
    floor,
    less: floats.less,
    less_equal: floats.lessEqual,
    equal: floats.equal,
  },
  i: {
    add: integers.add,
    sub: integers.sub,
    mul: integers.mul,
    minimum: integers.min,
    maximum: integers.max,
    less: integers.less,
    less_equal: integers.lessEqual,
    equal: integers.equal,
  },
  b: { and: vectorOps.and, or: vectorOps.or, not: vectorOps.not, equal: integers.equal },
};

/** Floats are cut towards zero, and are true unless they are 0. */
function castLane({ type, local }: Lane, to: LaneType): Code {
  const value = get(local);
  if (type === to) return value;
  if (type === "b") return [...value, ...(to === "f" ? f32Splat(1) : i32Splat(1)), ...vectorOps.and];
  if (to === "b") {
    const isZero = type === "f" ? [...f32Splat(0), ...floats.equal] : [...i32Splat(0), ...integers.equal];
    return [...value, ...isZero, ...vectorOps.not];
  }
  return [...value, ...(to === "i" ? integers.fromFloat : floats.fromInteger)];
}

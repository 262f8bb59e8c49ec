/**
 * SIMD loops for the element-wise operations that tfjs's wasm backend has only as slow scalar loops: exp,
 * log, tanh, comparisons, select, largest and smallest. They are assembled when the backend starts and run
 * on its own memory. Each loop does four elements at a time and the rest one by one with the same
 * arithmetic, so an element's result does not depend on where it stands.
 */
import {
  type Code,
  type FunctionDefinition,
  assembleModule,
  f32Splat,
  firstLane,
  floats,
  get,
  i32Const,
  i32Shl,
  i32Splat,
  ifVector,
  integers,
  set,
  vectorOps,
} from "./assembler.ts";
import { type Block, advance, loopOver, loopOverBlocks, times } from "./loop-code.ts";
import { type Formula, expFormula, scratchVectors, unaryFormulas } from "./vector-formulas.ts";
import {
  type PoolLoop,
  type SpreadLoop,
  type TapLoop,
  type WindowLoops,
  windowDefinitions,
} from "./window-loops.ts";

/** Addresses in bytes; `count` elements. */
export type UnaryLoop = (x: number, result: number, count: number) => void;

/** A step is 1 where the operand advances with the result and 0 where one element serves all. */
export type BinaryLoop = (
  a: number,
  stepA: number,
  b: number,
  stepB: number,
  result: number,
  count: number,
) => void;

export type SelectLoop = (
  condition: number,
  stepCondition: number,
  a: number,
  stepA: number,
  b: number,
  stepB: number,
  result: number,
  count: number,
) => void;

/** Loops that end in one number: sum, largest, dot product, and Σ exp(x - m) for one m. */
export interface RowLoops {
  readonly sum: UnaryLoop;
  readonly max: UnaryLoop;
  readonly dot: PairLoop;
  readonly sumExp: PairLoop;
}

/** Two operands that both advance, or for `sumExp` one that advances and one number. */
export type PairLoop = (a: number, b: number, result: number, count: number) => void;

/** Takes `rows` rows that lie `row` bytes apart into a first one, each column from its first element to its last. */
export type ColumnLoop = (
  first: number,
  x: number,
  row: number,
  rows: number,
  result: number,
  columns: number,
) => void;

export interface SimdLoops {
  readonly rows: RowLoops;
  readonly columns: { readonly sum: ColumnLoop; readonly max: ColumnLoop };
  readonly windows: WindowLoops;
  /** result += exp(a - b), element by element. */
  readonly addExp: PairLoop;
  readonly unary: Readonly<Record<string, UnaryLoop | undefined>>;
  readonly binary: Readonly<Record<"float32" | "int32", Readonly<Record<string, BinaryLoop | undefined>>>>;
  readonly select: SelectLoop;
}

/** The loops for a memory; undefined where the engine has no SIMD: the caller falls back to plain loops. */
export function simdModule(memory: WebAssembly.Memory): WebAssembly.Module | undefined {
  const bytes = assembleModule(definitions(), memory);
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : undefined;
}

export function simdLoops(module: WebAssembly.Module, memory: WebAssembly.Memory): SimdLoops {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  // The exports are the functions defined below, with the parameters given there.
  const loops = exports as unknown as Readonly<
    Record<
      string,
      UnaryLoop & PairLoop & BinaryLoop & SelectLoop & ColumnLoop & PoolLoop & SpreadLoop & TapLoop
    >
  >;
  const loop = (name: string) => {
    const found = loops[name];
    if (found === undefined) throw new Error(`the loop ${name} was not assembled`);
    return found;
  };
  const named = (prefix: string, names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, loops[`${prefix}.${name}`]]));
  return {
    unary: named("unary", Object.keys(unaryFormulas)),
    binary: {
      float32: {
        ...named("float", Object.keys(floatFormulas)),
        ...named("float", Object.keys(floatComparisons)),
      },
      int32: { ...named("int", Object.keys(intFormulas)), ...named("int", Object.keys(intComparisons)) },
    },
    select: loop("select"),
    rows: { sum: loop("row.sum"), max: loop("row.max"), dot: loop("row.dot"), sumExp: loop("row.sumExp") },
    columns: { sum: loop("column.sum"), max: loop("column.max") },
    windows: {
      spread: loop("window.spread"),
      maxPoolGradient: loop("window.maxPool"),
      avgPoolGradient: loop("window.avgPool"),
      tap: { own: loop("tap.own"), all: loop("tap.all") },
    },
    addExp: loop("addExp"),
  };
}

function definitions(): readonly FunctionDefinition[] {
  return [
    ...Object.entries(unaryFormulas).map(([name, formula]) => unaryDefinition(`unary.${name}`, formula)),
    ...Object.entries(floatFormulas).map(([name, code]) => binaryDefinition(`float.${name}`, code, "words")),
    ...Object.entries(intFormulas).map(([name, code]) => binaryDefinition(`int.${name}`, code, "words")),
    ...Object.entries(floatComparisons).map(([name, code]) =>
      binaryDefinition(`float.${name}`, code, "flags"),
    ),
    ...Object.entries(intComparisons).map(([name, code]) => binaryDefinition(`int.${name}`, code, "flags")),
    selectDefinition(),
    rowDefinition("row.sum", floats.add, 0, vectorOps.loadOne32),
    rowDefinition("row.max", floats.max, -Infinity, vectorOps.loadSplat32),
    columnDefinition("column.sum", floats.add),
    columnDefinition("column.max", floats.max),
    ...windowDefinitions(),
    dotDefinition(),
    rowSumExpDefinition(),
    addExpDefinition(),
  ];
}

/** Two vectors on the stack give one. */
const floatFormulas = { add: floats.add, minimum: floats.min, maximum: floats.max } as const;
const intFormulas = {
  add: integers.add,
  sub: integers.sub,
  mul: integers.mul,
  minimum: integers.min,
  maximum: integers.max,
} as const;
const floatComparisons = { less: floats.less, less_equal: floats.lessEqual, equal: floats.equal } as const;
const intComparisons = {
  less: integers.less,
  less_equal: integers.lessEqual,
  equal: integers.equal,
} as const;

function unaryDefinition(name: string, formula: Formula): FunctionDefinition {
  const [from, to, count, x] = [0, 1, 2, 3];
  const step = (load: Code, store: Code, elements: number): Code => [
    ...[...get(from), ...load, ...set(x)],
    ...[...get(to), ...formula(x), ...store],
    ...advance(from, i32Const(4 * elements)),
    ...advance(to, i32Const(4 * elements)),
  ];
  const body = loopOver(
    count,
    step(vectorOps.load, vectorOps.store, 4),
    step(vectorOps.loadOne32, vectorOps.storeOne32, 1),
  );
  return { name, parameters: 3, vectors: 1 + scratchVectors, body };
}

/** Loads the next elements of an operand that may stand still. */
function loadOperand(at: number, step: number, load: Code): Code {
  return [...get(step), ...ifVector([...get(at), ...load], [...get(at), ...vectorOps.loadSplat32])];
}

/** Advances an operand by its step of 0 or 1 elements, `shift` being log₂ of the bytes. */
function advanceOperand(at: number, step: number, shift: number): Code {
  return advance(at, [...get(step), ...i32Const(shift), ...i32Shl]);
}

function binaryDefinition(name: string, formula: Code, result: "words" | "flags"): FunctionDefinition {
  const [a, stepA, b, stepB, to, count] = [0, 1, 2, 3, 4, 5];
  const many = result === "words" ? vectorOps.store : vectorOps.storeOne32;
  const one = result === "words" ? vectorOps.storeOne32 : vectorOps.storeOne8;
  const width = result === "words" ? 4 : 1;
  const step = (load: Code, store: Code, shift: number): Code => [
    ...get(to),
    ...loadOperand(a, stepA, load),
    ...loadOperand(b, stepB, load),
    ...formula,
    ...(result === "words" ? [] : masksToFlags),
    ...store,
    ...advanceOperand(a, stepA, 2 + shift),
    ...advanceOperand(b, stepB, 2 + shift),
    ...advance(to, i32Const(width << shift)),
  ];
  const body = loopOver(count, step(vectorOps.load, many, 2), step(vectorOps.loadOne32, one, 0));
  return { name, parameters: 6, vectors: 0, body };
}

/** Four masks of 32 bits to four bytes of 0 or 1. */
export const masksToFlags: Code = [
  ...i32Splat(0),
  ...vectorOps.narrow32,
  ...i32Splat(0),
  ...vectorOps.narrow16,
  ...i32Splat(0x01010101),
  ...vectorOps.and,
];

function selectDefinition(): FunctionDefinition {
  const [c, stepC, a, stepA, b, stepB, to, count] = [0, 1, 2, 3, 4, 5, 6, 7];
  const condition = (load: Code): Code => [
    ...get(stepC),
    ...ifVector(load, [...get(c), ...vectorOps.loadSplat8]),
    ...vectorOps.widen8,
    ...vectorOps.widen16,
    ...i32Splat(0),
    ...integers.notEqual,
  ];
  const step = (load: Code, flags: Code, store: Code, shift: number): Code => [
    ...get(to),
    ...loadOperand(a, stepA, load),
    ...loadOperand(b, stepB, load),
    ...condition(flags),
    ...vectorOps.bitSelect,
    ...store,
    ...advanceOperand(c, stepC, shift),
    ...advanceOperand(a, stepA, 2 + shift),
    ...advanceOperand(b, stepB, 2 + shift),
    ...advance(to, i32Const(4 << shift)),
  ];
  const body = loopOver(
    count,
    step(vectorOps.load, [...get(c), ...vectorOps.loadOne32], vectorOps.store, 2),
    step(vectorOps.loadOne32, vectorOps.loadOne8(get(c)), vectorOps.storeOne32, 0),
  );
  return { name: "select", parameters: 8, vectors: 0, body };
}

/** Four partial results, joined at the end: a sum's rounding errors grow a quarter as fast as one by one. */
function joinLanes(total: number, combine: Code): Code {
  return [
    ...[...get(total), ...get(total), ...get(total), ...vectorOps.upperHalf, ...combine, ...set(total)],
    ...[...get(total), ...get(total), ...get(total), ...vectorOps.secondWord, ...combine],
  ];
}

/** `loadOne` fills the lanes beside the first with what changes nothing: zeros for a sum, the same for a maximum. */
function rowDefinition(name: string, combine: Code, start: number, loadOne: Code): FunctionDefinition {
  const [from, to, count, total] = [0, 1, 2, 3];
  const step = (load: Code, elements: number): Code => [
    ...[...get(total), ...get(from), ...load, ...combine, ...set(total)],
    ...advance(from, i32Const(4 * elements)),
  ];
  const body = [
    ...[...f32Splat(start), ...set(total)],
    ...loopOver(count, step(vectorOps.load, 4), step(loadOne, 1)),
    ...[...get(to), ...joinLanes(total, combine), ...vectorOps.storeOne32],
  ];
  return { name, parameters: 3, vectors: 1, body };
}

/** Column after column instead of row after row: what is summed up stays in registers until the last row. */
function columnDefinition(name: string, combine: Code): FunctionDefinition {
  const [first, from, row, rows, to, columns] = [0, 1, 2, 3, 4, 5];
  const [at, left] = [6, 7];
  const total = (index: number): number => 8 + index;
  const block = ({ elements, vectors, load, store }: Block): Code => [
    ...vectors.flatMap((index) => [...get(first), ...load(index), ...set(total(index))]),
    ...[...get(from), ...set(at), ...get(rows), ...set(left)],
    ...times(left, [
      ...vectors.flatMap((index) => [
        ...[...get(total(index)), ...get(at), ...load(index), ...combine, ...set(total(index))],
      ]),
      ...advance(at, get(row)),
    ]),
    ...vectors.flatMap((index) => [...get(to), ...get(total(index)), ...store(index)]),
    ...[first, from, to].flatMap((local) => advance(local, i32Const(4 * elements))),
  ];
  return { name, parameters: 6, counters: 2, vectors: 4, body: loopOverBlocks(columns, block) };
}

function dotDefinition(): FunctionDefinition {
  const [a, b, to, count, total] = [0, 1, 2, 3, 4];
  const step = (load: Code, elements: number): Code => [
    ...[...get(total), ...get(a), ...load, ...get(b), ...load, ...floats.mul, ...floats.add, ...set(total)],
    ...advance(a, i32Const(4 * elements)),
    ...advance(b, i32Const(4 * elements)),
  ];
  const body = [
    ...loopOver(count, step(vectorOps.load, 4), step(vectorOps.loadOne32, 1)),
    ...[...get(to), ...joinLanes(total, floats.add), ...vectorOps.storeOne32],
  ];
  return { name: "row.dot", parameters: 4, vectors: 1, body };
}

function rowSumExpDefinition(): FunctionDefinition {
  const [from, shift, to, count, total, x] = [0, 1, 2, 3, 4, 5];
  const step = (load: Code, mask: Code, elements: number): Code => [
    ...[...get(from), ...load, ...get(shift), ...vectorOps.loadSplat32, ...floats.sub, ...set(x)],
    ...[...get(total), ...expFormula(x), ...mask, ...floats.add, ...set(total)],
    ...advance(from, i32Const(4 * elements)),
  ];
  const body = [
    ...loopOver(
      count,
      step(vectorOps.load, [], 4),
      step(vectorOps.loadOne32, [...firstLane, ...vectorOps.and], 1),
    ),
    ...[...get(to), ...joinLanes(total, floats.add), ...vectorOps.storeOne32],
  ];
  return { name: "row.sumExp", parameters: 4, vectors: 2 + scratchVectors, body };
}

function addExpDefinition(): FunctionDefinition {
  const [a, b, to, count, x] = [0, 1, 2, 3, 4];
  const step = (load: Code, store: Code, elements: number): Code => [
    ...[...get(a), ...load, ...get(b), ...load, ...floats.sub, ...set(x)],
    ...[...get(to), ...get(to), ...load, ...expFormula(x), ...floats.add, ...store],
    ...[a, b, to].flatMap((local) => advance(local, i32Const(4 * elements))),
  ];
  const body = loopOver(
    count,
    step(vectorOps.load, vectorOps.store, 4),
    step(vectorOps.loadOne32, vectorOps.storeOne32, 1),
  );
  return { name: "addExp", parameters: 4, vectors: 1 + scratchVectors, body };
}

/**
 * A few dozen WebAssembly instructions as byte lists, and the module around them: just enough to write
 * loops over vectors of four floats by hand. An instruction sequence is a list of bytes; functions here
 * join them, nothing is checked but by the engine that compiles the module.
 * Encoding: WebAssembly core specification 2.0, chapters 5.4 (instructions) and 5.5 (modules).
 */
export type Code = readonly number[];

export interface FunctionDefinition {
  readonly name: string;
  /** Parameters hold addresses and counts, as i32; so do the locals after them, and vectors are locals after those. */
  readonly parameters: number;
  readonly counters?: number;
  readonly vectors: number;
  readonly body: Code;
}

/** A module that works on `memory`, imported as `env.memory`, and exports its functions, none of which gives a result. */
export function assembleModule(
  functions: readonly FunctionDefinition[],
  memory: WebAssembly.Memory,
): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [0x60, ...vector(Array<Code>(parameters).fill([i32])), 0]);
  const exports = functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]);
  const bodies = functions.map(({ counters = 0, vectors, body }) => {
    const locals = [
      [...unsigned(counters), i32],
      [...unsigned(vectors), v128],
    ];
    const code = [...vector(locals), ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector([[...text("env"), ...text("memory"), 2, ...limitsOf(memory)]])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(exports)),
    ...section(10, vector(bodies)),
  ]);
}

/** At least no page. Threads share a memory only if its module says so, and then it names the most pages there can be. */
function limitsOf({ buffer }: WebAssembly.Memory): Code {
  const shared = typeof SharedArrayBuffer === "function" && buffer instanceof SharedArrayBuffer;
  return shared ? [3, 0, ...unsigned(65_536)] : [0, 0];
}

const i32 = 0x7f;
const v128 = 0x7b;

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const tee = (local: number): Code => [0x22, ...unsigned(local)];
export const i32Const = (value: number): Code => [0x41, ...signed(value)];
export const i32Add: Code = [0x6a];
export const i32Sub: Code = [0x6b];
export const i32GreaterEqual: Code = [0x4e];
export const i32Shl: Code = [0x74];

/** Repeats `body` while `condition` leaves something other than 0. */
export function whileLoop(condition: Code, body: Code): Code {
  const [block, loop, end, branchIf, branch] = [0x02, 0x03, 0x0b, 0x0d, 0x0c];
  const [noResult, isZero] = [0x40, 0x45];
  return [block, noResult, loop, noResult, ...condition, isZero, branchIf, 1, ...body, branch, 0, end, end];
}

/** One of two vectors, by an i32 on the stack. */
export function ifVector(yes: Code, no: Code): Code {
  return [0x04, v128, ...yes, 0x05, ...no, 0x0b];
}

/** The vector instruction of an opcode, with its immediate bytes. */
export const simd = (opcode: number, ...immediate: readonly number[]): Code => [
  0xfd,
  ...unsigned(opcode),
  ...immediate,
];

/** Four times the same float. */
export function f32Splat(value: number): Code {
  return fourTimes(new Uint8Array(Float32Array.of(value).buffer));
}

/** Four times the same integer. */
export function i32Splat(value: number): Code {
  return fourTimes(new Uint8Array(Int32Array.of(value).buffer));
}

/** All bits of the first lane, none of the others. */
export const firstLane: Code = simd(0x0c, ...Array<number>(4).fill(255), ...Array<number>(12).fill(0));

function fourTimes(bytes: Uint8Array): Code {
  return simd(0x0c, ...bytes, ...bytes, ...bytes, ...bytes);
}

/** Memory operands: no alignment is promised and no offset added. */
const plain = [0, 0] as const;

export const vectorOps = {
  load: simd(0x00, ...plain),
  /** The vector so many vectors after an address. */
  loadAt: (index: number): Code => simd(0x00, 0, ...unsigned(16 * index)),
  loadSplat32: simd(0x09, ...plain),
  loadOne32: simd(0x5c, ...plain),
  loadTwo32: simd(0x5d, ...plain),
  loadOne8: (lane: Code): Code => [...lane, ...i32Splat(0), ...simd(0x54, ...plain, 0)],
  loadSplat8: simd(0x07, ...plain),
  store: simd(0x0b, ...plain),
  storeAt: (index: number): Code => simd(0x0b, 0, ...unsigned(16 * index)),
  storeOne32: simd(0x5a, ...plain, 0),
  storeTwo32: simd(0x5b, ...plain, 0),
  storeOne8: simd(0x58, ...plain, 0),
  not: simd(0x4d),
  and: simd(0x4e),
  andNot: simd(0x4f),
  or: simd(0x50),
  bitSelect: simd(0x52),
  narrow32: simd(0x85),
  narrow16: simd(0x65),
  widen8: simd(0x89),
  widen16: simd(0xa9),
  /** The upper half of a vector in place of the lower, and the second word in place of the first. */
  upperHalf: simd(0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15),
  secondWord: simd(0x0d, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7),
} as const;

export const floats = {
  equal: simd(0x41),
  less: simd(0x43),
  lessEqual: simd(0x45),
  nearest: simd(0x6a),
  abs: simd(0xe0),
  neg: simd(0xe1),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  min: simd(0xe8),
  max: simd(0xe9),
  fromInteger: simd(0xfa),
} as const;

export const integers = {
  equal: simd(0x37),
  notEqual: simd(0x38),
  less: simd(0x39),
  lessEqual: simd(0x3d),
  add: simd(0xae),
  sub: simd(0xb1),
  mul: simd(0xb5),
  min: simd(0xb6),
  max: simd(0xb8),
  /** Four times the i32 on the stack. */
  splat: simd(0x11),
  shiftLeft: simd(0xab),
  shiftRight: simd(0xac),
  fromFloat: simd(0xf8),
} as const;

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): Code {
  return vector(Array.from(value, (character) => [character.charCodeAt(0)]));
}

/** LEB128, the format's variable-length integer. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  const low = value & 0x7f;
  const rest = value >> 7;
  const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return done ? [low] : [low | 0x80, ...signed(rest)];
}

/**
 * Collects one kernel while it is written: its bindings, sizes, workgroup memory and statements. It lives for
 * one kernel. A writer knows buffers by number only; which value lives where is the business of scope.ts.
 */
import type { Dim } from "../../ir/dim.ts";
import type { Span } from "../../errors/span.ts";
import type { DType } from "../../ir/type.ts";
import type { Access, StoredType } from "../../../runtime/webgpu/schedule.ts";
import { withCallees } from "./helpers.ts";
import type {
  Action,
  Binding,
  Kernel,
  KernelFeature,
  KernelFunction,
  Quad,
  ScalarType,
  SharedArray,
  Statement,
  Value,
} from "./kernel.ts";
import { numberText, sizeText } from "./sizes.ts";

export interface WrittenKernel {
  readonly kernel: Kernel;
  /** Buffer numbers in binding order. */
  readonly buffers: readonly number[];
  /** Override names and the free sizes they hold. */
  readonly overrides: readonly { readonly name: string; readonly size: string }[];
}

/** `rows`: bound from the shard of the chunk at hand on, so that `rowOfChunk` is the chunk's first row. */
export type Reach = "whole" | "rows";

function keyOf(buffer: number, reach: Reach): string {
  return `${buffer} ${reach}`;
}

interface BoundBuffer {
  readonly buffer: number;
  readonly binding: Binding;
}

export class KernelWriter {
  readonly #bindings = new Map<string, BoundBuffer>();
  readonly #overrides = new Map<string, string>();
  readonly #shared: SharedArray[] = [];
  readonly #helpers = new Set<string>();
  readonly #functions: KernelFunction[] = [];
  readonly #features = new Set<KernelFeature>();
  readonly #comments: string[] = [];
  readonly #chunkNames: ReadonlySet<string>;
  readonly #storedAs: (buffer: number) => StoredType;
  #block: Statement[] = [];
  #span: Span | undefined;
  #chunked = false;
  #names = 0;

  /** `chunkNames` are the free sizes that stand for a chunk's. */
  constructor(chunkNames: ReadonlySet<string>, storedAs: (buffer: number) => StoredType) {
    this.#chunkNames = chunkNames;
    this.#storedAs = storedAs;
  }

  /** A size as u32 text. */
  size(dim: Dim): string {
    return sizeText(dim, (name) => this.#nameOfSize(name));
  }

  /** A size as an f32 number. */
  numberOf(dim: Dim): string {
    return numberText(dim, (name) => this.#nameOfSize(name));
  }

  #nameOfSize(name: string): string {
    if (!this.#chunkNames.has(name)) return this.#override(name);
    this.#chunked = true;
    return "chunk.size";
  }

  /** The first class of the chunk at hand, u32. */
  firstOfChunk(): string {
    this.#chunked = true;
    return "chunk.first";
  }

  /** Where the chunk begins in a buffer that is bound by its shard, u32. */
  rowOfChunk(): string {
    this.#chunked = true;
    return "chunk.row";
  }

  comment(text: string): void {
    if (!this.#comments.includes(text)) this.#comments.push(text);
  }

  push(...actions: readonly Action[]): void {
    const span = this.#span;
    this.#block.push(...actions.map((action) => (span === undefined ? action : { ...action, span })));
  }

  /** What `write` pushes comes from this place of the source, but for parts that name their own. */
  from<T>(span: Span | undefined, write: () => T): T {
    const outer = this.#span;
    this.#span = span ?? outer;
    const result = write();
    this.#span = outer;
    return result;
  }

  /** Names the value in the current block. A name stays as it is. */
  let(value: Value, hint = "v"): Value {
    if (/^[a-z_]\w*$/i.test(value.text)) return value;
    const name = this.fresh(hint);
    this.push({ kind: "let", name, value: value.text, type: value.type });
    return { text: name, type: value.type };
  }

  /** The name of a u32 in the current block. */
  index(text: string, hint: string): string {
    return this.let({ text, type: "u32" }, hint).text;
  }

  fresh(hint: string): string {
    return `${hint}${this.#names++}`;
  }

  /**
   * The statements that `write` pushes, as a block of their own. Its names are free again behind it, so that blocks which
   * do the same read the same, and pack well.
   */
  block(write: () => void): readonly Statement[] {
    const [outer, names] = [this.#block, this.#names];
    const inner: Statement[] = [];
    this.#block = inner;
    write();
    [this.#block, this.#names] = [outer, names];
    return inner;
  }

  loop(hint: string, from: string, below: string, step: string, write: (name: string) => void): void {
    const name = this.fresh(hint);
    const body = this.block(() => write(name));
    this.push({ kind: "loop", name, from, below, step, body });
  }

  when(condition: string, write: () => void): void {
    this.push({ kind: "if", condition, body: this.block(write) });
  }

  /** A function of the kernel; see routines.ts. */
  declare(made: KernelFunction): void {
    this.#functions.push(made);
  }

  /** Whether a name is known throughout the module and its value, or what lies behind it, stays as it is. */
  isNeverWritten(name: string): boolean {
    const bound = [...this.#bindings.values()].find(({ binding }) => binding.name === name);
    return bound === undefined || bound.binding.access === "read";
  }

  shared(name: string, element: SharedArray["element"], length: number): void {
    this.#shared.push({ name, element, length });
  }

  enable(feature: KernelFeature): void {
    this.#features.add(feature);
  }

  call(helper: string, type: ScalarType, ...operands: readonly string[]): Value {
    withCallees(helper).forEach((name) => this.#helpers.add(name));
    return { text: `${helper}(${operands.join(", ")})`, type };
  }

  load(buffer: number, dtype: DType, index: string): Value {
    return this.#load(buffer, "whole", dtype, index);
  }

  /** `index` counts from the first row of the shard. */
  loadRow(buffer: number, dtype: DType, index: string): Value {
    return this.#load(buffer, "rows", dtype, index);
  }

  #load(buffer: number, reach: Reach, dtype: DType, index: string): Value {
    const { name, isWide } = this.#binding(buffer, reach, "read", dtype);
    const text = isWide ? `${name}[(${index}) / 4u][(${index}) % 4u]` : `${name}[${index}]`;
    if (this.#storedAs(buffer) === "f16") return { text: `f32(${text})`, type: "f32" };
    return dtype === "bool" ? { text: `(${text} != 0u)`, type: "bool" } : { text, type: dtype };
  }

  /** Whether nothing in the kernel has read or written the buffer by single elements. */
  takesQuads(buffer: number, reach: Reach): boolean {
    return this.#bindings.get(keyOf(buffer, reach))?.binding.isWide ?? true;
  }

  /** Four elements of f32 as they are stored; `index`, of the first, is a multiple of four. */
  loadQuad(buffer: number, reach: Reach, index: string): Quad {
    const { name, element } = this.#binding(buffer, reach, "read", "f32", true);
    const place = /^\w+$/.test(index) ? index : `(${index})`;
    return { text: `${name}[${place} / 4u]`, element: element === "f16" ? "f16" : "f32" };
  }

  store(buffer: number, dtype: DType, index: string, value: Value): void {
    this.#store(buffer, "whole", dtype, index, value);
  }

  /** `index` counts from the first row of the shard. */
  storeRow(buffer: number, dtype: DType, index: string, value: Value): void {
    this.#store(buffer, "rows", dtype, index, value);
  }

  #store(buffer: number, reach: Reach, dtype: DType, index: string, value: Value): void {
    const { name } = this.#binding(buffer, reach, "write", dtype);
    this.push({
      kind: "store",
      buffer: name,
      index,
      value:
        dtype === "bool"
          ? `select(0u, 1u, ${value.text})`
          : this.#storedAs(buffer) === "f16"
            ? `f16(${value.text})`
            : value.text,
    });
  }

  /** The element before it is stored again. */
  loadForUpdate(buffer: number, dtype: DType, index: string): Value {
    this.#binding(buffer, "whole", "update", dtype);
    return this.load(buffer, dtype, index);
  }

  finish(name: string, workgroupSize: number): WrittenKernel {
    const kernel: Kernel = {
      name,
      comments: this.#comments,
      bindings: [...this.#bindings.values()].map(({ binding }) => binding),
      overrides: [...this.#overrides.values()].sort(),
      chunked: this.#chunked,
      shared: this.#shared,
      helpers: [...this.#helpers],
      functions: this.#functions,
      workgroupSize,
      features: [...this.#features].sort(),
      body: this.#block,
    };
    const overrides = [...this.#overrides].map(([size, constant]) => ({ name: constant, size }));
    return { kernel, buffers: [...this.#bindings.values()].map(({ buffer }) => buffer), overrides };
  }

  #binding(buffer: number, reach: Reach, access: Access, dtype: DType, isWide = false): Binding {
    const key = keyOf(buffer, reach);
    const known = this.#bindings.get(key);
    if (known !== undefined) {
      const { binding } = known;
      // Invocations that write components of one quad would get into each other's way.
      if (binding.isWide && access !== "read") throw new Error(`${binding.name} is read in fours`);
      if (binding.access !== access)
        this.#bindings.set(key, { buffer, binding: { ...binding, access: "update" } });
      return binding;
    }
    const name = `${{ read: "in", write: "out", update: "total" }[access]}${this.#bindings.size}`;
    const half = this.#storedAs(buffer) === "f16";
    if (half) this.enable("shader-f16");
    const element = half ? "f16" : dtype === "bool" ? "u32" : dtype;
    const binding: Binding = { name, access, element, sliced: reach === "rows", isWide };
    this.#bindings.set(key, { buffer, binding });
    return binding;
  }

  #override(name: string): string {
    const known = this.#overrides.get(name);
    if (known !== undefined) return known;
    const plain = `size_${name.replace(/[^\p{L}\p{N}_]+/gu, "_")}`;
    const taken = new Set(this.#overrides.values());
    let made = plain;
    for (let count = 2; taken.has(made); count++) made = `${plain}_${count}`;
    this.#overrides.set(name, made);
    return made;
  }
}

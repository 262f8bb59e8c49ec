/** An entry of a text on nested lists, evaluated by the float64 reference: what tests of the library call. */
import { elaborateEntry } from "../../compiler/check/index.ts";
import { openInputTypes } from "../../src/values/input-types.ts";
import { type Nested, fromNested, toNested } from "../../src/values/nested.ts";
import { type NamedReferences, isRunFault, runEntry } from "../../src/values/run-entry.ts";
import { hostOf } from "./elaborated-loss.ts";

export interface RunTextOptions {
  readonly set?: Readonly<Record<string, string>>;
  readonly inputs?: Readonly<Record<string, Nested>>;
  readonly params?: Readonly<Record<string, Nested>>;
  readonly state?: Readonly<Record<string, Nested>>;
  readonly step?: number;
  readonly seed?: number;
  readonly dims?: Readonly<Record<string, number>>;
  /** Default: at inference. */
  readonly when?: "training";
}

export interface RunTextResult {
  readonly value: Nested;
  readonly grads: Readonly<Record<string, Nested>>;
  readonly state: Readonly<Record<string, Nested>>;
}

/** Throws with the diagnostics, or with what does not fit. */
export async function runText(text: string, entry: string, options: RunTextOptions): Promise<RunTextResult> {
  const host = hostOf({ "test.margo": text });
  const inputs = references(options.inputs);
  const { program, diagnostics } = elaborateEntry(host, "test.margo", entry, {
    set: options.set ?? {},
    gradients: true,
    training: options.when === "training",
    inputTypes: openInputTypes(host, "test.margo", entry, inputs),
  });
  if (program === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const values = {
    inputs,
    params: references(options.params),
    state: references(options.state),
    step: options.step ?? 0,
  };
  const result = await runEntry(program, values, {
    target: "reference",
    seed: options.seed ?? 1,
    dims: options.dims ?? {},
  });
  if (isRunFault(result)) throw new Error(`${result.message} (${result.help ?? ""})`);
  const { value, grads, state } = result;
  return { value: toNested(value), grads: lists(grads), state: lists(state) };
}

function references(named: Readonly<Record<string, Nested>> = {}): NamedReferences {
  return Object.fromEntries(
    Object.entries(named).map(([name, list]) => {
      const reference = fromNested(list);
      if (typeof reference === "string") throw new Error(`${name}: ${reference}`);
      return [name, reference];
    }),
  );
}

function lists(named: NamedReferences): Readonly<Record<string, Nested>> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, toNested(value)]));
}

/** All numbers of a nested list, last axis fastest. */
export function flat(nested: Nested | undefined): readonly number[] {
  if (nested === undefined || nested === null) return [];
  return typeof nested === "object" ? nested.flatMap((part) => flat(part)) : [Number(nested)];
}

/** Reproducible numbers in [-1, 1), as nested lists of a shape. */
export function numbers(seed: number, ...shape: readonly number[]): Nested[] {
  let state = seed * 2654435761;
  const next = (): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 1073741824 - 1;
  };
  const build = (axis: number): Nested[] =>
    Array.from({ length: shape[axis] ?? 0 }, () => (axis === shape.length - 1 ? next() : build(axis + 1)));
  return build(0);
}

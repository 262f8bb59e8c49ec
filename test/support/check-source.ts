/**
 * The helpers of the checker's tests: a source text on one side, what the checker says about it or what it
 * computes on the other.
 */
import { expect } from "vitest";
import { type ElaborateOptions, checkFile, elaborateEntry } from "../../compiler/check/index.ts";
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import { type TensorType, printType } from "../../compiler/ir/type.ts";
import type { Program, ProgramFunction } from "../../compiler/program.ts";
import type { Reference } from "../../compiler/ops/record.ts";
import { type Feeds, evaluateGraph } from "../../compiler/reference.ts";
import { hostOf } from "./elaborated-loss.ts";
import { values } from "./references.ts";

type Files = Readonly<Record<string, string>>;

const file = "test.margo";

/** Everything that is said, as `line: code message`, labels and help indented below. */
export function check(source: string, expected: string, others: Files = {}): void {
  const host = hostOf({ [file]: source, ...others });
  const said = checkFile(host, file).diagnostics.map((diagnostic) => told(host.read, diagnostic));
  expect(`${source.trim()}\n----\n${said.join("\n")}`).toBe(`${source.trim()}\n----\n${expected.trim()}`);
}

function told(read: (file: string) => string | undefined, diagnostic: Diagnostic): string {
  const place = ({ span }: Pick<Diagnostic, "span">): string => {
    const text = read(span.file) ?? "";
    const line = text.slice(0, span.start).split("\n").length;
    return `${span.file === file ? "" : `${span.file}:`}${line} \`${text.slice(span.start, span.end)}\``;
  };
  const { code, severity, message, labels, help } = diagnostic;
  return [
    `${place(diagnostic)}: ${severity === "error" ? "" : "warning "}${code} ${message}`,
    ...labels.map((label) => `  ${place(label)}: ${label.message}`),
    ...(help === undefined ? [] : [`  help: ${help}`]),
  ].join("\n");
}

/** The types of expressions, by their text. */
export function typesOf(source: string): Readonly<Record<string, string>> {
  const { types, diagnostics } = checkFile(hostOf({ [file]: source }), file);
  expect(diagnostics).toEqual([]);
  return Object.fromEntries(types.map(({ span, text }) => [source.slice(span.start, span.end), text]));
}

export function programOf(
  source: string,
  entry: string,
  options: ElaborateOptions = {},
  others: Files = {},
): Program {
  const { program, diagnostics } = elaborateEntry(
    hostOf({ [file]: source, ...others }),
    file,
    entry,
    options,
  );
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  if (program === undefined) throw new Error(`${entry} made no program`);
  return program;
}

/** What `elaborateEntry` says where it makes no program. */
export function refusalOf(source: string, entry: string, options: ElaborateOptions = {}): string {
  const host = hostOf({ [file]: source });
  const { program, diagnostics } = elaborateEntry(host, file, entry, options);
  expect(program).toBeUndefined();
  return diagnostics.map((diagnostic) => told(host.read, diagnostic)).join("\n");
}

export function functionOf({ functions, name }: Program, wanted: string): ProgramFunction {
  const found = functions.find((fn) => fn.name === wanted);
  if (found === undefined) throw new Error(`${name} has no function ${wanted}`);
  return found;
}

/** Variables as `name: type`. */
export function variablesOf({ variables }: Program): readonly string[] {
  return variables.map(({ name, type }) => `${name}: ${printType(type)}`);
}

/** Nested numbers, as they are written in JSON. */
export type Nested = number | readonly Nested[];

/** A tensor from nested numbers; labels and counters are i32. */
export function tensor(nested: Nested, dtype: TensorType["dtype"] = "f32"): Reference {
  const shape: number[] = [];
  for (let level: Nested | undefined = nested; Array.isArray(level); level = level[0])
    shape.push(level.length);
  return values(dtype, shape, flattened(nested));
}

function flattened(nested: Nested): number[] {
  return typeof nested === "number" ? [nested] : nested.flatMap(flattened);
}

/** The outputs of a function, variables at their first values unless they are given. */
export function run(program: Program, wanted: string, inputs: Feeds): Readonly<Record<string, Reference>> {
  const fn = functionOf(program, wanted);
  const dims = sizesOf(fn, inputs);
  const counters: Feeds = { step: tensor(0, "i32"), epoch: tensor(0, "i32"), seed: tensor(7, "i32") };
  const initial = program.variables.map(({ name, initial: node }) => ({ name, node }));
  const first = evaluateGraph({ outputs: initial }, counters, dims);
  return evaluateGraph(fn.graph, { ...counters, ...first, ...inputs }, dims);
}

function sizesOf({ inputs }: ProgramFunction, feeds: Feeds): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const { name, type } of inputs)
    type.shape.forEach((dim, axis) => {
      const size = feeds[name]?.shape[axis];
      if (size !== undefined && /^[\w.()]+$/.test(dim.key) && !/^\d/.test(dim.key)) sizes[dim.key] = size;
    });
  return sizes;
}

/** The value of an entry on nested numbers, as nested numbers. */
export function valueOf(
  source: string,
  entry: string,
  inputs: Readonly<Record<string, Nested>> = {},
  options: ElaborateOptions = {},
): Nested {
  const program = programOf(source, entry, options);
  const fed = functionOf(program, "value").inputs.flatMap(({ name, type }) => {
    const given = inputs[name];
    return given === undefined ? [] : [[name, tensor(given, type.dtype)] as const];
  });
  const { value } = run(program, "value", Object.fromEntries(fed));
  if (value === undefined) throw new Error(`${entry} has no value`);
  return nested(value);
}

export function nested({ shape, data }: Reference): Nested {
  const build = (axis: number, start: number, size: number): Nested => {
    const count = shape[axis];
    if (count === undefined) return data[start] ?? NaN;
    const step = size / Math.max(count, 1);
    return Array.from({ length: count }, (_, index) => build(axis + 1, start + index * step, step));
  };
  return build(0, 0, data.length);
}

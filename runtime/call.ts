/**
 * What every executor checks before a call: names, element types, shapes, label ranges, and the sizes that
 * the call gives to the free names. One set of words for all targets.
 */
import type { FunctionInfo, HostTensor, InputInfo, NamedTensors, ProgramInfo, ValueInfo } from "./program.ts";
import { type Sizes, nameOfSize, sizeOf } from "./sizes.ts";

/** Throws with the names there are when there is none of that name. */
export function functionNamed(info: ProgramInfo, name: string): FunctionInfo {
  const found = info.functions.find((fn) => fn.name === name);
  if (found !== undefined) return found;
  throw new Error(
    `${info.name} has no function "${name}"; it has ${listed(info.functions.map((fn) => fn.name))}`,
  );
}

/** Sizes of the free names for a call. `known` are shapes that already hold, those of the variables. */
export function checkInputs(fn: FunctionInfo, inputs: NamedTensors, known: Sizes): Sizes {
  const extra = Object.keys(inputs).find((name) => fn.inputs.every((input) => input.name !== name));
  if (extra !== undefined)
    throw new Error(
      `${fn.name} has no input "${extra}"; it takes ${listed(fn.inputs.map((input) => input.name))}`,
    );
  const given = fn.inputs.map((input) => [input, valueNamed(fn, inputs, input)] as const);
  const sizes: Record<string, number> = { ...known };
  for (const [input, value] of given) bindSizes(input, value, sizes);
  for (const [input, value] of given) {
    checkValue(input, value, sizes);
    checkBound(input, value);
  }
  return sizes;
}

/** Sizes of the free names that a value's shape settles. */
export function bindSizes(
  info: ValueInfo,
  value: Partial<Pick<HostTensor, "shape">>,
  sizes: Record<string, number>,
): void {
  for (const [axis, size] of info.shape.entries()) {
    const name = nameOfSize(size);
    const given = value.shape?.[axis];
    if (name !== undefined && given !== undefined) sizes[name] ??= given;
  }
}

/** Throws unless element type, shape and number of elements are those declared. */
export function checkValue(info: ValueInfo, value: HostTensor, sizes: Sizes): void {
  const declared = `${info.dtype}[${info.shape.join(", ")}]`;
  const holder = holders[info.dtype];
  if (!Array.isArray(value.shape))
    throw new Error(
      `${info.name} is ${declared}, given as { dtype: "${info.dtype}", shape: […], data: ${holder} }`,
    );
  if (value.dtype !== info.dtype)
    throw new Error(`${info.name} is ${info.dtype}, but ${value.dtype} was given`);
  if (value.data?.[Symbol.toStringTag] !== holder)
    throw new Error(`${info.name} is ${info.dtype}, so its data is a ${holder}`);
  const fits =
    value.shape.length === info.shape.length &&
    info.shape.every((size, axis) => (sizeOf(size, sizes) ?? value.shape[axis]) === value.shape[axis]);
  if (!fits)
    throw new Error(
      `${info.name} is ${declared}${where(info, sizes)}, but [${value.shape.join(", ")}] was given`,
    );
  const count = value.shape.reduce((product, size) => product * size, 1);
  if (value.data.length !== count)
    throw new Error(
      `${info.name} holds ${value.data.length} elements, but its shape [${value.shape.join(", ")}] ${count}`,
    );
}

/** Devices take the bytes as they are, so numbers of another kind would be read as other numbers. */
const holders = { f32: "Float32Array", i32: "Int32Array", bool: "Uint8Array" } as const;

function checkBound(input: InputInfo, value: HostTensor): void {
  const { bound } = input;
  if (bound === undefined) return;
  const row = value.data.findIndex((label) => label < 0 || label >= bound);
  if (row >= 0)
    throw new Error(`${input.name} holds ${value.data[row]} in row ${row}; labels here are 0 … ${bound - 1}`);
}

function valueNamed(fn: FunctionInfo, inputs: NamedTensors, input: InputInfo): HostTensor {
  const value = inputs[input.name];
  if (!value) throw new Error(`${fn.name} needs the input "${input.name}"`);
  return value;
}

function where(info: ValueInfo, sizes: Sizes): string {
  const bound = info.shape.flatMap((size) => {
    const name = nameOfSize(size);
    return name !== undefined && sizes[name] !== undefined ? [`${name} = ${sizes[name]}`] : [];
  });
  return bound.length === 0 ? "" : ` with ${bound.join(", ")}`;
}

export function listed(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}

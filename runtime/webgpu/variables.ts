/**
 * The variables of a program on its device: a buffer each, or several shards of one that is larger than the device
 * binds. They stay where they are while the size does. A variable has a shape from its first value on. Reading and writing all of them is what a checkpoint does.
 */
import { bindSizes, checkValue, listed } from "../call.ts";
import type { HostTensor, NamedTensors, ProgramInfo, VariableInfo } from "../program.ts";
import type { Sizes } from "../sizes.ts";
import type { GpuDevice } from "./device.ts";
import { type DeviceMemory, countOf, fromWords, uploadShards } from "./memory.ts";
import type { ReadBack } from "./read-back.ts";
import { mostBytesOf, shardBytes } from "./shards.ts";

export interface Variables {
  /** The shards of a variable that has a value of so many bytes. */
  readonly shards: (name: string, bytes: number) => readonly GPUBuffer[];
  /**
   * Buffers for new values of these shapes, which they have from now on. Others are made where sizes change, and
   * `onMoved` is called before.
   */
  readonly place: (shapes: Shapes) => Promise<ReadonlyMap<string, readonly GPUBuffer[]>>;
  /** Free sizes that the variables settle. */
  readonly sizes: () => Sizes;
  readonly read: (names?: readonly string[]) => Promise<NamedTensors>;
  /** All are checked before any is replaced. */
  readonly write: (values: NamedTensors) => Promise<void>;
}

type Shapes = Readonly<Record<string, readonly number[]>>;

interface Variable {
  readonly shards: readonly GPUBuffer[];
  readonly bytes: number;
  readonly shape: readonly number[];
}

interface WantedVariable extends Pick<Variable, "bytes" | "shape"> {
  readonly name: string;
}

export interface VariablesPlace {
  readonly gpu: GpuDevice;
  readonly info: ProgramInfo;
  readonly memory: DeviceMemory;
  readonly readBack: ReadBack;
  /** Bind groups that hold the old buffers are of no use any more. */
  readonly onMoved: () => void;
}

export function createVariables({ gpu, info, memory, readBack, onMoved }: VariablesPlace): Variables {
  const { device } = gpu;
  const variables = new Map<string, Variable>();
  const valued = (name: string): Variable => {
    const variable = variables.get(name);
    if (variable !== undefined) return variable;
    throw new Error(`${name} of ${info.name} has no value yet: initialize the program or write it first`);
  };
  const replace = (moved: readonly WantedVariable[]) => {
    if (moved.some(({ name }) => variables.has(name))) onMoved();
    for (const { name } of moved) {
      const old = variables.get(name);
      old?.shards.forEach(memory.free);
      variables.delete(name);
    }
    return memory.together(
      `the variables of ${info.name}`,
      (allocate) =>
        new Map(
          moved.map(({ name, bytes, shape }) => [
            name,
            shardBytes(bytes, shape[0] ?? 1, mostBytesOf(device)).map((each) => allocate(each, name)),
          ]),
        ),
    );
  };
  const place: Variables["place"] = async (shapes) => {
    const wanted = Object.entries(shapes).map(([name, shape]): WantedVariable => ({
      name,
      shape,
      bytes: Math.max(4, countOf(shape) * 4),
    }));
    const moved = wanted.filter(({ name, bytes }) => variables.get(name)?.bytes !== bytes);
    const made = moved.length === 0 ? new Map<string, readonly GPUBuffer[]>() : await replace(moved);
    for (const { name, shape, bytes } of wanted) {
      const shards = made.get(name) ?? variables.get(name)?.shards;
      if (shards !== undefined) variables.set(name, { shards, bytes, shape });
    }
    return new Map(wanted.map(({ name }) => [name, valued(name).shards]));
  };
  return {
    place,
    shards: (name, bytes) => {
      const variable = valued(name);
      if (variable.bytes === bytes) return variable.shards;
      throw new Error(`${name} holds ${variable.bytes} bytes, but the sizes of this call ask for ${bytes}`);
    },
    sizes: () => {
      const sizes: Record<string, number> = {};
      for (const each of info.variables) {
        const variable = variables.get(each.name);
        if (variable !== undefined) bindSizes(each, variable, sizes);
      }
      return sizes;
    },
    read: async (names = info.variables.map(({ name }) => name)) => {
      const values: [string, HostTensor][] = [];
      for (const name of names) {
        const { dtype } = variableInfo(info, name);
        const { shards, shape } = valued(name);
        const words = await readBack.whole(device, shards, countOf(shape) * 4);
        values.push([name, fromWords(words, dtype, shape)]);
      }
      return Object.fromEntries(values);
    },
    write: async (values) => {
      for (const [name, value] of Object.entries(values)) checkValue(variableInfo(info, name), value, {});
      const shapes = Object.entries(values).map(([name, { shape }]) => [name, shape] as const);
      for (const [name, shards] of await place(Object.fromEntries(shapes))) {
        const value = values[name];
        if (value !== undefined) uploadShards(device, shards, value);
      }
    },
  };
}

function variableInfo(info: ProgramInfo, name: string): VariableInfo {
  const found = info.variables.find((variable) => variable.name === name);
  if (found !== undefined) return found;
  throw new Error(
    `${info.name} has no variable "${name}"; it has ${listed(info.variables.map((v) => v.name))}`,
  );
}

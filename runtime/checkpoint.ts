/**
 * A run at one moment, as one safetensors file: every variable under its own name (parameters, states
 * and optimizer state alike), and in the metadata the step, the position in the data, the seed and the
 * running sums of the epoch. Random numbers depend on (seed, step, site) alone, so this is all the random
 * state there is, and a run that goes on from here equals one that never stopped, bit for bit.
 */
import type { Position } from "./batches.ts";
import { type RuntimeFault, isFault, runFaults } from "./errors.ts";
import type { HostTensor, NamedTensors, ProgramInfo, VariableInfo } from "./program.ts";
import { type Bytes, joinedBytes, readSafetensors, safetensorsParts } from "./safetensors.ts";

/** What the epoch so far adds up to; means of them are what an epoch reports. */
export interface EpochSums {
  readonly loss: number;
  readonly correct: number;
  readonly rows: number;
}

/** How far a run has come: what it needs to go on as if it had never stopped, besides its variables. */
export interface Progress {
  /** Finished training steps. */
  readonly step: number;
  readonly position: Position;
  readonly sums: EpochSums;
}

/** A run at one moment. Its seed, step and position give all random numbers that follow. */
export interface Checkpoint {
  readonly program: string;
  readonly target: string;
  readonly seed: number;
  readonly progress: Progress;
  readonly variables: NamedTensors;
}

export const noSums: EpochSums = { loss: 0, correct: 0, rows: 0 };

export const runStart: Progress = { step: 0, position: { epoch: 0, batch: 0 }, sums: noSums };

/** The bytes of a checkpoint: a safetensors file with every variable under its name. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  return joinedBytes(checkpointParts(checkpoint));
}

/** The same in parts, one after the other: variables are not copied. */
export function checkpointParts(checkpoint: Checkpoint): readonly Uint8Array[] {
  const { program, target, seed, progress, variables } = checkpoint;
  return safetensorsParts({
    tensors: variables,
    metadata: {
      format: checkpointFormat,
      program,
      target,
      seed: String(seed),
      step: String(progress.step),
      epoch: String(progress.position.epoch),
      batch: String(progress.position.batch),
      "epoch.loss": String(progress.sums.loss),
      "epoch.correct": String(progress.sums.correct),
      "epoch.rows": String(progress.sums.rows),
    },
  });
}

const checkpointFormat = "margo-checkpoint-1";

/** A checkpoint from its bytes, or a fault where they are none; `file` is how the fault calls them. */
export function decodeCheckpoint(bytes: Bytes, file?: string): Checkpoint | RuntimeFault {
  const read = readSafetensors(bytes, file);
  if (isFault(read)) return read;
  const { metadata, tensors } = read;
  if (metadata["format"] !== checkpointFormat)
    return runFaults.notACheckpoint(`its format is ${JSON.stringify(metadata["format"] ?? "unknown")}`, file);
  const whole = (name: string) => numberFrom(metadata[name], Number.isSafeInteger);
  const finite = (name: string) => numberFrom(metadata[name], Number.isFinite);
  const [seed, step, epoch, batch] = [whole("seed"), whole("step"), whole("epoch"), whole("batch")];
  const sums = [finite("epoch.loss"), finite("epoch.correct"), finite("epoch.rows")];
  const [loss, correct, rows] = sums;
  if (seed === undefined || step === undefined || epoch === undefined || batch === undefined)
    return runFaults.notACheckpoint("its step, epoch, batch or seed is missing", file);
  if (loss === undefined || correct === undefined || rows === undefined || step < 0 || epoch < 0 || batch < 0)
    return runFaults.notACheckpoint("its progress is not made of numbers", file);
  return {
    program: metadata["program"] ?? "",
    target: metadata["target"] ?? "",
    seed,
    progress: { step, position: { epoch, batch }, sums: { loss, correct, rows } },
    variables: tensors,
  };
}

function numberFrom(text: string | undefined, fits: (value: number) => boolean): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const value = Number(text);
  return fits(value) ? value : undefined;
}

/** What a program takes of another one's weights, and what it begins anew. */
export interface Weights {
  readonly taken: NamedTensors;
  readonly fresh: readonly FreshVariable[];
}

/** A variable that found nothing of its name and type in weights, and so begins anew. */
export interface FreshVariable {
  readonly name: string;
  readonly type: string;
  /** The type under that name in the file; undefined where there is nothing. */
  readonly found?: string;
}

/**
 * The weights of any safetensors file for a program: tensors of the name and shape of one of its parameters or states. A
 * model that is a part of another one has its names behind a word and a point: what ends alike is taken where
 * only one tensor does. What the optimizer keeps belongs to the run that it comes from.
 */
export function weightsFor(
  { name: program, variables }: ProgramInfo,
  bytes: Bytes,
  file?: string,
): Weights | RuntimeFault {
  const read = readSafetensors(bytes, file);
  if (isFault(read)) return read;
  const taken: Record<string, HostTensor> = {};
  const fresh: FreshVariable[] = [];
  const wanted = variables.filter(({ kind }) => kind !== "optimizer");
  for (const variable of wanted) {
    const { name } = variable;
    const own = tensorFor(name, typeText(variable), read.tensors);
    const [type, found] = [typeText(variable), own === undefined ? undefined : typeText(own)];
    if (own !== undefined && type === found) taken[name] = own;
    else fresh.push({ name, type, ...(found === undefined ? {} : { found }) });
  }
  return Object.keys(taken).length === 0
    ? runFaults.noWeights(
        program,
        wanted.map(({ name }) => name),
        Object.keys(read.tensors),
        file,
      )
    : { taken, fresh };
}

function tensorFor(name: string, type: string, tensors: NamedTensors): HostTensor | undefined {
  if (Object.hasOwn(tensors, name)) return tensors[name];
  const alike = Object.entries(tensors).filter(
    ([other, tensor]) =>
      (other.endsWith(`.${name}`) || name.endsWith(`.${other}`)) && typeText(tensor) === type,
  );
  // What an optimizer keeps of a weight ends as the weight does, behind words of its own.
  const weights = alike.filter(([one]) => !alike.some(([other]) => one.endsWith(`.${other}`)));
  return weights.length === 1 ? weights[0]?.[1] : undefined;
}

function typeText({ dtype, shape }: Pick<VariableInfo, "dtype" | "shape">): string {
  return `${dtype}[${shape.join(", ")}]`;
}

/** Says which variable the program and the checkpoint disagree on, if any. */
export function checkpointMismatch(checkpoint: Checkpoint, info: ProgramInfo): RuntimeFault | undefined {
  const { variables } = checkpoint;
  for (const variable of info.variables) {
    const own = Object.hasOwn(variables, variable.name) ? variables[variable.name] : undefined;
    if (own === undefined) return runFaults.checkpointMismatch(`it has no variable "${variable.name}"`);
    const [wanted, found] = [typeText(variable), typeText(own)];
    if (wanted !== found)
      return runFaults.checkpointMismatch(
        `"${variable.name}" is ${found} in it and ${wanted} in the program`,
      );
  }
  const known = new Set(info.variables.map((variable) => variable.name));
  const unknown = Object.keys(variables).find((name) => !known.has(name));
  return unknown === undefined
    ? undefined
    : runFaults.checkpointMismatch(`the program has no variable "${unknown}"`);
}

/**
 * An entry of a text on random values: value, gradients and states by the float64 reference and by a target. For
 * programs that are short enough to be written where they are tested.
 */
import { elaborateEntry } from "../../compiler/check/index.ts";
import { type Bindings, sizeOfDim } from "../../compiler/ir/dim.ts";
import type { Program } from "../../compiler/program.ts";
import type { TrainingTarget } from "../../src/executors/machine.ts";
import { type NamedReferences, isRunFault, runEntry } from "../../src/values/run-entry.ts";
import { hostOf } from "./elaborated-loss.ts";
import { expectSameValues, randomValues } from "./references.ts";

export interface Agreement {
  readonly dims: Bindings;
  readonly targets?: readonly TrainingTarget[];
  /** So little that classes come in several chunks. */
  readonly budgetBytes?: number;
  readonly tolerance?: number;
  /** Labels that no type bounds lie between these; some are out of range of what they look up. */
  readonly labels?: { readonly low: number; readonly high: number };
}

/** The program of an entry, with gradients. Throws with the diagnostics. */
export function programWithGradients(text: string, entry: string): Program {
  const host = hostOf({ "test.margo": text });
  const { program, diagnostics } = elaborateEntry(host, "test.margo", entry, { set: {}, gradients: true });
  if (program === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return program;
}

/** Compares all that `margo run --grad` prints; sums of f32 are short here, so a few roundings are allowed. */
export async function expectAgreement(text: string, entry: string, agreement: Agreement): Promise<void> {
  const expected = await outcome(text, entry, "reference", agreement);
  for (const target of agreement.targets ?? ["tfjs"])
    expectSameValues(await outcome(text, entry, target, agreement), expected, agreement.tolerance ?? 1e-5);
}

async function outcome(
  text: string,
  entry: string,
  target: TrainingTarget,
  { dims, budgetBytes, labels = { low: -1, high: 3 } }: Agreement,
): Promise<NamedReferences> {
  const program = programWithGradients(text, entry);
  const result = await runEntry(program, valuesFor(program, dims, labels), {
    target,
    seed: 1,
    dims,
    budgetBytes,
  });
  if (isRunFault(result)) throw new Error(`${result.message} (${result.help ?? ""})`);
  const { value, grads, state } = result;
  return { value, ...renamed(grads, "gradient"), ...renamed(state, "next") };
}

function renamed(values: NamedReferences, prefix: string): NamedReferences {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}:${name}`, value]));
}

function valuesFor(program: Program, dims: Bindings, labels: NonNullable<Agreement["labels"]>) {
  const fn = program.functions.find(({ name }) => name === "value");
  const inputs = (fn?.inputs ?? [])
    .filter(({ role }) => role === "data")
    .map(({ name, type, bound }, site) => {
      const shape = type.shape.map((dim) => sizeOfDim(dim, dims));
      const range = bound === undefined ? labels : { low: 0, high: sizeOfDim(bound, dims) - 1 };
      return [name, randomValues(type.dtype, shape, 3, site, range)] as const;
    });
  return { inputs: Object.fromEntries(inputs), params: {}, state: {}, step: 0 };
}

/** `margo gradcheck`: analytic against numeric gradients of entries, one line each. */
import {
  type GradcheckReport,
  defaultGradcheckOptions,
  gradcheck as gradcheckEntry,
} from "../../compiler/gradcheck.ts";
import { type Entry, checkFile } from "../../compiler/check/index.ts";
import type { Parameter } from "../../compiler/syntax/ast.ts";
import { significant } from "../report/numbers.ts";
import { green, red, yellow } from "./colors.ts";
import { Refusal } from "./refusal.ts";
import { type Source, elaborated, sourceAt, tell, withDeclarations } from "./source.ts";
import { atStage } from "./stage.ts";
import { type ExitCode, type Paint, colored, complain, exitFault, exitFine, writeOut } from "./terminal.ts";

export interface GradcheckCommandOptions {
  readonly set: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly json?: boolean;
}

/** What became of one entry. */
type Outcome =
  | { readonly kind: "checked"; readonly report: GradcheckReport }
  /** It has settings without a default that no example fits; they have to be given. */
  | { readonly kind: "open"; readonly entry: string; readonly settings: readonly string[] };

export async function gradcheck(
  file: string,
  names: readonly string[],
  options: GradcheckCommandOptions,
): Promise<ExitCode> {
  const source = sourceAt(file);
  const outcomes: Outcome[] = [];
  for (const entry of entriesOf(source, names)) {
    const outcome = await outcomeOf(source, entry, options);
    outcomes.push(outcome);
    if (options.json !== true) await writeOut(`${lineOf(outcome)}\n`);
  }
  if (options.json === true) await writeOut(`${JSON.stringify(outcomes, null, 2)}\n`);
  const failed = outcomes.some((outcome) => outcome.kind === "checked" && !outcome.report.ok);
  return failed ? exitFault : exitFine;
}

/** Everything that the file declares and that has a gradient, or the entries asked for. */
function entriesOf(source: Source, names: readonly string[]): readonly Entry[] {
  const { diagnostics, entries } = checkFile(source.host, source.file);
  if (diagnostics.some(({ severity }) => severity === "error")) {
    tell(source, diagnostics);
    throw new Refusal(exitFault);
  }
  const unknown = names.find((name) => !entries.some((entry) => entry.name === name));
  if (unknown !== undefined) {
    complain(`${source.file} has no ${unknown}`, `it has ${entries.map(({ name }) => name).join(", ")}`);
    throw new Refusal(exitFault);
  }
  if (names.length > 0) return entries.filter(({ name }) => names.includes(name));
  return entries.filter(({ file, kind }) => file === source.file && kind !== "train" && kind !== "optimizer");
}

async function outcomeOf(source: Source, entry: Entry, options: GradcheckCommandOptions): Promise<Outcome> {
  const { declaration } = entry;
  const parameters = "parameters" in declaration ? [...declaration.settings, ...declaration.parameters] : [];
  const open = parameters.filter((one) => needsSetting(one) && options.set[one.name.name] === undefined);
  const examples = Object.fromEntries(open.map((one) => [one.name.name, exampleOf(one)]));
  const set = { ...examples, ...options.set };
  const result =
    entry.kind === "margin"
      ? await elaborated(withDeclarations(source, marginLoss(entry.name, set)), marginEntry, {
          training: true,
        })
      : await elaborated(source, entry.name, { set, training: true });
  const { program, diagnostics } = result;
  if (program === undefined) {
    if (open.length > 0)
      return { kind: "open", entry: entry.name, settings: open.map(({ name }) => name.name) };
    tell(source, diagnostics);
    throw new Refusal(exitFault);
  }
  const fn = program.functions.find(({ name }) => name === "value") ?? program.functions[0];
  if (fn === undefined) throw new Error(`${entry.name} has no function to check`);
  const { builder, variables } = program;
  const angles = parameters.flatMap((parameter) => anglesAround(parameter, set));
  const report = await atStage("gradcheck", () =>
    gradcheckEntry(
      { name: entry.name, builder, variables, fn },
      { ...defaultGradcheckOptions, seed: options.seed, angles },
    ),
  );
  return { kind: "checked", report };
}

const marginEntry = "margo_margin";

/** A margin has a gradient through a loss: its logits for free rows, weights and labels. */
function marginLoss(name: string, set: Readonly<Record<string, string>>): string {
  const settings = Object.entries(set).map(([key, value]) => `${key}: ${value}`);
  return `loss ${marginEntry}(x: f32[N, D], W: f32[C, D], y: index<C>[N]) {
  let z = logits(${name}(${settings.join(", ")}), x, W, y)
  mean(logsumexp(z, over: C) - pick(z, y))
}`;
}

/** A setting is whatever is no tensor. */
function needsSetting({ type, defaultValue }: Parameter): boolean {
  return type?.kind === "setting" && defaultValue === undefined;
}

function exampleOf({ type }: Parameter): string {
  const kind = type?.kind === "setting" ? type.name : "";
  return examples[kind] ?? "1";
}

const examples: Readonly<Record<string, string>> = {
  int: "3",
  float: "0.5",
  bool: "true",
  list: "[0.5, 0.25]",
  margin: "(none)",
};

/** Where margins break: θ + m = π for a margin that is added, the ends of the m pieces for one that multiplies. */
function anglesAround(
  { name, defaultValue }: Parameter,
  set: Readonly<Record<string, string>>,
): readonly number[] {
  const written = set[name.name];
  const value =
    written === undefined ? (defaultValue?.kind === "number" ? defaultValue.value : NaN) : Number(written);
  if (!Number.isFinite(value) || value <= 0) return [];
  const added = value < Math.PI ? [Math.PI - value] : [];
  const pieces = Number.isInteger(value) && value <= 8 ? value : 1;
  return [...added, ...Array.from({ length: pieces - 1 }, (_, k) => ((k + 1) * Math.PI) / pieces)];
}

function lineOf(outcome: Outcome): string {
  if (outcome.kind === "open")
    return `${painted(yellow, "open")}  ${outcome.entry}: give ${outcome.settings.map((name) => `--set ${name}=…`).join(" ")}`;
  const { entry, points, comparisons, maxRelativeError, worst, kinks, notFinite, ok } = outcome.report;
  const counted = `${comparisons} slopes at ${points} points, largest error ${significant(maxRelativeError)}`;
  const skipped = kinks.length === 0 ? "" : `, ${kinks.length} kinks left out`;
  const head = `${ok ? painted(green, "ok  ") : painted(red, "FAIL")}  ${entry}: ${counted}${skipped}`;
  if (ok) return head;
  const where =
    worst === undefined || notFinite.length > 0
      ? []
      : [`      ${worst.variable} at ${worst.point}: analytic ${worst.analytic}, numeric ${worst.numeric}`];
  const infinite = notFinite.slice(0, 5).map(({ point, name }) => `      ${name} is not finite at ${point}`);
  return [head, ...where, ...infinite].join("\n");
}

function painted(color: Paint, text: string): string {
  return colored(process.stdout) ? color(text) : text;
}

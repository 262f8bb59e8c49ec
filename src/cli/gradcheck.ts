/** `margo gradcheck`: analytic against numeric gradients of entries, one line each. */
import { checkFile } from "../../compiler/check/index.ts";
import { defaultGradcheckOptions } from "../../compiler/gradcheck.ts";
import { type EntryGradcheck, gradcheckEntry, gradcheckNames } from "../../compiler/gradcheck/entries.ts";
import { significant } from "../report/numbers.ts";
import { green, red, yellow } from "./colors.ts";
import { Refusal } from "./refusal.ts";
import { type Source, sourceAt, tell } from "./source.ts";
import { atStage } from "./stage.ts";
import { type ExitCode, type Paint, colored, complain, exitFault, exitFine, writeOut } from "./terminal.ts";

export interface GradcheckCommandOptions {
  readonly set: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly json?: boolean;
}

/** Exit 1 when a gradient is wrong or not finite, or an entry that was asked for cannot be checked. */
export async function gradcheck(
  file: string,
  names: readonly string[],
  options: GradcheckCommandOptions,
): Promise<ExitCode> {
  const source = sourceAt(file);
  const results: EntryGradcheck[] = [];
  for (const entry of entriesOf(source, names)) {
    const result = await atStage("gradcheck", () =>
      gradcheckEntry(source.host, source.file, entry, options.set, {
        ...defaultGradcheckOptions,
        seed: options.seed,
      }),
    );
    results.push(result);
    if (result.report === undefined && names.length > 0) tell(source, result.diagnostics);
    if (options.json !== true) await writeOut(`${lineOf(result)}\n`);
  }
  if (options.json === true) await writeOut(`${JSON.stringify(results, null, 2)}\n`);
  const failed = results.some(({ report }) => (report === undefined ? names.length > 0 : !report.ok));
  return failed ? exitFault : exitFine;
}

/** Everything that the file declares and that has a gradient, or the entries asked for. */
function entriesOf(source: Source, names: readonly string[]): readonly string[] {
  const { diagnostics, entries } = checkFile(source.host, source.file);
  if (diagnostics.some(({ severity }) => severity === "error")) {
    tell(source, diagnostics);
    throw new Refusal(exitFault);
  }
  const unknown = names.find((name) => !entries.some((entry) => entry.name === name));
  if (unknown === undefined) return names.length > 0 ? names : gradcheckNames(source.host, source.file);
  complain(`${source.file} has no ${unknown}`, `it has ${entries.map(({ name }) => name).join(", ")}`);
  throw new Refusal(exitFault);
}

function lineOf({ entry, report, reason }: EntryGradcheck): string {
  if (report === undefined) return `${painted(yellow, "none")}  ${entry}: ${reason ?? "it was not checked"}`;
  const { points, comparisons, leftOut, maxRelativeError, worst, kinks, notFinite, ok } = report;
  const counted = `${counting(comparisons, "slope")} at ${counting(points, "point")}, largest error ${significant(maxRelativeError)}`;
  const skipped = [
    ...(kinks.length === 0 ? [] : [`, ${counting(kinks.length, "kink")} left out`]),
    ...(leftOut === 0 ? [] : [`, ${counting(leftOut, "more direction")} left out of so large a computation`]),
  ].join("");
  const head = `${ok ? painted(green, "ok  ") : painted(red, "FAIL")}  ${entry}: ${counted}${skipped}`;
  if (ok) return head;
  const where =
    worst === undefined || notFinite.length > 0
      ? []
      : [`      ${worst.variable} at ${worst.point}: analytic ${worst.analytic}, numeric ${worst.numeric}`];
  const infinite = notFinite.slice(0, 5).map(({ point, name }) => `      ${name} is not finite at ${point}`);
  return [head, ...where, ...infinite].join("\n");
}

function counting(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function painted(color: Paint, text: string): string {
  return colored(process.stdout) ? color(text) : text;
}

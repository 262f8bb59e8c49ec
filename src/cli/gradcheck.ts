/** `margo gradcheck`: analytic against numeric gradients of entries, one line each. */
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import { relative } from "node:path";
import { checkFile } from "../../compiler/check/index.ts";
import { defaultGradcheckOptions } from "../../compiler/gradcheck.ts";
import { type EntryGradcheck, gradcheckEntry, gradcheckNames } from "../../compiler/gradcheck/entries.ts";
import { displayedName } from "../sources/host.ts";
import { significant } from "../report/numbers.ts";
import { green, red, yellow } from "./colors.ts";
import { expanded } from "./expand-files.ts";
import { Refusal } from "./refusal.ts";
import type { Source } from "../sources/source.ts";
import { sourceAt, tell } from "./source.ts";
import { atStage } from "../sources/stage.ts";
import {
  type ExitCode,
  type Paint,
  animated,
  colored,
  complain,
  exitFault,
  exitFine,
  exitUsage,
  writeOut,
} from "./terminal.ts";

export interface GradcheckCommandOptions {
  readonly set: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly json?: boolean;
}

/**
 * Exit 1 when a gradient is wrong or not finite, or an entry that was asked for cannot be checked. What is no name
 * among `rest` is a further file, folder or pattern; entries go with one file.
 */
export async function gradcheck(
  first: string,
  rest: readonly string[],
  options: GradcheckCommandOptions,
): Promise<ExitCode> {
  const names = rest.filter(isName);
  const { files, missing } = await expanded([first, ...rest.filter((text) => !isName(text))]);
  for (const pattern of missing) complain(`there is no .margo file at ${pattern}`);
  if (names.length > 0 && files.length > 1) {
    complain(
      `${names.join(", ")} could belong to any of ${files.length} files`,
      "give entries with the one file that declares them",
    );
    return exitUsage;
  }
  const results: FileGradcheck[] = [];
  for (const file of files) {
    const heading = files.length > 1 && options.json !== true ? [relative(process.cwd(), file)] : [];
    for (const line of heading) await writeOut(`${line}\n`);
    results.push(...(await checkEntries(sourceAt(file), names, options)));
  }
  if (options.json === true) await writeOut(`${JSON.stringify(results, null, 2)}\n`);
  const failed = results.some(({ report, diagnostics }) =>
    report === undefined ? names.length > 0 || diagnostics.some(isError) : !report.ok,
  );
  return failed || missing.length > 0 ? exitFault : exitFine;
}

/** What only a use of the entry shows: a state that cannot hold its new value, say. */
function isError({ severity }: Diagnostic): boolean {
  return severity === "error";
}

interface FileGradcheck extends EntryGradcheck {
  readonly file: string;
}

function isName(text: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(text);
}

async function checkEntries(
  source: Source,
  names: readonly string[],
  options: GradcheckCommandOptions,
): Promise<readonly FileGradcheck[]> {
  const results: FileGradcheck[] = [];
  for (const entry of entriesOf(source, names)) {
    const done = showWaiting(entry);
    const result = await atStage("gradcheck", () =>
      gradcheckEntry(source.host, source.file, entry, options.set, {
        ...defaultGradcheckOptions,
        seed: options.seed,
      }),
    );
    done();
    results.push({ file: displayedName(source.file, source.root), ...result });
    if (result.report === undefined) tell(source, result.diagnostics);
    if (options.json !== true) await writeOut(`${lineOf(result)}\n`);
  }
  return results;
}

/** A deep network takes a minute: a terminal shows which entry is at work, until the line is taken away. */
function showWaiting(entry: string): () => void {
  if (!animated()) return () => undefined;
  process.stderr.write(`      ${entry} …`);
  return () => process.stderr.write("\r\u001b[K");
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

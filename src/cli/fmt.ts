/**
 * `margo fmt`: files in the one format. A file is written whole or not at all, one with a syntax error is left as it
 * is, and one that is formatted already is not touched.
 */
import { readFile } from "node:fs/promises";
import { text as textOfStream } from "node:stream/consumers";
import { format } from "../format/index.ts";
import { displayedName, isLibraryModule } from "../sources/host.ts";
import { writeWholeFile } from "../files/write-file.ts";
import { expanded } from "./expand-files.ts";
import { renderDiagnostics } from "./render-diagnostics.ts";
import { atStage } from "../sources/stage.ts";
import { type ExitCode, colored, complain, exitFault, exitFine, say, writeOut } from "./terminal.ts";

export interface FmtOptions {
  readonly check?: boolean;
}

/** Exit 1 when a file has a syntax error or does not exist, and with `--check` when one would change. */
export async function fmt(patterns: readonly string[], { check = false }: FmtOptions): Promise<ExitCode> {
  if (patterns.length === 1 && patterns[0] === "-") return formatInput(check);
  const { files, missing } = await expanded(patterns);
  const own = files.filter((file) => !isLibraryModule(file));
  const absent = [...missing, ...files.filter(isLibraryModule)];
  for (const pattern of absent) complain(`there is no .margo file at ${pattern}`);
  const outcomes: Outcome[] = [];
  for (const file of own) outcomes.push(await formatFile(file, check));
  const count = outcomes.filter((outcome) => outcome === "changed").length;
  if (count > 0) say(`${count} of ${own.length} ${check ? "would change" : "changed"}`);
  const isFault = absent.length > 0 || outcomes.includes("broken") || (check && count > 0);
  return isFault ? exitFault : exitFine;
}

type Outcome = "fine" | "changed" | "broken";

/** Its name is data where it changes. */
async function formatFile(path: string, check: boolean): Promise<Outcome> {
  const name = displayedName(path, process.cwd());
  const text = await readFile(path, "utf8");
  const formatted = await formattedText(name, text);
  if (formatted === undefined) return "broken";
  if (formatted === text) return "fine";
  if (!check) await writeWholeFile(path, formatted);
  await writeOut(`${name}\n`);
  return "changed";
}

/** Standard input to standard output; with `--check` only the exit code says what would happen. */
async function formatInput(check: boolean): Promise<ExitCode> {
  const text = await textOfStream(process.stdin);
  const formatted = await formattedText("-", text);
  if (formatted === undefined) return exitFault;
  if (check) return formatted === text ? exitFine : exitFault;
  await writeOut(formatted);
  return exitFine;
}

/** Undefined where the syntax has an error, which is told. */
async function formattedText(name: string, text: string): Promise<string | undefined> {
  const { text: formatted, diagnostics } = await atStage("format", () => format(text, { file: name }));
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return formatted;
  say(renderDiagnostics(errors, () => text, { color: colored(process.stderr) }));
  return undefined;
}

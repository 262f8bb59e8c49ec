/** `margo plot`: curves of margins on one sheet, or several runs on one page. */
import { settingFile } from "../../compiler/check/names.ts";
import { unknownEntry } from "../../compiler/errors/check-names.ts";
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import type { Span } from "../../compiler/errors/span.ts";
import { loadModule } from "../../compiler/check/workspace.ts";
import { marginCurve } from "../views/margin-curves.ts";
import { type MarginUse, marginUse } from "../sources/margin-use.ts";
import { type MarginCurve, marginSheet } from "../report/margin-plot.ts";
import { isRunFolder } from "../runs/run-folder.ts";
import { writeComparison } from "../report/write-report.ts";
import { writeWholeFile } from "../files/write-file.ts";
import { Refusal } from "./refusal.ts";
import { type Source, elaborated, elaboratedAlone } from "../sources/source.ts";
import { declarationsOf, sourceAt, tell } from "./source.ts";
import { atStage } from "../sources/stage.ts";
import { type ExitCode, complain, exitFault, exitFine, exitUsage, writeOut } from "./terminal.ts";

export interface PlotOptions {
  readonly step?: number;
  readonly out?: string;
}

/** By now every schedule has run out: what is drawn is what training ends with. */
const lateStep = 1_000_000_000;

export async function plot(
  file: string,
  margins: readonly string[],
  options: PlotOptions,
): Promise<ExitCode> {
  if (isRunFolder(file)) return compareRuns([file, ...margins], options);
  const source = sourceAt(file);
  const declarations = declarationsOf(source);
  const drawable = declarations.filter(
    (one) => one.kind === "margin" && one.parameters.every(({ defaultValue }) => defaultValue !== undefined),
  );
  const chosen = margins.length > 0 ? margins : drawable.map(({ name }) => name.name);
  if (chosen.length === 0) {
    complain(
      `${file} declares no margin that can be drawn without settings`,
      'give one: margo plot std/margins "LSoftmax(m: 4)"',
    );
    return exitFault;
  }
  const curves: MarginCurve[] = [];
  for (const margin of chosen) {
    const curve = await (margins.length > 0 ? curveOf : curveOrReason)(
      source,
      margin,
      options.step ?? lateStep,
    );
    if (curve !== undefined) curves.push(curve);
  }
  if (curves.length === 0) return exitFault;
  const sheet = await atStage("drawing", () => marginSheet(curves));
  await (options.out === undefined ? writeOut(sheet) : writeWholeFile(options.out, sheet));
  return exitFine;
}

/** `LSoftmax(m: 4)` as the margin's name and its settings; with the names as the file knows them. */
async function curveOf(source: Source, written: string, step: number): Promise<MarginCurve> {
  const use = marginUse(source.workspace, loadModule(source.workspace, source.file), written);
  if (use === undefined) {
    complain(`${written} names no margin`, 'write it as in a loss: "LSoftmax(m: 4)"');
    throw new Refusal(exitFault);
  }
  const { program, diagnostics } = await elaborated(source, use.name, { set: use.settings });
  const told = diagnostics.map((diagnostic) => inArgument(diagnostic, use));
  tell(source, told, new Map([[argumentFile, written]]));
  if (program === undefined) throw new Refusal(exitFault);
  if (program.kind === "margin") return atStage("evaluation", () => marginCurve(program, written, step));
  complain(`${use.name} is a ${program.kind}, not a margin`);
  throw new Refusal(exitFault);
}

/** As which file the text of a margin from the command line is known to diagnostics. */
const argumentFile = "the margin";

/** What is wrong with the name or the settings of a margin from the command line, in that text. */
function inArgument(diagnostic: Diagnostic, { name, settings, places }: MarginUse): Diagnostic {
  if (diagnostic.code === unknownEntry.code)
    return { ...diagnostic, span: { file: argumentFile, start: 0, end: name.length } };
  const moved = (span: Span): Span => {
    const setting = Object.keys(settings).find((one) => settingFile(one) === span.file);
    const offset = setting === undefined ? undefined : places[setting];
    if (offset === undefined) return span;
    return { file: argumentFile, start: span.start + offset, end: span.end + offset };
  };
  const labels = diagnostic.labels.map((label) => ({ ...label, span: moved(label.span) }));
  const { fix: _, ...rest } = diagnostic;
  return { ...rest, span: moved(diagnostic.span), labels };
}

/** Of a margin that nobody named: the others of its file are drawn without it, where it cannot be. */
async function curveOrReason(source: Source, margin: string, step: number): Promise<MarginCurve | undefined> {
  const { program, diagnostics } = await elaboratedAlone(source, margin);
  if (program !== undefined) return atStage("evaluation", () => marginCurve(program, margin, step));
  tell(source, diagnostics);
  complain(`${margin} is left out: it cannot be drawn as it stands`);
  return undefined;
}

async function compareRuns(folders: readonly string[], { out }: PlotOptions): Promise<ExitCode> {
  const stray = folders.find((folder) => !isRunFolder(folder));
  if (stray !== undefined) {
    complain(`${stray} is no folder of a run`, "give run folders alone, or a .margo file and margins");
    return exitUsage;
  }
  await writeOut(`${await writeComparison(folders, out ?? "compare.html")}\n`);
  return exitFine;
}

/** `margo plot`: curves of margins on one sheet, or several runs on one page. */
import { loadModule } from "../../compiler/check/workspace.ts";
import { marginCurve } from "../margin-curves.ts";
import { marginUse } from "../margin-use.ts";
import { type MarginCurve, marginSheet } from "../report/margin-plot.ts";
import { isRunFolder } from "../run-folder.ts";
import { writeComparison } from "../report/write-report.ts";
import { writeWholeFile } from "../write-file.ts";
import { Refusal } from "./refusal.ts";
import { type Source, declarationsOf, elaboratedAlone, programOf, sourceAt, tell } from "./source.ts";
import { atStage } from "./stage.ts";
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
  const program = await programOf(source, use.name, { set: use.settings });
  if (program.kind === "margin") return atStage("evaluation", () => marginCurve(program, written, step));
  complain(`${use.name} is a ${program.kind}, not a margin`);
  throw new Refusal(exitFault);
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

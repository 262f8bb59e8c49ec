/** Data as a function of a program takes it: opened, and its rows in the shape of the inputs. */
import { type Dataset, dataInputs, fitDataset } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault, runFaults } from "../../runtime/errors.ts";
import type { DataSource, ProgramInfo } from "../../runtime/program.ts";
import { type DataContext, openDataset } from "../data/index.ts";

export async function openFitted(
  source: DataSource,
  { name: program, functions }: ProgramInfo,
  name: "step" | "evaluate" | "embed",
  context: DataContext,
): Promise<Dataset | RuntimeFault> {
  const info = functions.find((fn) => fn.name === name);
  const inputs = info === undefined ? undefined : dataInputs(info);
  if (inputs === undefined) return runFaults.missingFunction(program, name);
  const dataset = await openDataset(source, context);
  return isFault(dataset) ? dataset : fitDataset(dataset, inputs);
}

/** Data as a function of a program takes it: opened, and its rows in the shape of the inputs. */
import type { Dataset } from "../../runtime/dataset.ts";
import { dataInputs, fitDataset } from "../../runtime/fit-dataset.ts";
import { type RuntimeFault, isFault, runFaults } from "../../runtime/errors.ts";
import type { DataSources, ProgramInfo } from "../../runtime/program.ts";
import { type DataContext, openDataset } from "./index.ts";

export async function openFitted(
  data: DataSources,
  info: ProgramInfo,
  name: string,
  context: DataContext,
): Promise<Dataset | RuntimeFault> {
  const inputs = dataInputs(info, name);
  if (inputs === undefined) return runFaults.missingFunction(info.name, name);
  const dataset = await openDataset(data, context);
  return isFault(dataset) ? dataset : fitDataset(dataset, inputs);
}

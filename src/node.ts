/** The library's Node half: the file system as a host of sources, finished runs opened for a service, and data files. */
export { type OpenedFile, nodeHost, openSource } from "./sources/host.ts";
export { type OpenRunOptions, type OpenedRun, openRun } from "./runs/open-run.ts";
export type { EmbeddedRows } from "./runs/embed-data.ts";
export type { Rows } from "./runs/given-rows.ts";
export type { DataSetting } from "./runs/data-settings.ts";
export type { RunInfo } from "./runs/run-folder.ts";
export { type DataContext, openDataset } from "./data/index.ts";
export { type RuntimeFault, isFault } from "../runtime/errors.ts";

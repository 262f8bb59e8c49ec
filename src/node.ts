/** The library's Node half: the file system as a host, and runs from data files to a folder of results. */
export { type OpenedFile, nodeHost, openSource } from "./host.ts";
export { createExecutor } from "./executors/create.ts";
export { type RunEvent, type TrainRequest, type TrainSummary, train } from "./train.ts";
export { type DataContext, openDataset } from "./data/index.ts";

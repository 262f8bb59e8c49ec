/**
 * The runtime's public entry: what a page or a service needs to train and use a compiled program. It
 * holds no compiler and no file access.
 */
export { type Position, batchRows, batchesPerEpoch, epochOrder, nextPosition } from "./batches.ts";
export {
  type Checkpoint,
  type EpochSums,
  type FreshVariable,
  type Progress,
  type Weights,
  decodeCheckpoint,
  encodeCheckpoint,
} from "./checkpoint.ts";
export {
  type Batch,
  type Dataset,
  type Features,
  type Labels,
  type OneOrMore,
  type StoredRows,
  gatherBatch,
  rowCount,
  sideBySide,
  spreadRows,
} from "./dataset.ts";
export { type DataInputs, dataInputs, embedFunctions, fitDataset } from "./fit-dataset.ts";
export { type Arrays, type LabelArray, datasetOf } from "./arrays.ts";
export { DeviceFault, DeviceLost } from "./device-fault.ts";
export { type RuntimeFault, isFault } from "./errors.ts";
export type {
  DType,
  DataSource,
  DataSources,
  Executor,
  FunctionInfo,
  HostTensor,
  InputInfo,
  NamedTensors,
  ProgramInfo,
  StartedCall,
  TrainingInfo,
  ValueInfo,
  VariableInfo,
} from "./program.ts";
export {
  type CompiledProgram,
  type OpenOptions,
  type OpenedProgram,
  type PageTarget,
  type TargetModules,
  openProgram,
} from "./open-program.ts";
export type { BrokenStep, Snapshot } from "./replay.ts";
export type { ReadableBytes } from "./readable-bytes.ts";
export { type Bytes, type TensorFile, readSafetensors, writeSafetensors } from "./safetensors.ts";
export type { MeasuredMetrics, NamedNumbers } from "./metrics.ts";
export { type AdapterFacts, type GpuDevice, gpuOfPage, openDevice } from "./webgpu/device.ts";
export { type WebGpuExecutorOptions, createWebGpuExecutor } from "./webgpu/executor.ts";
export type { CompileListener } from "./webgpu/pipelines.ts";
export type { GpuModule, GpuOffer, MatrixShape, MatrixSpelling } from "./webgpu/schedule.ts";
export {
  type Evaluation,
  type EvaluationObserver,
  type RowInputs,
  type StepResult,
  Trainer,
  createTrainer,
  rowsOf,
} from "./trainer.ts";
export {
  type RunPlan,
  type TrainingEvent,
  type TrainingOptions,
  type TrainingOutcome,
  planOf,
} from "./training-run.ts";

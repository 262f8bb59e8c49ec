/** The tfjs target's public entry. It loads tfjs, so `openProgram` imports it only where WebGPU is not used. */
export {
  type BackendName,
  type BackendOptions,
  backendNames,
  describeBackend,
  loadBackend,
  startBackend,
} from "./backend.ts";
export { type EmittedFunction, type EmittedModule, createTfjsExecutor } from "./executor.ts";

/** What this machine is and which targets it can run: for `margo doctor`, for reports and for `--target auto`. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import type { GpuState } from "./adapter.ts";
import { version } from "../version.ts";

/** Names and values for people. */
export function machineFacts(): Record<string, string> {
  const [cpu] = cpus();
  return {
    processor: `${cpu?.model.trim() ?? process.arch}, ${availableParallelism()} cores`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GB`,
    system: `${type()} ${release()} ${process.arch}`,
    node: process.versions.node,
    margo: version,
  };
}

/** Threads that tfjs's WebAssembly build uses at most, whatever it is asked for. */
export const mostThreads = 4;

/** How many threads tfjs can be given here, each with a processor of its own. */
export function threadsOfMachine(): number {
  return Math.min(mostThreads, processors());
}

/**
 * How many it gets where nobody asks for a number. Threads wait for each other after every operation, so one that has to share
 * its processor slows all of them: one processor is left to the rest of the machine.
 */
export function defaultThreads(): number {
  return Math.max(1, Math.min(mostThreads, processors() - 1));
}

function processors(): number {
  return Math.min(availableParallelism(), processorsOfContainer());
}

/** What a container may use of the machine's processors, which Node counts whole. Linux, control groups of version 2. */
function processorsOfContainer(): number {
  const file = "/sys/fs/cgroup/cpu.max";
  return existsSync(file) ? processorsOfQuota(readFileSync(file, "utf8")) : Infinity;
}

/** `200000 100000`, microseconds of a period that it may compute, or `max`: as many processors at once, at least one. */
export function processorsOfQuota(text: string): number {
  const [quota, period] = text.split(/\s+/).map(Number);
  const processors = (quota ?? NaN) / (period ?? NaN);
  return processors > 0 ? Math.max(1, Math.floor(processors)) : Infinity;
}

export type TrainingTarget = "tfjs" | "wgsl" | "reference";

/** What `--target auto` takes: a hardware GPU where WebGPU finds one, else tfjs. */
export async function automaticTarget(): Promise<TrainingTarget> {
  const { gpuOfMachine } = await import("./adapter.ts");
  return targetFor(await gpuOfMachine());
}

export function targetFor(gpu: GpuState): TrainingTarget {
  return gpu.kind === "adapter" && gpu.adapter.kind === "hardware" ? "wgsl" : "tfjs";
}

/** The version of an installed package, as Node finds it from here; undefined where there is none. */
export function installedVersion(name: string): string | undefined {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    const file = join(folder, name, "package.json");
    if (!existsSync(file)) continue;
    const { version: found } = JSON.parse(readFileSync(file, "utf8")) as { version?: string };
    return found;
  }
  return undefined;
}

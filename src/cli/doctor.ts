/** `margo doctor`: what this machine offers, which targets start on it, and what `--target auto` takes. */
import { freemem } from "node:os";
import type { BackendName } from "../../runtime/tfjs/backend.ts";
import { type GpuState, gpuOfMachine } from "../executors/adapter.ts";
import { defaultThreads, installedVersion, machineFacts, targetFor } from "../executors/machine.ts";
import { gpuMeaning } from "./gpu-meaning.ts";
import { bytes } from "../report/numbers.ts";
import { type ExitCode, exitFine, exitUsage, writeOut } from "./terminal.ts";

export interface DoctorOptions {
  readonly json?: boolean;
}

interface BackendState {
  readonly backend: BackendName;
  readonly works: boolean;
  readonly detail: string;
}

/** Exit 2 when not even one backend of tfjs starts: nothing could be trained here. */
export async function doctor({ json }: DoctorOptions): Promise<ExitCode> {
  const backends = await tryBackends();
  const gpu = await gpuOfMachine();
  const packages = Object.fromEntries(
    packageNames.map((name) => [name, installedVersion(name) ?? "not installed"]),
  );
  const healthy = backends.some(({ works }) => works);
  const auto = targetFor(gpu);
  const machine = { ...machineFacts(), "free memory": bytes(freemem()) };
  if (json === true) {
    await writeOut(`${JSON.stringify({ machine, backends, gpu, packages, auto, healthy }, null, 2)}\n`);
    return healthy ? exitFine : exitUsage;
  }
  const fastest = backends.find(({ works }) => works)?.backend ?? "nothing";
  const rows: readonly (readonly [string, string])[] = [
    ...Object.entries(machine),
    ...backends.map(
      ({ backend, works, detail }) => [`tfjs ${backend}`, works ? detail : `fails: ${detail}`] as const,
    ),
    ["reference", "float64 in plain JavaScript, always there"],
    ...gpuRows(gpu),
    ...Object.entries(packages),
    ["--target auto", automaticText(auto, fastest, healthy)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  await writeOut(rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join(""));
  return healthy ? exitFine : exitUsage;
}

const packageNames = [
  "@tensorflow/tfjs-core",
  "@tensorflow/tfjs-backend-wasm",
  "@tensorflow/tfjs-backend-cpu",
  "webgpu",
  "sharp",
];

async function tryBackends(): Promise<readonly BackendState[]> {
  const { backendNames, describeBackend, loadBackend } = await import("../../runtime/tfjs/backend.ts");
  const { useThreads } = await import("../executors/wasm-threads.ts");
  const states: BackendState[] = [];
  const notes: string[] = [];
  await useThreads(defaultThreads(), (text) => notes.push(text));
  for (const backend of backendNames) {
    try {
      await loadBackend(backend);
      states.push({ backend, works: true, detail: [await describeBackend(), ...notes.splice(0)].join("; ") });
    } catch (error) {
      states.push({ backend, works: false, detail: error instanceof Error ? error.message : String(error) });
    }
  }
  return states;
}

function automaticText(auto: string, fastest: string, healthy: boolean): string {
  if (auto === "wgsl") return "wgsl, on the hardware GPU above";
  return healthy ? `${auto}, on its ${fastest} backend` : "nothing: no backend starts";
}

function gpuRows(gpu: GpuState): readonly (readonly [string, string])[] {
  if (gpu.kind === "none") return [["WebGPU", `${gpu.reason}: ${gpu.help}`]];
  const { adapter, limits } = gpu;
  return [
    ["WebGPU", `${adapter.name}${adapter.vendor === "" ? "" : `, ${adapter.vendor}`}`],
    ...gpuMeaning(adapter, limits).map((line) => ["", line] as const),
  ];
}

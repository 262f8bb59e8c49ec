/** `margo doctor`: what this machine offers, which targets start on it, and what `--target auto` takes. */
import { freemem } from "node:os";
import type { BackendName } from "../../runtime/tfjs/backend.ts";
import { automaticTarget, installedVersion, machineFacts } from "../machine.ts";
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
  const webgpu = describeWebgpu();
  const packages = Object.fromEntries(
    packageNames.map((name) => [name, installedVersion(name) ?? "not installed"]),
  );
  const healthy = backends.some(({ works }) => works);
  const auto = automaticTarget();
  const machine = { ...machineFacts(), "free memory": bytes(freemem()) };
  if (json === true) {
    await writeOut(`${JSON.stringify({ machine, backends, webgpu, packages, auto, healthy }, null, 2)}\n`);
    return healthy ? exitFine : exitUsage;
  }
  const fastest = backends.find(({ works }) => works)?.backend ?? "nothing";
  const rows: readonly (readonly [string, string])[] = [
    ...Object.entries(machine),
    ...backends.map(
      ({ backend, works, detail }) => [`tfjs ${backend}`, works ? detail : `fails: ${detail}`] as const,
    ),
    ["reference", "float64 in plain JavaScript, always there"],
    ["WebGPU", webgpu],
    ...Object.entries(packages),
    ["--target auto", healthy ? `${auto}, on its ${fastest} backend` : "nothing: no backend starts"],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  await writeOut(rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join(""));
  return healthy ? exitFine : exitUsage;
}

const packageNames = [
  "@tensorflow/tfjs-core",
  "@tensorflow/tfjs-backend-wasm",
  "@tensorflow/tfjs-backend-cpu",
];

async function tryBackends(): Promise<readonly BackendState[]> {
  const { backendNames, describeBackend, loadBackend } = await import("../../runtime/tfjs/backend.ts");
  const states: BackendState[] = [];
  for (const backend of backendNames) {
    try {
      await loadBackend(backend);
      states.push({ backend, works: true, detail: await describeBackend() });
    } catch (error) {
      states.push({ backend, works: false, detail: error instanceof Error ? error.message : String(error) });
    }
  }
  return states;
}

function describeWebgpu(): string {
  if (typeof navigator === "object" && "gpu" in navigator) return "offered by this Node";
  const installed = installedVersion("webgpu");
  return installed === undefined
    ? "not offered by this Node, and the package webgpu is not installed"
    : `package webgpu ${installed}`;
}

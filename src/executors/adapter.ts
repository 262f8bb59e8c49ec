/**
 * The GPU of this machine as Dawn finds it, without opening a device: for `margo doctor` and `--target auto`. A process
 * of its own looks: drivers print warnings, and a broken one may end the process that asks it.
 */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { type OfferedAdapter, adapterFacts } from "../../runtime/webgpu/device.ts";
import { dawnOptions } from "./dawn.ts";

export type GpuState =
  | ({ readonly kind: "adapter" } & OfferedAdapter)
  | { readonly kind: "none"; readonly reason: string; readonly help: string };

export const noAdapter = {
  kind: "none",
  reason: "WebGPU finds no adapter on this machine",
  help: "install a graphics driver with Vulkan, Metal or Direct3D 12, or use the target tfjs",
} as const;

/** `none` where the package webgpu is missing or does not load, and where it finds nothing. */
export async function gpuOfMachine(): Promise<GpuState> {
  const dawn = pathOfDawn();
  if (dawn === undefined)
    return {
      kind: "none",
      reason: "the npm package webgpu is not installed",
      help: "npm install webgpu, or use the target tfjs",
    };
  const answer = await askProcess(dawn);
  if (typeof answer === "string")
    return { kind: "none", reason: `WebGPU does not start: ${answer}`, help: noAdapter.help };
  if (answer === null) return noAdapter;
  return {
    kind: "adapter",
    adapter: adapterFacts(answer.info, answer.features),
    limits: answer.limits,
  };
}

function pathOfDawn(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve("webgpu");
  } catch {
    return undefined;
  }
}

interface Answer extends Pick<OfferedAdapter, "limits"> {
  readonly info: Parameters<typeof adapterFacts>[0];
  readonly features: readonly string[];
}

const question = `
const { create } = await import(process.argv[1]);
const gpu = create(JSON.parse(process.argv[2]));
const adapter = (await gpu.requestAdapter({ powerPreference: "high-performance" })) ?? (await gpu.requestAdapter());
const plain = (object) => { const all = {}; for (const key in object) all[key] = object[key]; return all; };
const facts = adapter && { info: plain(adapter.info), features: [...adapter.features], limits: plain(adapter.limits) };
process.stdout.write(JSON.stringify(facts), () => process.exit());
`;

/** The adapter, null where there is none, or a sentence about what went wrong. */
function askProcess(dawn: string): Promise<Answer | null | string> {
  const args = ["--input-type=module", "-e", question, pathToFileURL(dawn).href, JSON.stringify(dawnOptions)];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 20_000, encoding: "utf8" }, (error, out, err) => {
      if (error === null) resolve(JSON.parse(out) as Answer | null);
      else if (error.killed) resolve("its driver did not answer within 20 seconds");
      else if (typeof error.signal === "string") resolve(`its driver ended the process with ${error.signal}`);
      else resolve(/^\w*Error: (.*)$/m.exec(err)?.[1] ?? "it cannot be loaded");
    });
  });
}

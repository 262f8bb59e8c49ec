/**
 * The device: which adapter is taken, what it can do, and its limits against what a program needs. A hardware
 * adapter is preferred; a software one is taken only when it is the only one, and is called so. Nothing here is
 * tied to a page or to Node: a GPU is handed in, or found as `navigator.gpu`.
 */
import { DeviceFault } from "../device-fault.ts";
import { matrixFeature, offerOf } from "./offer.ts";
import { type GpuModule, type GpuOffer, lackingFeatures } from "./schedule.ts";

/** An open device and what it can do. Whoever opened it destroys it: `device.destroy()`. */
export interface GpuDevice {
  readonly device: GPUDevice;
  readonly adapter: AdapterFacts;
  /** Another device of the best adapter that there is by now, for when this one was lost. */
  readonly reopen: () => Promise<GpuDevice | undefined>;
  /** What kernels may use on it. */
  readonly offer: GpuOffer;
}

/** What the browser says of the adapter that was taken. */
export interface AdapterFacts {
  /** For people: `NVIDIA H100`, `SwiftShader driver 5.0.0 (software)`. */
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly kind: "hardware" | "software";
  /** What later kernels may use: `shader-f16`, `subgroups`, `timestamp-query`, … */
  readonly features: readonly string[];
}

/** Features that kernels know how to use where they are offered. */
const wantedFeatures = ["shader-f16", "subgroups", "timestamp-query", matrixFeature];

/** Limits that are asked for as high as the adapter offers them. */
const wantedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxStorageBuffersPerShaderStage",
] as const;

/** The page's GPU. Throws with a way out where there is none. */
export function gpuOfPage(): GPU {
  const gpu = typeof navigator === "undefined" ? undefined : (navigator as Partial<Navigator>).gpu;
  if (gpu !== undefined) return gpu;
  throw new Error("this browser offers no WebGPU: use one that does, or the target tfjs");
}

/** An adapter as it is, before a device is opened. */
export interface OfferedAdapter {
  readonly adapter: AdapterFacts;
  readonly limits: Readonly<Record<(typeof wantedLimits)[number], number>>;
}

/** Takes the best adapter that there is; undefined where there is none. Throws a fault where it opens no device. */
export async function openDevice(gpu: GPU): Promise<GpuDevice | undefined> {
  const adapter = await bestAdapter(gpu);
  if (adapter === undefined) return undefined;
  const facts = factsOf(adapter);
  const device = await deviceOf(adapter).catch((error: unknown) => {
    throw unopened(facts, error);
  });
  const offer = await offerOf(gpu, adapter.info, device, facts.kind);
  return { device, adapter: facts, offer, reopen: () => openDevice(gpu) };
}

/** With all that kernels could use; where the experimental part of it fails, without that part. */
async function deviceOf(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits = Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]]));
  const request = (features: readonly string[]): Promise<GPUDevice> =>
    // The experimental one is missing from WebGPU's types.
    adapter.requestDevice({ requiredFeatures: features as GPUFeatureName[], requiredLimits });
  const features: readonly string[] = wantedFeatures.filter((feature) => adapter.features.has(feature));
  const proven = features.filter((feature) => feature !== matrixFeature);
  if (proven.length === features.length) return request(features);
  return request(features).catch(() => request(proven));
}

function unopened({ name }: AdapterFacts, error: unknown): DeviceFault {
  return new DeviceFault(
    `the driver of ${name} opens no device: ${error instanceof Error ? error.message : String(error)}`,
    "try again when no other program holds it; the target tfjs needs none",
  );
}

async function bestAdapter(gpu: GPU): Promise<GPUAdapter | undefined> {
  const fast = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (fast !== null && factsOf(fast).kind === "hardware") return fast;
  return fast ?? (await gpu.requestAdapter()) ?? undefined;
}

function factsOf({ info, features }: GPUAdapter): AdapterFacts {
  return adapterFacts(info, [...features]);
}

/** What an adapter says of itself. In words of our own: older types of WebGPU lack some of it. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter: boolean;
}

/** An adapter's facts for people, from what it says of itself. */
export function adapterFacts(info: AdapterInfo, features: readonly string[]): AdapterFacts {
  const software =
    info.isFallbackAdapter ||
    /swiftshader|llvmpipe|lavapipe|software|warp/i.test(
      `${info.architecture} ${info.description} ${info.device}`,
    );
  const name = info.description || `${info.vendor} ${info.architecture}`.trim() || "unnamed adapter";
  return {
    name: software ? `${name} (software)` : name,
    vendor: info.vendor,
    architecture: info.architecture,
    kind: software ? "software" : "hardware",
    features,
  };
}

/** Why a device cannot run a module whatever its sizes are; undefined where it can. */
export function lackOf(
  { info, features }: Pick<GpuModule, "info" | "features">,
  { adapter, offer }: Pick<GpuDevice, "adapter" | "offer">,
): DeviceFault | undefined {
  const lacking = lackingFeatures(features, offer);
  if (lacking.length === 0) return undefined;
  return new DeviceFault(
    `${adapter.name} lacks ${lacking.join(" and ")}, which ${info.name} was compiled for`,
    "compile it with --gpu plain, which every WebGPU device runs; a page may ship both modules",
  );
}

/** What a function asks of a device, worked out before anything is allocated. */
export interface Needs {
  /** Bytes of the largest binding, with the name of what it holds. */
  readonly binding: { readonly bytes: number; readonly what: string };
  /** Bytes of the largest buffer. */
  readonly buffer: { readonly bytes: number; readonly what: string };
  readonly storageBuffers: number;
  readonly workgroupBytes: number;
  readonly invocations: number;
  /** Sizes with which the buffers would fit, in words; asked only where they do not. */
  readonly whatFits: () => string | undefined;
}

/** Throws with the limit, by how much it is exceeded, and what would help. */
export function checkNeeds({ device, adapter }: GpuDevice, needs: Needs): void {
  const { limits } = device;
  const smaller = (): string => needs.whatFits() ?? "fewer classes, rows or features make it smaller";
  const ours = (): string => "report this as a bug in Margo";
  const checks = [
    ["maxStorageBufferBindingSize", needs.binding.bytes, `for ${needs.binding.what}`, smaller],
    ["maxBufferSize", needs.buffer.bytes, `for ${needs.buffer.what}`, smaller],
    ["maxStorageBuffersPerShaderStage", needs.storageBuffers, "by a kernel", ours],
    ["maxComputeWorkgroupStorageSize", needs.workgroupBytes, "by a kernel", ours],
    ["maxComputeInvocationsPerWorkgroup", needs.invocations, "by a kernel", ours],
  ] as const;
  for (const [limit, needed, what, help] of checks) {
    const offered = limits[limit];
    if (needed > offered)
      throw new DeviceFault(
        `${adapter.name} offers ${limit} ${offered}, but ${needed} is needed ${what}, ${needed - offered} more`,
        help(),
      );
  }
}

/** What is said where an allocation was refused. */
export function outOfMemory({ adapter }: GpuDevice, what: string, reason: string): DeviceFault {
  return new DeviceFault(
    `${adapter.name} has no memory for ${what}${reason === "" ? "" : `: ${reason}`}`,
    "a smaller batch, or fewer classes or features, takes less",
  );
}

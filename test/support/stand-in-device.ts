/** Devices, and GPUs that give them, with some of their members replaced; everything else is the real one's. */
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import type { GpuOffer } from "../../runtime/webgpu/schedule.ts";

export function withMembers(gpu: GpuDevice, members: Partial<GPUDevice>): GpuDevice {
  return { ...gpu, device: replacing(gpu.device, members) };
}

/** The same with lower limits. */
export function withLimits(gpu: GpuDevice, lower: Readonly<Record<string, number>>): GpuDevice {
  return withMembers(gpu, { limits: replacing(gpu.device.limits, lower) });
}

/** The same of which something else is said than is true. */
export function withOffer(gpu: GpuDevice, other: Partial<GpuOffer>): GpuDevice {
  return { ...gpu, offer: { ...gpu.offer, ...other } };
}

/** A GPU whose adapters, and so its devices, are others in part. */
export function withAdapters(gpu: GPU, membersOf: (adapter: GPUAdapter) => object): GPU {
  return replacing(gpu, {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options);
      return adapter === null ? null : replacing(adapter, membersOf(adapter));
    },
  });
}

/** A hardware adapter to whoever asks, with those of its features that are named. */
export function withHardware(gpu: GPU, features: readonly string[]): GPU {
  return withAdapters(gpu, (adapter) => ({
    info: replacing(adapter.info, {
      description: "A card",
      architecture: "",
      device: "",
      isFallbackAdapter: false,
    }),
    features: new Set([...adapter.features].filter((feature) => features.includes(feature))),
  }));
}

function replacing<T extends object>(target: T, members: object): T {
  return new Proxy(target, {
    get: (of, name) => {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name);
      const own: unknown = Reflect.get(of, name, of);
      return typeof own === "function" ? own.bind(of) : own;
    },
  });
}

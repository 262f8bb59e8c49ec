/** A device with some of its members replaced; everything else is the real one's. */
import type { GpuDevice } from "../../runtime/webgpu/device.ts";

export function withMembers(gpu: GpuDevice, members: Partial<GPUDevice>): GpuDevice {
  const device = new Proxy(gpu.device, {
    get: (target, name) => {
      if (name in members) return Reflect.get(members, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { ...gpu, device };
}

/** The same with lower limits. */
export function withLimits(gpu: GpuDevice, lower: Readonly<Record<string, number>>): GpuDevice {
  const limits = new Proxy(gpu.device.limits, {
    get: (target, name) =>
      typeof name === "string" && name in lower ? lower[name] : Reflect.get(target, name, target),
  });
  return withMembers(gpu, { limits });
}

/**
 * WebGPU in Node: the npm package `webgpu`, which is Google's Dawn. It is an optional dependency and large, so
 * it is loaded when it is first needed.
 */

import { TargetUnavailable } from "./unavailable.ts";

/** Kept for the life of the process: Dawn ends it when its GPU is collected while a device still runs. */
let opened: GPU | undefined;

/**
 * Subgroup matrices are an experiment that Dawn calls unsafe for the code of strangers; kernels here are our own. On
 * NVIDIA cards f16 waits for its toggle, and time stamps are otherwise cut to 65 µs.
 */
export const dawnOptions = [
  "enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia",
  "disable-dawn-features=timestamp_quantization",
];

/** Dawn's GPU. Throws with a way out where the package is missing or does not load on this machine. */
export async function gpuOfNode(): Promise<GPU> {
  try {
    const { create } = await import("webgpu");
    return (opened ??= create(dawnOptions));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new TargetUnavailable(
      `the target wgsl needs the npm package webgpu, which does not load here: ${reason}`,
      "npm install webgpu, or use the target tfjs",
      error,
    );
  }
}

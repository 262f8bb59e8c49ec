/** What an adapter's kind, features and limits mean for a program of Margo, one line each, for `margo doctor`. */
import { budgetOfAdapter } from "../../runtime/webgpu/budget.ts";
import type { AdapterFacts, OfferedAdapter } from "../../runtime/webgpu/device.ts";
import { bytes, count } from "../report/numbers.ts";

export function gpuMeaning(
  { kind, features }: AdapterFacts,
  limits: OfferedAdapter["limits"],
): readonly string[] {
  const binding = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  return [
    kind === "hardware"
      ? "a hardware adapter: --target auto takes it"
      : "a software adapter: it runs on the processor, slower than tfjs; --target auto leaves it",
    ...Object.entries(featureUses).map(([feature, use]) =>
      features.includes(feature) ? `has ${feature}: ${use.there}` : `lacks ${feature}: ${use.missing}`,
    ),
    `a buffer holds up to ${bytes(binding)}: ${count(Math.floor(binding / 2048))} classes of 512 features`,
    `chunks of classes hold up to ${bytes(budgetOfAdapter(kind, limits.maxBufferSize))}: --budget sets it`,
    `a workgroup has up to ${limits.maxComputeInvocationsPerWorkgroup} invocations and ${bytes(limits.maxComputeWorkgroupStorageSize)} of memory, a kernel ${limits.maxStorageBuffersPerShaderStage} buffers`,
  ];
}

const featureUses = {
  "shader-f16": { there: "--gpu f16 stores operands in half the bytes", missing: "every value is f32" },
  subgroups: { there: "reductions go through registers", missing: "reductions go through workgroup memory" },
  "timestamp-query": { there: "kernels can be timed", missing: "single kernels cannot be timed" },
} as const;

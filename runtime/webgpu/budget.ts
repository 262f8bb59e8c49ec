/**
 * The budget: how many bytes a streamed loss may hold for a chunk of classes and for what it keeps of earlier chunks. A
 * chunk costs some launches, and a product of few classes does not fill a large card, so the device decides when it is
 * opened, unless somebody asked for a number. Everything that plans takes it from here.
 */
import type { GpuDevice } from "./device.ts";
import type { GpuModule } from "./schedule.ts";

/** Where nothing says otherwise; the compiler's `budgetOf` says the same. */
export const defaultBudgetBytes = 64 * 2 ** 20;

export interface Budget {
  readonly bytes: number;
  /** What is taken where buffers of the first one exceed the device's limits; the same where somebody asked for it. */
  readonly fallback: number;
}

/** The largest budget that a device takes by itself; beyond it a chunk fills any card. */
const mostBytes = 512 * 2 ** 20;

/** A budget that somebody asked for, of the executor before that of the module, is taken at its word. */
export function budgetFor(module: GpuModule, gpu: GpuDevice, asked: number | undefined): Budget {
  const bytes = asked ?? module.budgetBytes;
  if (bytes === undefined)
    return {
      bytes: budgetOfAdapter(gpu.adapter.kind, gpu.device.limits.maxBufferSize),
      fallback: defaultBudgetBytes,
    };
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new Error(`a budget is a whole number of bytes, at least 1, and not ${bytes}`);
  return { bytes, fallback: bytes };
}

/** An eighth of the largest buffer on a hardware adapter, between 64 and 512 MiB; 64 MiB on a software one. */
export function budgetOfAdapter(kind: "hardware" | "software", maxBufferSize: number): number {
  if (kind === "software") return defaultBudgetBytes;
  return Math.min(mostBytes, Math.max(defaultBudgetBytes, Math.floor(maxBufferSize / 8)));
}

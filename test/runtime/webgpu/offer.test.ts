/** What is found out about a device: it was opened with what it offers, and subgroups have sizes. */
import { expect, test } from "vitest";
import { describeOnGpu } from "../../support/gpu.ts";

describeOnGpu("the offer", ({ device, adapter, offer }) => {
  test("names what the device was opened with", () => {
    expect(offer.kind).toBe(adapter.kind);
    for (const feature of offer.features) expect(device.features.has(feature as GPUFeatureName)).toBe(true);
    expect(offer.features.includes("shader-f16")).toBe(adapter.features.includes("shader-f16"));
  });

  test("has sizes of subgroups that are powers of two, and a spelling where there are matrices", () => {
    const { smallest = 4, largest = 128 } = offer.subgroups ?? {};
    for (const size of [smallest, largest]) expect([4, 8, 16, 32, 64, 128]).toContain(size);
    expect(smallest).toBeLessThanOrEqual(largest);
    expect(offer.matrixSpelling !== undefined).toBe(offer.matrices.some(({ operand }) => operand === "f16"));
  });
});

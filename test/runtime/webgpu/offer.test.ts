/** What is found out about a device: it was opened with what it offers, and subgroups have sizes. */
import { expect, test } from "vitest";
import { matrixFeature } from "../../../runtime/webgpu/offer.ts";
import { openDevice } from "../../../runtime/webgpu/device.ts";
import { gpuOfNode } from "../../../src/executors/dawn.ts";
import { describeOnGpu } from "../../support/gpu.ts";
import { withAdapters } from "../../support/stand-in-device.ts";

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

  test("a device opens without the experiment that its driver only promises", async ({ skip }) => {
    if (offer.features.includes(matrixFeature)) skip("this driver keeps the promise");
    const promising = withAdapters(await gpuOfNode(), ({ features }) => ({
      features: new Set([...features, matrixFeature]),
    }));
    expect((await promising.requestAdapter())?.features.has(matrixFeature as GPUFeatureName)).toBe(true);
    const opened = await openDevice(promising);
    expect(opened?.offer.features).toEqual(offer.features);
    expect(opened?.offer.matrices).toEqual([]);
    opened?.device.destroy();
  });
});

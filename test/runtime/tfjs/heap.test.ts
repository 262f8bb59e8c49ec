/** The memory under tensors, where there is none left. */
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { DeviceFault } from "../../../runtime/device-fault.ts";
import { loadBackend } from "../../../runtime/tfjs/backend.ts";
import { heapOfActiveBackend } from "../../../runtime/tfjs/heap.ts";

test("a tensor that finds no memory is a fault with a way out, and no tensor", async () => {
  await loadBackend("wasm");
  const { wasm } = tf.backend() as unknown as { readonly wasm: Record<string, unknown> };
  const allocator = "_malloc";
  const allocate = wasm[allocator];
  const heap = heapOfActiveBackend();
  expect(heap.make([0, 4], "float32").size).toBe(0);
  // What the allocator answers beyond 4 GiB, without filling them.
  wasm[allocator] = () => 0;
  try {
    expect(() => heap.make([7, 3], "float32")).toThrow(DeviceFault);
    expect(() => heap.make([7, 3], "float32")).toThrow("no memory left for a tensor [7, 3]");
  } finally {
    wasm[allocator] = allocate;
  }
  expect(heap.view(heap.make([2], "float32")).length).toBe(2);
});

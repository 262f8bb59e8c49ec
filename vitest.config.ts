/** Tests run from the sources; only test/cli and test/package look at what is built, which `npm test` builds first. */
import { defineConfig } from "vitest/config";
import { GpuCount } from "./test/support/gpu-count.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ["default", new GpuCount()],
    globalSetup: ["test/support/software-gpu.ts"],
    setupFiles: ["test/support/same-programs.ts"],
  },
});

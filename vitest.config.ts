/** Tests run from the sources; only test/cli starts the built command, which `npm test` builds first. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    globalSetup: ["test/support/software-gpu.ts"],
    setupFiles: ["test/support/same-programs.ts"],
  },
});

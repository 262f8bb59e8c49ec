/**
 * A reporter that ends a run with how many tests ran on a GPU, and on which: that all of them were left out, for want of an
 * adapter, must not look like success.
 */
import type { Reporter, TestCase, TestModule } from "vitest/node";

declare module "vitest" {
  interface TaskMeta {
    /** Of a test that needs an adapter: its name. Of what stands for tests that were left out: why. */
    gpu?: { readonly adapter: string } | { readonly missing: string };
  }
}

export class GpuCount implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>();
    for (const module of modules)
      for (const test of module.children.allTests()) {
        const what = outcomeOf(test);
        if (what !== undefined) counts.set(what, (counts.get(what) ?? 0) + 1);
      }
    for (const [what, count] of counts) console.log(`   On a GPU  ${count} ${what}`);
  }
}

function outcomeOf(test: TestCase): string | undefined {
  const { gpu } = test.meta();
  if (gpu === undefined) return undefined;
  if ("missing" in gpu) return `groups of tests were left out: ${gpu.missing}`;
  return `tests ${test.result().state} on ${gpu.adapter}`;
}

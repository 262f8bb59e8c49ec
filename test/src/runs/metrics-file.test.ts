/** Events of a run, line by line: across the blocks in which they are read, with letters of several bytes and a line cut short. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { metricBytes, metricsIn } from "../../../src/runs/metrics-file.ts";

const folder = mkdtempSync(join(tmpdir(), "margo-metrics-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("what is written is read, however long the file is", () => {
  const file = join(folder, "metrics.jsonl");
  const metrics = Array.from({ length: 60_000 }, (_, step) => ({
    kind: "step",
    step,
    traces: { "ψ–λ": step / 7, of: "é".repeat(step % 97) },
  }));
  writeFileSync(file, Buffer.concat([...metricBytes(metrics)]));
  appendFileSync(file, '{"kind":"step","st');
  let step = 0;
  for (const metric of metricsIn(file)) {
    if (step % 1000 === 0 || step > 59_900) expect(metric).toEqual(metrics[step]);
    expect(metric["step"]).toBe(step++);
  }
  expect(step).toBe(60_000);
});

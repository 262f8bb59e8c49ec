/** docs/ops.md is what the operation table says. After a change: `npx tsx scripts/generate-docs.ts`. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { opsDocument } from "../../scripts/ops-document.ts";

test("docs/ops.md is fresh", () => {
  const file = new URL("../../docs/ops.md", import.meta.url);
  expect(readFileSync(file, "utf8")).toBe(opsDocument());
});

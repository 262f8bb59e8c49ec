/** docs/errors.md is what the entries say. After a change: `npx tsx scripts/generate-docs.ts`. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errorsDocument } from "../../scripts/errors-document.ts";

test("docs/errors.md is fresh", () => {
  const file = new URL("../../docs/errors.md", import.meta.url);
  expect(readFileSync(file, "utf8")).toBe(errorsDocument());
});

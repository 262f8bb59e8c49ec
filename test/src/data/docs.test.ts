/** docs/data.md is the readers' own table. */
import { expect, it } from "vitest";
import { describeReaders } from "../../../src/data/describe.ts";

it("docs/data.md describes every reader", async () => {
  await expect(describeReaders()).toMatchFileSnapshot("../../../docs/data.md");
});

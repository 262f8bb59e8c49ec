/** docs/data.md is the readers' own table. */
import { expect, it } from "vitest";
import type { DataName } from "../../../compiler/check/builtins/builtin.ts";
import { settingsOfReader } from "../../../compiler/check/builtins/data.ts";
import { dataReaders } from "../../../src/data/index.ts";
import { describeReaders } from "../../../src/data/describe.ts";

it("docs/data.md describes every reader", async () => {
  await expect(describeReaders()).toMatchFileSnapshot("../../../docs/data.md");
});

it("the checker knows the settings of every reader", () => {
  for (const [name, { options }] of Object.entries(dataReaders))
    expect([...settingsOfReader(name as DataName)].sort(), name).toEqual(Object.keys(options).sort());
});

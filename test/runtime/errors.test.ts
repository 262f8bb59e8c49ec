/** Every fault has a code of its own, a sentence and a way out. */
import { expect, it } from "vitest";
import { errorEntries } from "../../compiler/errors/index.ts";
import { fitFaults, isFault, rowFaults, runFaults } from "../../runtime/errors.ts";
import { dataFaults } from "../../src/data/faults.ts";
import { folderFaults } from "../../src/runs/folder-faults.ts";

it("has one code a fault, in the ranges of data and runs, that no mistake in a text has", () => {
  // Facts are numbers, texts or lists; this stands in for each of them well enough to build the words.
  const anything = Object.assign(["1"], { trim: () => "1" });
  const facts: never[] = Array.from({ length: 5 }, () => anything as never);
  const tables: Readonly<Record<string, (...facts: never[]) => unknown>>[] = [
    dataFaults,
    folderFaults,
    fitFaults,
    rowFaults,
    runFaults,
  ];
  const faults = tables.flatMap((table) => Object.values(table)).map((build) => build(...facts));
  const codes = faults.map((fault) => (isFault(fault) ? fault.code : ""));
  expect(new Set(codes).size).toBe(codes.length);
  expect(errorEntries.filter(({ code }) => codes.includes(code))).toEqual([]);
  expect(codes.filter((code) => !/^M0[67]\d\d$/.test(code))).toEqual([]);
  expect(faults.every((fault) => isFault(fault) && fault.message !== "" && fault.help !== "")).toBe(true);
});

/** Datasets from arrays, and what is said of arrays that do not fit together. */
import { expect, test } from "vitest";
import { datasetOf } from "../../runtime/arrays.ts";
import { gatherBatch } from "../../runtime/dataset.ts";
import { faultText, whole } from "../support/datasets.ts";

const features = Uint8Array.of(0, 10, 20, 30, 40, 50);

test("rows, their labels, and the normalised batch", () => {
  const dataset = whole(datasetOf({ features, shape: [2], labels: [2, 0, 1], classes: 3, mean: 10, std: 5 }));
  const { features: batch, labels } = gatherBatch(dataset, [2, 0]);
  expect([batch.shape, [...batch.data]]).toEqual([
    [2, 2],
    [6, 8, -2, 0],
  ]);
  expect([...(labels?.data ?? [])]).toEqual([1, 2]);
});

test.each([
  [{ features, shape: [4] }, /M0731 .*6 elements.*\[4\]/],
  [{ features, shape: [2], labels: [0, 1] }, /M0732 .*2 labels for 3 rows/],
  [
    { features, shape: [2], labels: [0, 1, 7], classes: 3, source: "my digits" },
    /M0725 .*row 2 of my digits is 7/,
  ],
])("what does not fit: %j", (arrays, words) => {
  expect(faultText(datasetOf(arrays))).toMatch(words);
});

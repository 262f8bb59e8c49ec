/** Datasets from arrays, and what is said of arrays that do not fit together. */
import { expect, test } from "vitest";
import { type Arrays, datasetOf } from "../../runtime/arrays.ts";
import { gatherBatch, rowCount, sideBySide, takeRows } from "../../runtime/dataset.ts";
import { type DataInputs, dataInputs, fitDataset } from "../../runtime/fit-dataset.ts";
import type { InputInfo } from "../../runtime/program.ts";
import { faultText, whole } from "../support/datasets.ts";

const features = Uint8Array.of(0, 10, 20, 30, 40, 50);

test("rows, their labels, and the normalised batch", () => {
  const dataset = whole(datasetOf({ features, shape: [2], labels: [2, 0, 1], classes: 3, mean: 10, std: 5 }));
  const { features: batch, labels } = gatherBatch(dataset, [2, 0]);
  expect([batch[0].shape, [...batch[0].data]]).toEqual([
    [2, 2],
    [6, 8, -2, 0],
  ]);
  expect([...(labels[0]?.data ?? [])]).toEqual([1, 2]);
});

const rows = { features, shape: [2] };
const floats = (...values: readonly number[]) => ({ features: Float32Array.from(values), shape: [2] });

/** What a caller without types may hand in. */
const untyped = (arrays: object): Arrays => arrays as Arrays;

test.each<readonly [object, RegExp]>([
  [{ features, shape: [4] }, /M0731 .*6 elements.*\[4\]/],
  [{ ...rows, labels: [0, 1] }, /M0732 .*2 labels for 3 rows/],
  [{ ...rows, labels: [0, 1, 7], classes: 3, source: "my digits" }, /M0725 .*row 2 of my digits is 7/],
  [{ ...rows, labels: ["cat", "dog", "cat"], classes: 2 }, /M0719 the label of row 0 of the data is cat/],
  [{ ...rows, labels: [0, "1", 1] }, /M0719 the label of row 1 of the data is 1, not a whole number/],
  [{ ...rows, labels: [0, 1, 0.5], classes: 2 }, /M0719 the label of row 2 of the data is 0.5/],
  [{ ...rows, labels: [0, NaN, 0], classes: 2 }, /M0719 the label of row 1 of the data is NaN/],
  [{ ...rows, labels: [0, NaN, 0] }, /M0714 element 0 of row 1 of the labels of the data is NaN/],
  [{ ...rows, labels: [0n, 5n, 0n], classes: 2 }, /M0725 the label of row 1 of the data is 5/],
  [{ ...rows, labels: [0, 1, 0], classes: 1.5 }, /M0604 classes of the data is 1.5/],
  [{ ...rows, std: 0 }, /M0604 std of the data is 0, but it must be other than 0/],
  [{ ...rows, mean: NaN }, /M0604 mean of the data is NaN, but it must be a finite number/],
  [{ ...rows, mean: [1, 2, 3] }, /M0604 mean of the data is 1, 2, 3, but it must be one number or 2 of them/],
  [floats(0, 1, NaN, 3), /M0714 element 0 of row 1 of the data is NaN/],
  [floats(0, 1, 2, -Infinity), /M0714 element 1 of row 1 of the data is -Infinity/],
  [floats(0, 1, 2, 2 ** 100), /M0750 element 1 of row 1 of the data is 1.26\d*e\+30/],
  [{ ...floats(0, 1, 2, 0.5), dtype: "i32" }, /M0604 dtype of the data is i32/],
  [{ features }, /M0604 shape of the data is undefined, but it must be the sizes of one row/],
  [{ features, shape: [0] }, /M0604 shape of the data is 0/],
  [{ features: [1, 2], shape: [2] }, /M0751 the features of the data are no array of numbers/],
  [{ features: BigInt64Array.of(1n), shape: [1] }, /M0751/],
  [{ shape: [2] }, /M0751/],
])("what does not fit is a fault that says where: %o", (arrays, words) => {
  expect(faultText(datasetOf(untyped(arrays)))).toMatch(words);
});

test("a mean and a std for each place of the last axis, as files may have them", () => {
  const dataset = whole(datasetOf({ ...rows, mean: [0, 10], std: Float32Array.of(10, 20) }));
  expect([...gatherBatch(dataset, [0, 1, 2]).features[0].data]).toEqual([0, 0, 2, 1, 4, 2]);
});

test("large numbers that mean and std bring near 1 are taken", () => {
  const dataset = whole(datasetOf({ ...floats(0, 2 ** 100), std: 2 ** 100 }));
  expect([...gatherBatch(dataset, [0]).features[0].data]).toEqual([0, 1]);
});

test("labels that are no classes: whole numbers of any kind, and fractions where no classes are named", () => {
  const labelsOf = (labels: ArrayLike<number | bigint>) => whole(datasetOf({ ...rows, labels })).labels[0];
  expect(labelsOf([0n, 2n, 1n])).toEqual({ dtype: "i32", shape: [3], data: Int32Array.of(0, 2, 1) });
  expect(labelsOf([-1, 2, 1])?.dtype).toBe("i32");
  expect(labelsOf([1, 0.5, -2])).toEqual({ dtype: "f32", shape: [3], data: Float32Array.of(1, 0.5, -2) });
  expect(labelsOf([1, 2 ** 40, 0])).toMatchObject({ dtype: "f32", data: Float32Array.of(1, 2 ** 40, 0) });
});

test("a mask a row has a class for each pixel, and a number that is none", () => {
  const masks = {
    features: new Uint8Array(4),
    shape: [2, 1],
    labelShape: [2],
    labels: [0, 255, 1, 1],
    classes: 2,
  };
  const dataset = whole(datasetOf({ ...masks, ignore: 255 }));
  expect(dataset).toMatchObject({ labels: [{ dtype: "i32", shape: [2, 2], classes: 2, ignore: 255 }] });
  const y: InputInfo = { name: "y", role: "labels", dtype: "i32", shape: ["N", 2] };
  const features: InputInfo = { name: "x", role: "data", dtype: "f32", shape: ["N", 2, 1] };
  expect(
    whole(fitDataset(dataset, { features: [features], labels: [y], arrays: 1 })).labels[0]?.shape,
  ).toEqual([2, 2]);
  expect(
    faultText(fitDataset(dataset, { features: [features], labels: [{ ...y, bound: 2 }], arrays: 1 })),
  ).toContain('M0757 the data has labels that are no class (ignore: 255), but "y" takes classes 0…1');
  expect(
    faultText(
      fitDataset(dataset, { features: [features], labels: [{ ...y, shape: ["N"], bound: 2 }], arrays: 1 }),
    ),
  ).toContain("M0730");
  expect(faultText(datasetOf(masks))).toContain("M0725 label 1 of row 0 of the data is 255");
  expect(faultText(datasetOf({ ...masks, labelShape: [3] }))).toContain("4 labels");
  expect(faultText(datasetOf({ ...masks, labelShape: [0] }))).toContain("M0604 labelShape of the data is");
  expect(faultText(datasetOf({ ...masks, ignore: 0.5 }))).toContain("M0604 ignore of the data is 0.5");
});

test("fractions do not fit an input of classes, and the first is named", () => {
  const dataset = whole(datasetOf({ ...rows, labels: [1, 0.5, 0] }));
  const input = { name: "x", dtype: "f32", shape: ["N", 2], role: "data" } as const;
  const classes = { name: "y", dtype: "i32", shape: ["N"], role: "labels", bound: 2 } as const;
  expect(faultText(fitDataset(dataset, { features: [input], labels: [classes], arrays: 1 }))).toMatch(
    /M0723 the labels of the data are fractions, the first in row 1/,
  );
});

test("several labels of a row, the first of them classes", () => {
  const dataset = whole(
    datasetOf({ ...rows, labels: [{ labels: [1, 0, 1], classes: 2 }, { labels: [0.5, 1, 2] }] }),
  );
  expect(gatherBatch(dataset, [2, 1]).labels.map(({ dtype, data }) => [dtype, ...data])).toEqual([
    ["i32", 1, 0],
    ["f32", 2, 1],
  ]);
  expect(faultText(datasetOf({ ...rows, labels: [{ labels: [1, 0, 1] }, { labels: [1, 2] }] }))).toMatch(
    /M0732/,
  );
});

const narrow = whole(datasetOf({ ...floats(1, 2, 3, 4), labels: [0, 1], classes: 2, source: "narrow" }));
const wide = whole(
  datasetOf({ features: Uint8Array.of(9, 8, 7, 6, 5, 4), shape: [3], labels: [0.5, 2], source: "wide" }),
);

test("datasets side by side keep the rows together, and say where one has fewer", () => {
  const both = whole(sideBySide(narrow, wide));
  expect([both.source, rowCount(both)]).toEqual(["narrow and wide", 2]);
  const { features, labels } = gatherBatch(takeRows(both, [1]), [0]);
  expect([...features, ...labels].map(({ data }) => [...data])).toEqual([[3, 4], [6, 5, 4], [1], [2]]);
  const three = whole(datasetOf(rows));
  expect(faultText(sideBySide(narrow, three))).toBe(
    "M0762 narrow has 2 rows and the data has 3 / give as many in each: the n-th row of one belongs to the n-th of the other",
  );
});

test("a function takes the program's arrays by their places, or those it wants one after the other", () => {
  const input = (name: string, place: number, size: number): InputInfo => ({
    ...{ name, place, role: "data", dtype: "f32", shape: ["N", size] },
  });
  const [left, right] = [input("left", 0, 2), input("right", 1, 3)];
  const functionOf = (name: string, inputs: readonly InputInfo[]) => ({ name, inputs, outputs: [] });
  const program = {
    ...{ name: "Pairs", version: "", target: "", variables: [] },
    functions: [functionOf("step", [left, right]), functionOf("embed_Right", [right])],
  };
  const inputsOf = (name: string): DataInputs =>
    dataInputs(program, name) ?? { features: [left], labels: [], arrays: 0 };
  const both = whole(sideBySide(narrow, wide));
  const shapes = (name: string, dataset: typeof both) =>
    whole(fitDataset(dataset, inputsOf(name))).features.map(({ shape }) => shape[1]);
  expect(shapes("step", both)).toEqual([2, 3]);
  expect(shapes("embed_Right", both)).toEqual([3]);
  expect(shapes("embed_Right", wide)).toEqual([3]);
  expect(faultText(fitDataset(narrow, inputsOf("step")))).toBe(
    "M0761 narrow gives 1 array of features, but the program takes 2: left, right / give one array for each input of the models",
  );
  expect(dataInputs(program, "predict")).toBeUndefined();
});

test("inputs that speak of one size have rows of one", () => {
  const input = (name: string): InputInfo => ({ name, role: "data", dtype: "f32", shape: ["N", "W"] });
  const both = whole(sideBySide(narrow, wide));
  expect(faultText(fitDataset(both, { features: [input("x"), input("z")], labels: [], arrays: 2 }))).toBe(
    'M0720 wide has rows of shape [3], but "z" takes rows of shape [2] / change the shape of "z" in the model, or give data of its shape',
  );
});

test.each([
  [[[0], [1], [0]]],
  [[Int32Array.of(0, 1, 0), Float32Array.of(1, 2, 3)]],
  [[{ classes: 3 }]],
  [[null, null]],
  [[{ labels: [0, 1, 0] }, 3]],
  [null],
  [{ labels: [0, 1, 0], classes: 2 }],
])("labels that are none, %j, are a fault", (labels) => {
  expect(faultText(datasetOf(untyped({ ...rows, labels })))).toMatch(/^M0604 labels of the data/);
});

test("beside a list of labels stands nothing that is said of one", () => {
  const labels = [{ labels: [1, 0, 1] }];
  expect(faultText(datasetOf({ ...rows, labels, classes: 2 }))).toMatch(/M0604 classes of the data/);
});

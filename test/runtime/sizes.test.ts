/** Sizes in artifacts are canonical text of dimensions: what the compiler prints, the runtime reads. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Dim,
  addDims,
  constantDim,
  knownSize,
  multiplyDims,
  namedDim,
  quotientDims,
  remainderDims,
  sizeOfDim,
  subtractDims,
} from "../../compiler/ir/dim.ts";
import { nameOfSize, sizeOf } from "../../runtime/sizes.ts";

const { dim } = fc.letrec<{ dim: Dim }>((tie) => ({
  dim: fc.oneof(
    { maxDepth: 4 },
    fc.integer({ min: 1, max: 9 }).map(constantDim),
    fc.constantFrom("N", "H", "θ_2").map(namedDim),
    fc
      .tuple(fc.constantFrom(addDims, subtractDims, multiplyDims), tie("dim"), tie("dim"))
      .map(([combine, a, b]) => combine(a, b)),
    fc
      .tuple(fc.constantFrom(quotientDims, remainderDims), tie("dim"), fc.integer({ min: 2, max: 5 }))
      .map(([divide, a, b]) => divide(a, constantDim(b))),
  ),
}));

test("a printed dimension is read as the same size", () => {
  const names = { N: 7, H: 12, θ_2: 3 };
  fc.assert(fc.property(dim, (one) => sizeOf(one.key, names) === sizeOfDim(one, names)));
});

test("without a name there is no size", () => {
  expect(sizeOf("2*N + 1", {})).toBeUndefined();
  expect(sizeOf(5, {})).toBe(5);
  expect(knownSize(constantDim(5))).toBe(5);
});

test("a lone name is one that a shape can bind", () => {
  expect(["N", "2*N", "N + 1", 4, "7", "(H // 2)"].map(nameOfSize)).toEqual([
    "N",
    ...Array(5).fill(undefined),
  ]);
});

test.each(["", "2*", "(N", "N N"])("%j is no size", (text) => {
  expect(() => sizeOf(text, { N: 1 })).toThrow();
});

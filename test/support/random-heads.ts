/**
 * Losses written at random for heads: a product of rows and classes, or of rows and rows, a chain behind it that may read vectors, the own
 * class and statistics of its own rows, and reductions over the classes. They are what kernels of products fuse and what
 * `stream` cuts into passes. A tape of integers makes one, as for random programs, so a failing one shrinks.
 */
import fc from "fast-check";
import { constantDim, knownSize, multiplyDims } from "../../compiler/ir/dim.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { type Head, type HeadResult, type HeadSizes, crossEntropy, ownClass } from "./head-programs.ts";
import type { HeadRows } from "./head-runs.ts";

export interface RandomHead {
  readonly sizes: HeadSizes;
  readonly rows: HeadRows;
  readonly write: (head: Head) => HeadResult;
}

/** No size is a multiple of a tile; some are one. */
export const randomHeads: fc.Arbitrary<RandomHead> = fc
  .record({
    width: fc.constantFrom(1, 3, 13),
    N: fc.constantFrom(1, 4, 17),
    C: fc.constantFrom(1, 6, 37),
    isOfPairs: fc.nat(3).map((number) => number === 0),
    tape: fc.array(fc.nat(2 ** 20), { minLength: 4, maxLength: 12 }),
  })
  .map(({ width, N, C, isOfPairs, tape }): RandomHead => {
    const head: RandomHead = {
      sizes: { width, classes: "free" },
      rows: { N, C },
      write: (parts) =>
        isOfPairs ? written({ ...parts, C: parts.N }, tape, "rows") : written(parts, tape, "classes"),
    };
    const text = JSON.stringify({ width, N, C, isOfPairs, tape });
    return Object.assign(head, { [fc.toStringMethod]: () => text });
  });

/** Rows meet the classes, or each other: then there are as many classes as rows. */
function written(head: Head, tape: readonly number[], met: "classes" | "rows"): HeadResult {
  const { f, x, C, D, parameter } = head;
  const [W, bias] = [parameter("W", [C, D]), parameter("bias", [C])];
  // Rows of one number would all become 1 or -1, and roundings would choose between them.
  const isUnit = (tape[0] ?? 0) % 2 === 0 && knownSize(D) !== 1;
  const unit = (value: Node): Node => (isUnit ? f.make("normalize", [value], { axis: 1 }) : value);
  const scores = f.matmul(unit(x), unit(met === "rows" ? x : W), "keep", "flip");
  const z = tape.slice(2).reduce((before, number) => {
    const step = steps[number % steps.length];
    // Values stay small, so that f32 loses little and no two of them meet at a bound of tanh.
    return step === undefined ? before : f.make("tanh", [step(head, before, bias)], {});
  }, scores);
  const ends = [tape[0] ?? 0, tape[1] ?? 0].map((number) => losses[number % losses.length] ?? crossEntropy);
  const [first = crossEntropy, second = crossEntropy] = ends;
  return { loss: f.add(first(head, z, W), second(head, z, W)), scores };
}

const overClasses = { axes: [1], keepDims: true } as const;

/** What may stand behind the product; z is [N, C]. */
const steps: readonly ((head: Head, z: Node, bias: Node) => Node)[] = [
  ({ f }, z, bias) => f.add(z, bias),
  ({ f }, z, bias) => f.mul(z, f.exp(bias)),
  ({ f }, z) => f.maximum(z, f.f32(-0.25)),
  ({ f }, z) => f.sqrt(f.add(f.mul(z, z), f.f32(0.5))),
  ({ f }, z) => f.exp(f.neg(z)),
  (head, z) => head.f.select(ownClass(head), head.f.mul(z, z), z),
  (head, z) => head.f.sub(z, head.f.mul(head.f.f32(0.3), head.f.cast(ownClass(head), "f32"))),
  ({ f, y, N }, z) => f.sub(z, f.reshape(f.pick(z, y), [N, constantDim(1)])),
  ({ f }, z) => f.sub(z, f.logsumexp(z, overClasses)),
  ({ f }, z) => f.mul(z, f.mean(f.mul(z, z), overClasses)),
  ({ f }, z) => f.sub(z, f.max(z, overClasses)),
  (head, z) => throughOneAxis(head, z, (all) => head.f.exp(head.f.neg(all))),
  (head, z) => throughOneAxis(head, z, (all) => runningMean(head, all)),
];

/** Running sums, small enough for tanh to tell them apart. */
function runningMean({ f, N, C }: Head, all: Node): Node {
  const sums = f.make("cumsum", [all], { axis: 0, reverse: true });
  return f.div(sums, f.make("size", [], { dim: multiplyDims(N, C) }));
}

/** z with its rows and classes as one axis for a while. */
function throughOneAxis({ f, N, C }: Head, z: Node, step: (all: Node) => Node): Node {
  return f.reshape(step(f.reshape(z, [multiplyDims(N, C)])), [N, C]);
}

/** Scalars made of z, and of the weights. */
const losses: readonly ((head: Head, z: Node, W: Node) => Node)[] = [
  crossEntropy,
  ({ f }, z) => f.mean(f.mul(z, z), { axes: [0, 1], keepDims: false }),
  ({ f }, z) => f.mean(f.max(z, overClasses), { axes: [0, 1], keepDims: false }),
  ({ f }, z) => f.mean(f.logsumexp(f.mul(f.f32(4), z), overClasses), { axes: [0, 1], keepDims: false }),
  ({ f, N, C }, z) => f.max(f.reshape(f.flip(z), [multiplyDims(N, C)]), { axes: [0], keepDims: false }),
  ({ f, C, D }, z, W) => {
    const size = f.mean(f.abs(f.reshape(W, [multiplyDims(C, D)])), { axes: [0], keepDims: false });
    return f.add(size, f.mean(f.mul(z, z), { axes: [0, 1], keepDims: false }));
  },
];

/**
 * M02: positions and axes: what an index reads, which axis is meant, how elements may be arranged anew.
 */
import type { At, NamedAt } from "./check-types.ts";
import { listed } from "./check-names.ts";
import { defineError } from "./entry.ts";
export const notIndexable = defineError<At & { readonly found: string }>({
  code: "M0216",
  title: "Nothing to index",
  explanation: "`x[i]` takes an item of a list or a row of a tensor.",
  example: "fn f(x: f32, i: i32[N]) = x[i]\n",
  report: ({ found }) => ({ message: `this has no rows to take: it is ${found}` }),
});

export const badIndex = defineError<At & { readonly found: string }>({
  code: "M0217",
  title: "Index is not whole",
  explanation: "An index is a whole number, i32, or f32 that `floor` or `round` made whole.",
  example: "fn f(x: f32[N], i: f32[M]) = x[i]\n",
  report: ({ found }) => ({
    message: `an index is whole, and this is ${found}`,
    help: "use `floor(…)`, `round(…)` or `i32(…)`",
  }),
});

export const indexOutOfRange = defineError<At & { readonly index: number; readonly size: string }>({
  code: "M0218",
  title: "Index out of range",
  explanation: "Indices run from 0 to the size minus 1; negative ones count from the end.",
  example: "let rates = [0.1, 0.01]\nlet last = rates[2]\n",
  report: ({ index, size }) => ({ message: `there is no item ${index}: the size is ${size}` }),
});

export const positionOrSize = defineError<
  NamedAt & { readonly position: number; readonly axes: readonly number[]; readonly type: string }
>({
  code: "M0230",
  severity: "warning",
  title: "Position or size",
  explanation:
    "A setting behind `over` names the axis that it is the size of, where a type or a `reshape` says so by its name. Any other counts axes from 0; where another axis happens to be as long, either may be meant.",
  example: "fn f(x: f32[N, 4, 1], axis: int = 1) = sum(x, over: axis)\n",
  report: ({ name, position, axes, type }) => ({
    message: `\`${name}\` is taken as axis ${position} of ${type}, not as the axis of size ${position}, which is axis ${axes.join(", ")}`,
    help: `for the size, name that axis: \`let z: f32[…, ${name}] = …\`, \`over: ${name}\``,
  }),
});

export const noSuchAxis = defineError<
  NamedAt & { readonly type: string; readonly labels: readonly string[] }
>({
  code: "M0219",
  title: "No such axis",
  explanation: "`over: C` means the axis that is called C, else the only axis of C's size.",
  example: "fn f(x: f32[N, D], w: f32[C]) = sum(x, over: C) + sum(w)\n",
  report: ({ name, type, labels }) => ({
    message: `${type} has no axis \`${name}\``,
    help:
      labels.length === 0
        ? "name the axis by its position: `over: -1`"
        : `its axes are ${listed(labels)}; a position works too: \`over: -1\``,
  }),
});

export const ambiguousAxis = defineError<
  NamedAt & { readonly type: string; readonly axes: readonly number[] }
>({
  code: "M0220",
  title: "More than one such axis",
  explanation: "Several axes have the size that the name stands for, and none carries the name.",
  example: "fn f(x: f32[D, D], v: f32[D]) = sum(transpose(x) + 0, over: D) + v\n",
  report: ({ name, type, axes }) => ({
    message: `\`${name}\` could mean any of the axes ${axes.join(", ")} of ${type}`,
    help: "name the axis by its position: `over: 0`",
  }),
});

export const axisOutOfRange = defineError<
  At & { readonly position: number; readonly rank: number; readonly type: string }
>({
  code: "M0221",
  title: "Axis out of range",
  explanation: "Axes are counted from 0, or from the end with -1.",
  example: "fn f(x: f32[N, D]) = sum(x, over: 2)\n",
  report: ({ position, rank, type }) => ({
    message: `${type} has no axis ${position}`,
    help: rank === 0 ? "a scalar has no axes" : `positions go from ${-rank} to ${rank - 1}`,
  }),
});

export const badAxis = defineError<At & { readonly found: string; readonly type: string }>({
  code: "M0222",
  title: "Not an axis",
  explanation: "`over` names an axis by its dimension or its position; a list where several are meant.",
  example: "fn f(x: f32[N, D]) = sum(x, over: 0.5)\n",
  report: ({ found, type }) => ({ message: `an axis of ${type} is needed here, not ${found}` }),
});

export const notAnAxis = defineError<At & { readonly callee: string; readonly type: string }>({
  code: "M0223",
  title: "No axis to work along",
  explanation: "Functions along an axis need at least one.",
  example: "fn f(x: f32) = softmax(x)\n",
  report: ({ callee, type }) => ({ message: `\`${callee}\` works along an axis, and ${type} has none` }),
});

export const badReshape = defineError<
  At & { readonly from: string; readonly to: string; readonly hasOpen: boolean }
>({
  code: "M0224",
  title: "Reshape changes the number of elements",
  explanation: "The sizes of the new shape multiply to the number of elements; one of them may be -1.",
  example: "fn f(x: f32[N, 6]) = reshape(x, [N, 4])\n",
  report: ({ from, to, hasOpen }) => ({
    message: `${from} does not fit into [${to}]`,
    help: hasOpen
      ? "-1 is worked out where it is known to be whole: give the size as a multiple, as in `x: f32[N, 2 * M]`, or as a number"
      : "write -1 for one size and it is worked out",
  }),
});

export const noShapeForRandom = defineError<At & { readonly callee: string }>({
  code: "M0225",
  title: "Random numbers of no shape",
  explanation:
    "Only an initialiser (behind `~`) knows a shape by itself. Elsewhere random numbers are made `like` a value.",
  example: "layer noise()(x: f32[N]) = x + random_normal()\n",
  report: ({ callee }) => ({
    message: `nothing says what shape these random numbers have`,
    help: `write \`${callee}(like: x)\``,
  }),
});

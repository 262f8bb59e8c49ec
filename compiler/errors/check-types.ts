/**
 * M02: types and shapes. A mismatch shows both shapes and where each came from.
 */
import { defineError, replaceBy } from "./entry.ts";
import type { Fix, Label } from "./diagnostic.ts";
import type { Span } from "./span.ts";
import { withArticle } from "./suggest.ts";

export interface At {
  readonly span: Span;
}
export interface NamedAt extends At {
  readonly name: string;
}

/** A call around what is there. */
function wrapFix({ file, start, end }: Span, called: string, title = `convert it with \`${called}\``): Fix {
  return {
    title,
    edits: [
      { span: { file, start, end: start }, newText: `${called}(` },
      { span: { file, start: end, end }, newText: ")" },
    ],
  };
}

export const shapeFault = defineError<
  At & { readonly fault: string; readonly labels: readonly Label[]; readonly help?: string | undefined }
>({
  code: "M0201",
  title: "Shapes do not fit",
  explanation:
    "Shapes are aligned at their last axis, and a size of 1 stretches, as in NumPy. Everything else must agree: a name stands for one size.",
  example: "fn f(a: f32[N, 3], b: f32[N, 4]) = a + b\n",
  report: ({ fault, labels, help }) => ({ message: fault, labels, help }),
});

export const shapeMismatch = defineError<
  NamedAt & {
    readonly found: string;
    readonly written: string;
    readonly writtenSpan: Span;
    readonly size: string;
    readonly wanted: string;
    readonly dimension: string;
    readonly earlier?: Label;
  }
>({
  code: "M0202",
  title: "Size differs from the signature",
  explanation:
    "A name in a type is bound to a size where it is met first, and every later use must have the same size. A number or formula in a type must be met exactly.",
  example: "fn f(a: f32[N, D], b: f32[N, D]) = a * b\nfn g(x: f32[N, 3], y: f32[N, 4]) = f(x, y)\n",
  report: ({ name, found, written, writtenSpan, size, wanted, dimension, earlier }) => ({
    message: `${quoted(name)} is ${found}, but ${written} is needed: ${dimension === wanted ? `${size} is not ${wanted}` : `${dimension} is ${wanted}, not ${size}`}`,
    labels: [
      { span: writtenSpan, message: `${written} is asked for here` },
      ...(earlier === undefined ? [] : [earlier]),
    ],
  }),
});

export const shapeMismatchPlain = defineError<NamedAt & { readonly found: string; readonly wanted: string }>({
  code: "M0203",
  title: "Initial value has the wrong shape",
  explanation:
    "The value behind `~`, or a state's first value, must have the declared shape or stretch to it.",
  example: "layer f()(x: f32[N, K]) {\n  state t: f32[3] = [1, 2]\n  x + sum(t)\n}\n",
  report: ({ name, found, wanted }) => ({ message: `\`${name}\` is ${wanted}, but starts as ${found}` }),
});

export const wrongRank = defineError<
  NamedAt & {
    readonly found: string;
    readonly written: string;
    readonly writtenSpan: Span;
    /** The sizes that were found, and how many are wanted; undefined where any number above one is. */
    readonly sizes: readonly string[];
    readonly wanted: number | undefined;
  }
>({
  code: "M0204",
  title: "Wrong number of axes",
  explanation:
    "A type lists every axis, or has `...` for any number of them. `flatten()` from std/layers makes rows of an image.",
  example: "fn f(x: f32[N, D]) = x\nfn g(image: f32[N, H, W, K]) = f(image)\n",
  report: ({ name, found, written, writtenSpan, sizes, wanted }) => ({
    message: `${quoted(name)} is ${found}, but ${written} is needed: the number of axes differs`,
    labels: [{ span: writtenSpan, message: `${written} is asked for here` }],
    help: rankHelp(sizes, wanted),
  }),
});

/** How axes are put together, or one is added. */
function rankHelp([, ...rest]: readonly string[], wanted: number | undefined): string | undefined {
  const found = rest.length + 1;
  if (wanted === 2 && found > 2) return "`flatten()` of `std/layers` puts all axes but the first into one";
  if (wanted !== found + 1 || found < 2) return undefined;
  return `an axis of size 1 is added by \`reshape(…, [${["-1", ...rest, "1"].join(", ")}])\``;
}

export const shapeOverflow = defineError<At & { readonly type: string }>({
  code: "M0205",
  title: "Too many elements",
  explanation: "A tensor holds at most 2^53 elements. This is a limit of the compiler, far above any memory.",
  example: "layer huge()(x: f32[N]) {\n  param W: f32[4294967296, 4294967296]\n  x + sum(W)\n}\n",
  report: ({ type }) => ({ message: `${type} would hold more than 2^53 elements` }),
});

export const wrongDType = defineError<
  NamedAt & { readonly found: string; readonly wanted: string; readonly writtenSpan: Span }
>({
  code: "M0206",
  title: "Wrong element type",
  explanation: "f32, i32 and bool are not exchanged silently. `f32(x)` and `i32(x)` convert.",
  example: "fn f(x: f32[N]) = x\nfn g(x: i32[N]) = f(x)\n",
  report: ({ name, found, wanted, writtenSpan }) => ({
    message: `${quoted(name)} is ${found}, but ${wanted} is needed`,
    labels: [{ span: writtenSpan, message: `${wanted} is asked for here` }],
    help:
      wanted === "bool"
        ? "compare it with something"
        : `convert it: \`${wanted === "f32" ? "f32" : "i32"}(…)\``,
  }),
});

export const unboundDimension = defineError<NamedAt>({
  code: "M0207",
  title: "Size not known here",
  explanation:
    "A name in the type of a `param`, a `state` or a result must have a size already: from an input's type, or an int setting.",
  example: "layer f()(x: f32[N, K]) {\n  param W: f32[K, M]\n  x @ W\n}\n",
  report: ({ name }) => ({
    message: `nothing says what size \`${name}\` is`,
    help: `use it in the type of an input, or make it a setting: \`${name}: int\``,
  }),
});

export const badDimension = defineError<
  At & {
    readonly found: string;
    /** The `/` that should be `//`. */
    readonly division: Span | undefined;
  }
>({
  code: "M0208",
  title: "Not a size",
  explanation: "A size is a whole number, not negative, or integer arithmetic of names.",
  example: "layer f()(x: f32[N, K]) {\n  param b: f32[K / 2]\n  x + sum(b)\n}\n",
  report: ({ found, division }) => ({
    message: `\`${found}\` is not a size`,
    help: "sizes are whole numbers; `//` divides without a rest",
    fix: division === undefined ? undefined : replaceBy(division, "//", "write `//`"),
  }),
});

export const wrongOperand = defineError<
  At & {
    readonly operator: string;
    readonly wanted: string;
    readonly found: string;
    readonly isBool: boolean;
    readonly isLoss: boolean;
    /** What is a value where a function was named. */
    readonly called: string | undefined;
  }
>({
  code: "M0209",
  title: "Operand of the wrong kind",
  explanation:
    "Arithmetic takes numbers; `and`, `or` and `not` take bools. `f32(x)` makes 1 and 0 of true and false.",
  example: "fn f(x: f32[N]) = (x > 0) + 1\n",
  report: ({ span, operator, wanted, found, isBool, isLoss, called }) => ({
    message: `\`${operator}\` takes ${wanted}, not ${found}`,
    help: isBool
      ? "convert it: `f32(…)` is 1 where it is true"
      : isLoss
        ? "a loss of your own may add losses: give each its inputs, `margin_softmax(margin: …)(x, y) + …`"
        : called === undefined
          ? undefined
          : `the value is \`${called}\``,
    fix: isBool
      ? wrapFix(span, "f32")
      : called === undefined || called.endsWith("(…)")
        ? undefined
        : replaceBy(span, called, `write \`${called}\``),
  }),
});

export const notATensor = defineError<At & { readonly found: string; readonly what: string }>({
  code: "M0210",
  title: "Not a value of the graph",
  explanation:
    "Numbers, lists of numbers and tensors can be computed with; strings, functions and margins cannot.",
  example: 'fn f(x: f32[N], mode = "fast") = sum([mode, mode])\n',
  report: ({ found, what }) => ({
    message:
      found === what
        ? `this is ${withArticle(found)}, not a number or tensor`
        : `this is ${withArticle(found)} (${what}), not a number or tensor`,
    help: found === "layer" || found === "model" ? "give it its input: `x |> name(…)`" : undefined,
  }),
});

export const badCondition = defineError<At & { readonly found: string }>({
  code: "M0211",
  title: "Condition is not a bool",
  explanation: "The condition of an `if` is true or false: a comparison, a bool setting, or `training`.",
  example: "fn f(x: f32[N]) = if x then x else 0\n",
  report: ({ found }) => ({ message: `a condition is a bool, not ${found}`, help: "compare it: `… > 0`" }),
});

export const badBranches = defineError<
  At & { readonly left: string; readonly right: string; readonly leftSpan: Span; readonly rightSpan: Span }
>({
  code: "M0212",
  title: "Branches of different kinds",
  explanation: "Both branches of an `if` give numbers, or both give bools.",
  example: "fn f(x: f32[N]) = if x > 0 then x else x < 1\n",
  report: ({ left, right, leftSpan, rightSpan }) => ({
    message: `the branches are ${left} and ${right}`,
    labels: [
      { span: leftSpan, message: `this is ${left}` },
      { span: rightSpan, message: `this is ${right}` },
    ],
  }),
});

export const turnedOperand = defineError<
  At & {
    readonly inner: string;
    readonly depth: string;
    readonly labels: readonly Label[];
    /** The matrix that fits the other way round. */
    readonly operand: Span;
    readonly side: "left" | "right";
  }
>({
  code: "M0227",
  title: "A matrix the other way round",
  explanation:
    "`a @ b` multiplies the last axis of a with the first axis of b. Here the sizes would agree if one of the two were transposed: class weights f32[C, D] meet features f32[N, D] as `x @ transpose(W)`.",
  example: "fn f(x: f32[N, D], W: f32[C, D]) = x @ W\n",
  report: ({ inner, depth, labels, operand, side }) => ({
    message: `the inner sizes are ${inner} and ${depth}`,
    labels,
    help: `with the ${side} one transposed they agree: \`transpose(…)\``,
    fix: wrapFix(operand, "transpose", "transpose it"),
  }),
});

export const labelsAlongRows = defineError<
  At & {
    readonly bound: string;
    readonly size: string;
    readonly read: string;
    readonly picks: Fix | undefined;
  }
>({
  code: "M0228",
  severity: "warning",
  title: "Labels read along another axis",
  explanation:
    "`x[i]` reads whole rows along the first axis. Labels count the classes, which are another axis of this tensor: one element a row is `pick(z, y)`.",
  example: "fn f(z: f32[N, C], y: index<C>[N]) = z[y]\n",
  report: ({ bound, size, read, picks }) => ({
    message: `these labels count ${bound} classes, but this reads whole rows of ${read}, of which there are ${size}`,
    help: "one element a row is `pick(z, y)`",
    fix: picks,
  }),
});

export const badMatmul = defineError<
  At & { readonly left: string; readonly right: string; readonly labels: readonly Label[] }
>({
  code: "M0213",
  title: "Not a matrix product",
  explanation: "`a @ b` multiplies the last axis of a with the first axis of b; b is a matrix or a vector.",
  example: "fn f(x: f32[N, K], y: f32) = x @ y\n",
  report: ({ left, right, labels }) => ({ message: `${left} @ ${right} is not a matrix product`, labels }),
});

export const divisionByZero = defineError<At>({
  code: "M0214",
  title: "Division by zero",
  explanation: "A constant is divided by the constant 0.",
  example: "let a = (1 // 0)\n",
  report: () => ({ message: "this divides by 0" }),
});

export const nonIntegerParity = defineError<At & { readonly found: string }>({
  code: "M0215",
  title: "Power of -1 that is not whole",
  explanation:
    "`(-1) ^ k` is the parity of k, so k must be a whole number: the result of `floor`, `round`, or i32.",
  example: "fn f(x: f32[N]) = (-1) ^ x\n",
  report: ({ found }) => ({
    message: `the exponent of -1 must be whole, and this is ${found}`,
    help: "use `floor(…)` or `round(…)`",
  }),
});

export const undecidedCondition = defineError<At>({
  code: "M0226",
  title: "Condition on a size that is open",
  explanation:
    "An `if` on sizes or settings is decided when the program is compiled, and here it depends on a size that only the run knows.",
  example: `model M(x: f32[N, 4]) = if N > 1 then mean(x, over: N) else x
loss L(x: f32[D], y: f32[N]) = sum(x) + sum(y)
optimizer sgd(rate = 0.1) {
  param <- param - rate * grad
}
train T {
  model = M
  loss = L
  data = csv("flowers.csv")
  optimizer = sgd
  epochs = 1
}
`,
  report: () => ({
    message: "this is not known when the program is compiled",
    help: "write the size as a number in the signature",
  }),
});

/** Names stand in backticks; `the result` is none. */
function quoted(name: string): string {
  return name.includes(" ") ? name : `\`${name}\``;
}

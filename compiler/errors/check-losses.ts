/**
 * M04: parameters and states, margins, losses and optimizers.
 */
import { defineError } from "./entry.ts";
import type { Fix } from "./diagnostic.ts";
import type { Span } from "./span.ts";
import { withArticle } from "./suggest.ts";
import { didYouMean, listed, renameFix } from "./check-names.ts";

interface At {
  readonly span: Span;
}
interface NamedAt extends At {
  readonly name: string;
}

export const paramInFunction = defineError<NamedAt & { readonly what: "param" | "state" }>({
  code: "M0401",
  title: "A function owns nothing",
  explanation:
    "A `fn` is pure: what it gives depends on its arguments alone. What is learned or kept belongs to a layer, model, margin or loss.",
  example: "fn f(x: f32[N, K]) {\n  param W: f32[K, 2]\n  x @ W\n}\n",
  report: ({ name, what }) => ({
    message: `\`${name}\`: a fn has no ${what}`,
    help: "make it a `layer`",
  }),
});

export const paramInOptimizer = defineError<
  NamedAt & {
    readonly what: "param" | "state";
    /** Of the optimizer itself, or of a layer that it calls. */
    readonly isOwn: boolean;
  }
>({
  code: "M0416",
  title: "An optimizer learns nothing",
  explanation:
    "An optimizer moves the parameters of models, layers, margins and losses. Nothing would move one of its own: what it keeps from step to step is a `state`, and each parameter that it moves has one. A layer that it calls would be one for all of them.",
  example: "optimizer sgd(rate = 0.1) {\n  param pace: f32 ~ 1\n  param <- param - rate * pace * grad\n}\n",
  report: ({ name, what, isOwn }) => ({
    message: isOwn
      ? `\`${name}\` would never be learned: an optimizer has no param of its own`
      : `\`${name}\`: what an optimizer calls has no ${what}`,
    help: isOwn
      ? `keep it from step to step with \`state ${name} = …\` and \`${name} <- …\`; what does not change is a setting or a \`let\``
      : "call a `fn`, and keep what the optimizer needs in a `state` of its own",
  }),
});

export const wrongParamType = defineError<NamedAt>({
  code: "M0402",
  title: "A parameter is f32",
  explanation: "What is learned are f32 numbers: `param W: f32[K, 2]`.",
  example: "layer f()(x: f32[N, K]) {\n  param W: i32[K]\n  x * f32(W)\n}\n",
  report: ({ name }) => ({ message: `the param \`${name}\` must be f32` }),
});

export const initialNeedsData = defineError<NamedAt & { readonly leaf: string }>({
  code: "M0403",
  title: "First value depends on the run",
  explanation: "Parameters and states are filled before the first step, from the seed alone.",
  example: "layer f()(x: f32[N]) {\n  state t: f32 = sum(x)\n  x + t\n}\n",
  report: ({ name, leaf }) => ({
    message: `\`${name}\` cannot start from \`${leaf}\`, which only the run knows`,
  }),
});

export const notAState = defineError<
  NamedAt & { readonly is: string | undefined; readonly suggestion: string | undefined }
>({
  code: "M0404",
  title: "Only a state is updated",
  explanation:
    "`name <- value` gives a state of the same body its next value. In an optimizer `param <- …` updates the parameter.",
  example: "layer f()(x: f32[N]) {\n  let t = 0\n  t <- sum(x)\n  x + t\n}\n",
  report: (facts) => ({
    message:
      facts.is === undefined
        ? `there is no state \`${facts.name}\` here`
        : `\`${facts.name}\` is ${withArticle(facts.is)}, not a state`,
    help: didYouMean(facts) ?? `declare it: \`state ${facts.name} = 0\``,
    fix: renameFix(facts),
  }),
});

export const wrongUpdate = defineError<
  NamedAt & {
    readonly found: string;
    readonly wanted: string;
    /** In a margin, of a state with a number a class. */
    readonly isByClass: boolean;
  }
>({
  code: "M0405",
  title: "New value of another shape",
  explanation: "A variable keeps its shape from step to step.",
  example: "layer f()(x: f32[N, K]) {\n  state t: f32[K] = 0\n  t <- mean(x, over: K)\n  x + t\n}\n",
  report: ({ name, found, wanted, isByClass }) => ({
    message: `\`${name}\` is ${wanted}, and its new value is ${found}`,
    help: isByClass
      ? "add numbers up by class: `sum(one_hot(y) * …, over: N)`"
      : "reduce it over the other axes, for example with `mean(…, over: N)`",
  }),
});

export const twoShapes = defineError<NamedAt & { readonly known: string; readonly here: string }>({
  code: "M0417",
  title: "One variable in two shapes",
  explanation:
    "A margin is one, with one set of variables, however often the loss that has it uses it; so is a network that several models are. What has a number for each class fits one set of classes.",
  example:
    "margin M() {\n  param m: f32[C]\n  target = cos - m\n}\nloss f(x: f32[N, D], y: index<3>[N], z: index<5>[N]) {\n  param W: f32[3, D]\n  param V: f32[5, D]\n  let margin = M()\n  mean(logits(margin, x, W, y)) + mean(logits(margin, x, V, z))\n}\n",
  report: ({ name, known, here }) => ({
    message: `\`${name}\` is ${known} in an earlier use, and ${here} here`,
    help: "take a margin for each: two settings, or two calls of it",
  }),
});

export const notScalarLoss = defineError<At & { readonly found: string }>({
  code: "M0406",
  title: "A loss is one number",
  explanation: "The value of a loss is a scalar: the mean over the rows, as a rule.",
  example: "loss distance(x: f32[N, D], y: f32[N, D]) = sum((x - y) ^ 2, over: D)\n",
  report: ({ found }) => ({
    message: `the value of a loss is one number, not ${found}`,
    help: "take the `mean(…)` of it",
  }),
});

export const notAMargin = defineError<At & { readonly found: string }>({
  code: "M0407",
  title: "Not a margin",
  explanation: "`logits` and `scores` take a margin first: a declared one, with or without settings.",
  example: "loss f(x: f32[N, D], y: index<C>[N]) {\n  param W: f32[C, D]\n  mean(logits(0.5, x, W, y))\n}\n",
  report: ({ found }) => ({
    message: `a margin is needed here, not ${/^[aeiou]/.test(found) ? "an" : "a"} ${found}`,
  }),
});

export const badMarginResult = defineError<NamedAt & { readonly found: string }>({
  code: "M0408",
  title: "Result of a margin has the wrong shape",
  explanation:
    "In a margin every value belongs to a row, a class, or a pair of them. `target`, `scale` and `penalty` are numbers.",
  example: "margin M(s = 64) {\n  scale = s\n  target = cos > 0\n}\n",
  report: ({ name, found }) => ({ message: `\`${name}\` is a number for each row or pair, not ${found}` }),
});

export const scaleNotPositive = defineError<At & { readonly value: number }>({
  code: "M0409",
  title: "Scale is not positive",
  explanation:
    "The scale multiplies every score; at 0 nothing is left to learn, and below it the order turns round.",
  example: "margin M(s = -64) {\n  scale = s\n}\n",
  report: ({ value }) => ({ message: `the scale is ${value}; it must be above 0` }),
});

export const scoresNeedLabels = defineError<NamedAt & { readonly scale: Span }>({
  code: "M0410",
  title: "Scores need labels",
  explanation:
    "`scores` works without labels, so it cannot use a margin whose scale depends on the row's own class.",
  example:
    "margin M() {\n  scale = 2 + cos_y\n}\nloss f(x: f32[N, D], y: index<C>[N]) {\n  param W: f32[C, D]\n  predict = scores(M(), x, W)\n  mean(logits(M(), x, W, y))\n}\n",
  report: ({ name, scale }) => ({
    message: `the scale of \`${name}\` depends on the label, which scores do not have`,
    labels: [{ span: scale, message: "this needs the label" }],
    help: "use `cosine(x, W)`",
  }),
});

export const penaltyOutsideLoss = defineError<At & { readonly penalty: Span }>({
  code: "M0411",
  title: "Penalty without a loss",
  explanation: "A margin's penalty is added to the loss that calls `logits`; here there is none.",
  example:
    "margin M() {\n  penalty = x_norm\n}\nlayer head(C: int)(x: f32[N, D], y: index<C>[N]) {\n  param W: f32[C, D]\n  logits(M(), x, W, y)\n}\n",
  report: ({ penalty }) => ({
    message: "this margin has a penalty, and there is no loss to add it to",
    labels: [{ span: penalty, message: "the penalty" }],
    help: "call `logits` in a loss",
  }),
});

export const notByClass = defineError<At & { readonly found: string; readonly removal: Fix }>({
  code: "M0413",
  title: "Not a number a class",
  explanation:
    "In a margin `v[y]` is v as it is for the row's own class. What is one number for each row, as `cos_y` or `x_norm`, has nothing to choose from.",
  example: "margin M() {\n  target = cos - cos_y[y] / 4\n}\n",
  report: ({ found, removal }) => ({
    message: `this is not one number a class but ${found}: there is no own class to read`,
    help: "leave the brackets out",
    fix: removal,
  }),
});

export const wrongClassCount = defineError<
  At & { readonly found: string; readonly classes: string; readonly read: Span }
>({
  code: "M0414",
  title: "Not one number for each class",
  explanation:
    "What labels index holds one number for each class, in the order of the labels. With another length some class would read past the end.",
  example:
    "margin Rare(margins: list = [0.5, 0.3]) {\n  target = cos - margins[y]\n}\nfn f(x: f32[N, D], W: f32[3, D], y: index<3>[N]) = logits(Rare(), x, W, y)\n",
  report: ({ found, classes, read }) => ({
    message: `there are ${classes} classes, and this holds ${found}`,
    labels: [{ span: read, message: "here each class reads its own" }],
  }),
});

export const unmovedLoss = defineError<NamedAt & { readonly inputs: readonly string[] }>({
  code: "M0415",
  severity: "warning",
  title: "Loss that nothing moves",
  explanation:
    "Training follows the gradient of the loss, and none flows through comparisons, `argmax`, `argsort`, `floor`, `round`, `sign` and `detach`. A count of mistakes is a metric; a loss is something smooth, such as `logsumexp(z, over: C) - pick(z, y)`.",
  example: "loss mistakes(z: f32[N, C], y: index<C>[N]) = mean(f32(argmax(z, over: C) != y))\n",
  report: ({ name, inputs }) => ({
    message: `no gradient flows from \`${name}\` to ${listed(inputs)} or to anything learned`,
    help: "nothing flows through comparisons, `argmax`, `floor`, `round`, `sign` and `detach`; what only counts is a metric",
  }),
});

export const noParamUpdate = defineError<NamedAt>({
  code: "M0412",
  title: "Optimizer updates nothing",
  explanation: "An optimizer says how a parameter moves: `param <- param - rate * grad`.",
  example: "optimizer still(rate = 0.1) {\n  state v = 0\n  v <- rate * grad\n}\n",
  report: ({ name }) => ({ message: `the optimizer \`${name}\` never says \`param <- …\`` }),
});

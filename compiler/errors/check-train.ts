/**
 * M05: the settings of a `train` and its data.
 */
import { defineError } from "./entry.ts";
import { data, trainExample } from "./train-example.ts";
import type { Fix } from "./diagnostic.ts";
import type { Span } from "./span.ts";
import { didYouMean, listed, renameFix, someOf } from "./check-names.ts";

interface At {
  readonly span: Span;
}
interface NamedAt extends At {
  readonly name: string;
}

export const unknownTrainSetting = defineError<
  NamedAt & { readonly known: readonly string[]; readonly suggestion: string | undefined }
>({
  code: "M0501",
  title: "Unknown setting of a train",
  explanation:
    "A `train` has model, loss, data, validation, verification, optimizer, batch, per_class, epochs or steps, seed and metrics.",
  example: trainExample(`model = M\nloss = L\n${data}\noptimizer = sgd(rate: 0.5)\nepochs = 1\nbatchs = 32`),
  report: (facts) => ({
    message: `a train has no setting \`${facts.name}\``,
    help: didYouMean(facts) ?? `it has ${listed(facts.known)}`,
    fix: renameFix(facts),
  }),
});

export const missingTrainSetting = defineError<At & { readonly train: string; readonly setting: string }>({
  code: "M0502",
  title: "Missing setting of a train",
  explanation: "A `train` needs a model, a loss, data, an optimizer, and epochs or steps.",
  example: trainExample(`model = M\nloss = L\n${data}\nepochs = 1`),
  report: ({ train, setting }) => ({
    message:
      setting === "epochs" ? `\`${train}\` does not say how long it runs` : `\`${train}\` has no ${setting}`,
    help: missingSettingHelps[setting] ?? `give \`${setting} = …\``,
  }),
});

const missingSettingHelps: Readonly<Record<string, string | undefined>> = {
  epochs: "give `epochs = …` or `steps = …`",
  data: 'give `data = csv("rows.csv", label: "kind", classes: 3)`, or another reader',
  optimizer: "give `optimizer = sgd(rate: 0.1)`, or another of `std/optimizers`",
};

export const wrongTrainSetting = defineError<
  NamedAt & { readonly wanted: string; readonly found: string; readonly fix?: Fix | undefined }
>({
  code: "M0503",
  title: "Setting of a train of the wrong kind",
  explanation:
    "Model, loss and optimizer are declarations, with or without settings; data is read by a reader, or by several; `metrics` is a list of names; the rest are whole numbers.",
  example: trainExample(`model = M\nloss = L\n${data}\noptimizer = sgd(rate: 0.5)\nepochs = 0`),
  report: ({ name, wanted, found, fix }) => ({
    message: `\`${name}\` is ${wanted}, not ${found}`,
    help: fix?.title ?? wrongSettingHelp(name, found),
    fix,
  }),
});

function wrongSettingHelp(name: string, found: string): string | undefined {
  if (name === "loss" && found.startsWith("the margin"))
    return "a margin is given to a loss: `margin_softmax(margin: …)` of `std/losses`";
  if (["data", "validation", "verification"].includes(name))
    return 'write a reader, `npz("rows.npz")`, or several side by side, `[images("photos"), npz("captions.npz")]`';
  const isDeclaration = ["model", "loss", "optimizer"].includes(name);
  return isDeclaration && /string/.test(found) ? "write its name without quotes" : undefined;
}

export const bothLengths = defineError<At & { readonly epochs: Span }>({
  code: "M0504",
  title: "Two lengths",
  explanation: "A run is as long as its epochs or as its steps say, not both.",
  example: trainExample(`model = M\nloss = L\n${data}\noptimizer = sgd(rate: 0.5)\nepochs = 1\nsteps = 100`),
  report: ({ epochs }) => ({
    message: "both `epochs` and `steps` are given",
    labels: [{ span: epochs, message: "epochs here" }],
    help: "remove one of them",
  }),
});

const groupExample = (optimizer: string): string =>
  trainExample(`model = M\nloss = L\n${data}\noptimizer = ${optimizer}\nepochs = 1`);

export const unknownParameter = defineError<
  NamedAt & { readonly known: readonly string[]; readonly suggestion: string | undefined }
>({
  code: "M0519",
  title: "Optimizer for parameters that are not there",
  explanation:
    "`only` names parameters as checkpoints do: by the path of what owns them, `margin_softmax.W`, or by its beginning; `*` stands for anything.",
  example: groupExample('[sgd(rate: 1) |> only("M"), sgd]'),
  report: (facts) => ({
    message: `no parameter is called \`${facts.name}\``,
    help:
      didYouMean(facts) ??
      (facts.known.length === 0 ? "nothing is learned here" : `there are ${someOf(facts.known)}`),
  }),
});

export const idleOptimizer = defineError<NamedAt>({
  code: "M0520",
  title: "Optimizer that gets no parameter",
  explanation:
    "Each parameter gets the first optimizer of the list that is for it. One without `only` is for all, so nothing is left for those behind it.",
  example: groupExample('[sgd, sgd(rate: 1) |> only("L")]'),
  report: ({ name }) => ({
    message: `those before \`${name}\` take every parameter that it is for`,
    help: "write those with `only` first, and the one for all others last",
  }),
});

export const withoutOptimizer = defineError<At & { readonly names: readonly string[] }>({
  code: "M0521",
  title: "Parameters without an optimizer",
  explanation: "Every parameter has an optimizer; `frozen()` of `std/optimizers` leaves it as it is.",
  example: `model N(x: f32[N, 4]) {\n  param W: f32[4, 4]\n  x @ W\n}\n${trainExample(`model = N\nloss = L\n${data}\noptimizer = sgd |> only("L")\nepochs = 1`)}`,
  report: ({ names }) => ({
    message: `no optimizer is for ${someOf(names)}`,
    help: "add one without `only` at the end of the list: `frozen()` if they are to stay as they are",
  }),
});

export const openVariable = defineError<NamedAt & { readonly type: string; readonly size: string }>({
  code: "M0508",
  title: "Parameter of unknown size",
  explanation:
    "What is learned has a size before the first batch; only the number of rows may stay open. Write numbers in the model's signature.",
  example: `layer dense(units: int)(x: f32[N, K]) {
  param W: f32[K, units]
  x @ W
}
model M(x: f32[N, F]) = x |> dense(2)
loss L(x: f32[N, D], y: f32[N, D]) = mean((x - y) ^ 2)
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
  report: ({ name, type, size }) => ({
    message: `the size of \`${name}\` (${type}) depends on ${size}, which nothing fixes`,
    help: "write numbers in the signature of the model: `image: f32[N, 28, 28, 1]`",
  }),
});

export const predictNeedsLabels = defineError<NamedAt>({
  code: "M0509",
  title: "Prediction needs labels",
  explanation: "`predict` gives scores for rows whose label nobody knows, so it cannot use the labels.",
  example: `model M(x: f32[N, 4]) = x
loss L(x: f32[N, D], y: f32[N, D]) {
  predict = x + y
  mean((x - y) ^ 2)
}
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
  report: ({ name }) => ({ message: `\`predict\` of \`${name}\` uses the labels` }),
});

const metricExample = (metrics: string): string =>
  trainExample(
    `model = M\nloss = L\n${data}\noptimizer = sgd(rate: 0.5)\nepochs = 1\nmetrics = [${metrics}]`,
  );

export const wrongMetric = defineError<At & { readonly found: string; readonly gives?: string }>({
  code: "M0512",
  title: "Metric of the wrong kind",
  explanation:
    "A metric is `accuracy`, or a function of a batch's scores and labels, by its name, that gives one number or two sums to divide, `[part, whole]`, each f32 or f32[C].",
  example: `fn hits(scores: f32[N, C], y: index<C>[N]) = pick(scores, y)\n${metricExample("accuracy, hits")}`,
  report: ({ found, gives }) => ({
    message:
      gives === undefined
        ? `a metric is the name of a function, not ${found}`
        : `a metric gives one number, or [part, whole], but ${found} gives ${gives}`,
    help:
      gives === undefined
        ? "declare `fn name(scores: f32[N, C], y: index<C>[N]) = …` and write its name"
        : "make it one f32, such as the mean over the rows, `mean(f32(…))`, or two sums, f32 or f32[C] both: `[sum(hits), sum(counted)]`",
  }),
});

export const metricNeedsScores = defineError<NamedAt & { readonly isOfScores: boolean }>({
  code: "M0513",
  title: "Metric without scores",
  explanation:
    "Metrics are taken of scores, the loss's `predict`, and of labels. `accuracy` needs one score a class and one label a row.",
  example: `model M(x: f32[N, 4]) = x
loss L(x: f32[N, D], y: f32[N, D]) = mean((x - y) ^ 2)
optimizer sgd(rate = 0.1) {
  param <- param - rate * grad
}
train T {
  model = M
  loss = L
  data = csv("flowers.csv")
  optimizer = sgd
  epochs = 1
  metrics = [accuracy]
}
`,
  report: ({ name, isOfScores }) => ({
    message: `\`${name}\` has no scores${isOfScores ? "" : " and labels"} to be taken of`,
    help: isOfScores
      ? "give the loss `predict = …`, or leave the metric out"
      : name === "accuracy"
        ? "give the loss labels `y: index<C>[N]` and `predict = …` of shape f32[N, C]; of labels that may be no class take `label_accuracy` of std/metrics"
        : "give the loss labels and `predict = …`, or leave the metric out",
  }),
});

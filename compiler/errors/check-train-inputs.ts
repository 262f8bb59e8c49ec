/**
 * M05: what feeds what in a `train`: readers and their settings, models and their inputs, losses and their labels.
 */
import { defineError } from "./entry.ts";
import type { Span } from "./span.ts";
import { listed } from "./check-names.ts";
import { data, trainExample } from "./train-example.ts";

interface At {
  readonly span: Span;
}
interface NamedAt extends At {
  readonly name: string;
}

export const missingClasses = defineError<
  NamedAt & {
    readonly reader: string;
    readonly files: readonly string[];
    /** Which of the labels, counted from 0. */
    readonly at: number;
  }
>({
  code: "M0505",
  title: "Number of classes not given",
  explanation:
    "The loss has labels `index<C>`; the data says how many classes there are, so that every size is known before a file is read.",
  example: trainExample(
    'model = M\nloss = L\ndata = csv("flowers.csv", label: "kind")\noptimizer = sgd(rate: 0.5)\nepochs = 1',
  ),
  report: ({ name, reader, files, at }) => ({
    message: `the loss needs the number of classes (${name}), and the data does not say it`,
    dataFiles: files,
    help: `write \`${reader}(…, classes: ${
      at === 0
        ? "10"
        : `[${Array(at + 1)
            .fill(10)
            .join(", ")}]`
    })\`${at === 0 ? "" : ", a number for each of the labels: classes come before labels that are values"}`,
  }),
});

export const wrongClasses = defineError<
  NamedAt & { readonly classes: number; readonly size: string; readonly because: string; readonly at: Span }
>({
  code: "M0506",
  title: "Number of classes does not fit",
  explanation: "The loss takes scores whose number of columns is the number of classes.",
  example: `model M(x: f32[N, 4]) = x
loss L(z: f32[N, C], y: index<C>[N]) = mean(logsumexp(z, over: C) - pick(z, y))
optimizer sgd(rate = 0.1) {
  param <- param - rate * grad
}
train T {
  model = M
  loss = L
  data = csv("flowers.csv", label: "kind", classes: 3)
  optimizer = sgd
  epochs = 1
}
`,
  report: ({ name, classes, size, because, at }) => ({
    message: `the data has ${classes} classes, but ${name} is ${size}`,
    labels: [{ span: at, message: because }],
    help: `both count the same classes: write \`classes: ${size}\`, or let the model give ${classes} scores a row`,
  }),
});

export const notGiven = defineError<
  NamedAt & {
    readonly type: string;
    readonly loss: string;
    /** What the data has for it, or how many other labels, and from how many readers. */
    readonly given: "one class a row" | { readonly labels: number; readonly readers: number };
  }
>({
  code: "M0515",
  title: "Input that nothing gives",
  explanation:
    "A loss gets the outputs of the models and the labels of the data, in order. Labels of `classes` are one class a row; of several readers each gives the labels that it speaks of; the output of a second network comes from a second model.",
  example: `${trainExample(`model = M\nloss = pairs\n${data}\noptimizer = sgd(rate: 0.5)\nepochs = 1`)}loss pairs(x: f32[N, D], other: f32[N, D]) = mean((x - other) ^ 2)\n`,
  report: ({ name, type, loss, given }) => ({
    message: `\`${loss}\` takes \`${name}\`, ${type}, and ${givenWords(given)}`,
    help:
      given === "one class a row"
        ? "name another model, `model = [A, B]`, or leave `classes` out where the labels are rows of numbers"
        : given.readers === 1
          ? 'name more of the data\'s labels, `y: ["id", "weight"]` in npz or `label: ["id", "weight"]` in csv, or another model, `model = [A, B]`'
          : 'say which reader gives it: `npz(…, y: "id")`, `csv(…, label: "id")`, `images(…, classes: 10)`, or name another model',
  }),
});

function givenWords(given: "one class a row" | { readonly labels: number; readonly readers: number }) {
  if (given === "one class a row") return "the data gives one class a row";
  const { labels, readers } = given;
  if (labels === 0) return `none of the ${readers} readers speaks of labels`;
  return `the data gives labels for ${labels} ${labels === 1 ? "input" : "inputs"}`;
}

export const unusedLabels = defineError<
  At & { readonly given: number; readonly wanted: number; readonly loss: string }
>({
  code: "M0522",
  title: "Labels that nothing takes",
  explanation:
    "Labels that the data names go to the inputs of the loss behind the outputs of the models, in order. Of several, none is named for nothing.",
  example: trainExample(
    'model = M\nloss = L\ndata = csv("flowers.csv", label: ["kind", "weight"], classes: 3)\noptimizer = sgd(rate: 0.5)\nepochs = 1',
  ),
  report: ({ given, wanted, loss }) => ({
    message: `the data names ${given} labels of a row, and \`${loss}\` takes ${wanted === 0 ? "none" : wanted}`,
    help: `give \`${loss}\` an input for each, as \`weight: f32[N]\`, or name the labels that it takes`,
  }),
});

export const fixedRows = defineError<NamedAt & { readonly type: string; readonly rows: string }>({
  code: "M0523",
  title: "Number of rows that is fixed",
  explanation:
    "The first axis of what the data feeds counts the rows of a batch. The last batch of an epoch has fewer, so it has a name and no number.",
  example: `model Fixed(x: f32[32, 4]) = x\n${trainExample(`model = Fixed\nloss = L\n${data}\noptimizer = sgd(rate: 0.5)\nepochs = 1`)}`,
  report: ({ name, type, rows }) => ({
    message: `\`${name}\` is ${type}: exactly ${rows} rows, and batches have as many as \`batch\` says, or fewer`,
    help: `give the axis of the rows a name: \`${type.replace(/\[\d+/, "[N")}\``,
  }),
});

export const wrongArrays = defineError<
  At & {
    readonly given: number;
    readonly names: readonly string[];
    readonly readers: readonly { readonly name: string; readonly arrays: number; readonly span: Span }[];
    readonly models: Span;
  }
>({
  code: "M0516",
  title: "Inputs and arrays of features that differ in number",
  explanation:
    "The data gives an array of features for each input of the models, in order. Of one file only `npz` gives several; of several readers each gives its own, in the order of the list. A model that takes a part of its input cuts it off itself.",
  example: `model Towers(image: f32[N, 4], text: f32[N, 4]) = image * text\n${trainExample(`model = Towers\nloss = L\n${data}\noptimizer = sgd(rate: 0.5)\nepochs = 1`)}`,
  report: ({ given, names, readers, models }) => ({
    message: `the data gives ${arrayCount(given)} of features, and ${names.length === 0 ? "no input takes one" : `${names.length === 1 ? "the one input is" : `the ${names.length} inputs are`} ${listed(names)}`}`,
    labels: [
      { span: models, message: "its inputs" },
      ...(readers.length === 1
        ? []
        : readers.map(({ arrays, span }) => ({ span, message: arrayCount(arrays) }))),
    ],
    help:
      readers.length > 1
        ? "a reader gives one array, or with `npz(…, x: […])` one for each name: as many in all as there are inputs"
        : readers[0]?.name === "npz"
          ? `name an array for each: \`npz(…, x: [${arrayNames(names)}])\``
          : `put them into one archive, \`npz(file, x: [${arrayNames(names)}])\`, or name a reader for each, \`[csv(…), npz(…)]\``,
  }),
});

function arrayCount(arrays: number): string {
  return arrays === 1 ? "one array" : `${arrays} arrays`;
}

/** For inputs of one name arrays of two. */
function arrayNames(names: readonly string[]): string {
  return names
    .map(
      (name, at) =>
        `"${name}${names.indexOf(name) === at ? "" : `_${names.slice(0, at + 1).filter((one) => one === name).length}`}"`,
    )
    .join(", ");
}

export const oneNetwork = defineError<NamedAt & { readonly earlier: Span }>({
  code: "M0517",
  title: "One network with two settings",
  explanation:
    "A model is one network, however often `model = […]` names it: its inputs share its weights, so its settings are the same, given or by default. Another network is another `model`.",
  example: `model Tower(x: f32[N, 4], scale = 1.0) = scale * x\n${trainExample(`model = [Tower(scale: 1), Tower(scale: 2)]\nloss = L\ndata = npz("pairs.npz", x: ["left", "right"], classes: 3)\noptimizer = sgd(rate: 0.5)\nepochs = 1`)}`,
  report: ({ name, earlier }) => ({
    message: `\`${name}\` is one network, and here it has other settings`,
    labels: [{ span: earlier, message: "these before" }],
    help: `give both the same settings, or declare another \`model\` for the second network`,
  }),
});

export const fewerScores = defineError<
  At & { readonly classes: number; readonly scores: string; readonly loss: string; readonly at: Span }
>({
  code: "M0518",
  title: "Fewer scores than classes",
  explanation:
    "Labels i32[N, …] may hold what is no class, so a loss says nothing of how many classes there are; but where the data names more of them than the loss gives scores, the last ones can never be right.",
  example: `import { pixel_cross_entropy } from "std/losses"
model M(image: f32[N, 8, 8, 3]) = image
optimizer sgd(rate = 0.1) {
  param <- param - rate * grad
}
train T {
  model = M
  loss = pixel_cross_entropy
  data = images("photos", "masks", classes: 4)
  optimizer = sgd
  epochs = 1
}
`,
  report: ({ classes, scores, loss, at }) => ({
    message: `the data has ${classes} classes, and \`${loss}\` gives ${scores} scores of each label`,
    labels: [{ span: at, message: "its scores come from here" }],
    help: `let the model give ${classes} scores, or write \`classes: ${scores}\` if there are not more`,
  }),
});

export const noLossInput = defineError<NamedAt & { readonly inputs: number; readonly models: number }>({
  code: "M0507",
  title: "Loss takes nothing from the model",
  explanation:
    "The model's output goes to the first input of the loss, those of several models to its first inputs.",
  example: `model M(x: f32[N, 4]) = x
loss L(weight = 1.0) {
  param W: f32[4]
  weight * sum(W * W)
}
optimizer sgd(rate = 0.1) {
  param <- param - rate * grad
}
train T {
  model = M
  loss = L
  data = csv("flowers.csv", label: "kind", classes: 3)
  optimizer = sgd
  epochs = 1
}
`,
  report: ({ name, inputs, models }) => ({
    message:
      inputs === 0
        ? `the loss \`${name}\` has no input for the model's output`
        : `the loss \`${name}\` has ${inputs === 1 ? "one input" : `${inputs} inputs`} for the outputs of ${models} models`,
    help: `give it one${models === 1 ? "" : " for each"}: \`loss ${name}(${["x", "z", "v"]
      .slice(0, Math.min(models, 3))
      .map((input) => `${input}: f32[N, D]`)
      .join(", ")}, …)\``,
  }),
});

export const misplacedData = defineError<At & { readonly callee: string }>({
  code: "M0510",
  title: "Data outside a train",
  explanation: "Files are named in a `train`, as its `data`, `validation` or `verification`.",
  example: 'fn f(x: f32[N]) = csv("flowers.csv")\n',
  report: ({ callee }) => ({ message: `\`${callee}\` names data, which only a \`train\` has` }),
});

export const unknownReaderSetting = defineError<
  NamedAt & {
    readonly reader: string;
    readonly known: readonly string[];
    readonly suggestion: string | undefined;
  }
>({
  code: "M0514",
  title: "Unknown setting of a data reader",
  explanation: "Each reader has settings of its own; docs/data.md lists them.",
  example: trainExample(
    'model = M\nloss = L\ndata = csv("flowers.csv", label: "kind", clases: 3)\noptimizer = sgd(rate: 0.5)\nepochs = 1',
  ),
  report: ({ reader, name, known, suggestion }) => ({
    message: `\`${reader}\` has no setting \`${name}\``,
    help: suggestion === undefined ? `it has ${listed(known)}` : `did you mean \`${suggestion}\`?`,
  }),
});

export const badDataArgument = defineError<At & { readonly callee: string }>({
  code: "M0511",
  title: "Setting of a data reader of the wrong kind",
  explanation: "Files are strings; the settings of a reader are numbers, strings, bools or lists of them.",
  example: trainExample(
    'model = M\nloss = L\ndata = csv("flowers.csv", label: M, classes: 3)\noptimizer = sgd(rate: 0.5)\nepochs = 1',
  ),
  report: ({ callee }) => ({
    message: `\`${callee}\` takes names of files, and settings that are plain values`,
  }),
});

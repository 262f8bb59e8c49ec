/**
 * The names that the language gives to each kind of body, with what the editor says about them: readings of a margin,
 * results, settings of a train; and which of its words begin a statement there. The compiler knows what they mean;
 * test/src/ide/vocabulary.test.ts holds the two lists together.
 */
import type { CallableKind } from "../../compiler/syntax/ast.ts";

/** Where a name is read: the kind of the declaration around, undefined for constants of the file. */
export type Place = CallableKind | "train" | undefined;

export interface Word {
  readonly name: string;
  /** As a type: `f32[N, C]`. */
  readonly type: string;
  readonly doc: string;
}

export const word = (name: string, type: string, doc: string): Word => ({ name, type, doc });

const marginReadings = [
  word("cos", "f32[N, C]", "The cosine between row i and the weights of class j."),
  word("theta", "f32[N, C]", "The angle between row i and the weights of class j, from 0 to π."),
  word("cos_y", "f32[N, 1]", "The cosine between a row and its own class."),
  word("theta_y", "f32[N, 1]", "The angle between a row and its own class, from 0 to π."),
  word("x_norm", "f32[N, 1]", "The length of a row of features."),
  word("w_norm", "f32[1, C]", "The length of a class's weights."),
  word("y", "index<C>[N, 1]", "The row's own class. `margins[y]` takes a value for each class."),
];

const marginSizes = [
  word("N", "dimension", "How many rows there are."),
  word("C", "dimension", "How many classes there are."),
  word("D", "dimension", "How long a row of features is."),
];

const optimizerReadings = [
  word("param", "f32[...]", "The parameter that is updated: `param <- …` gives its next value."),
  word("grad", "f32[...]", "The gradient of the loss along the parameter."),
  word("grad_norm", "f32", "The length of the gradients of all parameters together."),
];

const initialiserReadings = [
  word("fan_in", "int", "Behind `~`: how many numbers flow into one element of the layer."),
  word("fan_out", "int", "Behind `~`: how many numbers flow out of one element."),
];

const everywhere = [
  word("pi", "float = 3.141592653589793", "π"),
  word("e", "float = 2.718281828459045", "Euler's number."),
  word("step", "f32", "Finished training steps: 0 in the first."),
  word("epoch", "f32", "Finished passes over the data."),
  word("training", "bool", "True in a training step, false at inference."),
];

/** What can be read besides names of the source. */
export function readingsIn(place: Place): readonly Word[] {
  switch (place) {
    case "margin":
      return [...marginReadings, ...marginSizes, ...everywhere];
    case "optimizer":
      return [...optimizerReadings, ...everywhere];
    case "fn":
    case "layer":
    case "model":
    case "loss":
      return [...initialiserReadings, ...everywhere];
    case "train":
      return [
        word("accuracy", "metric", "The share of rows whose best score is their own class."),
        ...everywhere,
      ];
    case undefined:
      return everywhere;
    default:
      return place satisfies never;
  }
}

export function readingIn(place: Place, name: string): Word | undefined {
  return readingsIn(place).find((one) => one.name === name);
}

/** Constants and counters of every body; what a file calls so is meant before them. */
export function isReadEverywhere(name: string): boolean {
  return everywhere.some((one) => one.name === name);
}

/** Whether a type may speak of it without making a dimension of its own. */
export function isSizeReading(place: Place, name: string): boolean {
  return place === "margin" && marginSizes.some((one) => one.name === name);
}

const marginResults = [
  word("scale", "number", "What the scores are multiplied with; 1 unless given."),
  word("target", "number a row", "The score of the row's own class; `cos` unless given."),
  word("other", "number a row and class", "The score of every other class; `cos` unless given."),
  word("penalty", "number a row", "Its mean is added to the loss; 0 unless given."),
];

const lossResults = [word("predict", "f32[N, C]", "The scores of rows whose label nobody knows.")];

export const trainSettings: readonly Word[] = [
  word(
    "model",
    "model",
    "The network that is trained, or a list with one for each of several inputs: `[Image, Text]`.",
  ),
  word("loss", "loss", "What is made small, with its settings: `margin_softmax(margin: ArcFace())`."),
  word(
    "data",
    "reader",
    "Where rows come from: `idx(…)`, `csv(…)`, `npy(…)`, `npz(…)`, `json(…)`, `text(…)`, `images(…)`, or a list of several, side by side.",
  ),
  word("validation", "reader", "Rows that are measured and never trained on."),
  word(
    "verification",
    "reader",
    "Rows of classes that need not be among the trained ones; pairs of them are told apart by the cosine of their features.",
  ),
  word(
    "optimizer",
    "optimizer",
    "The update of each parameter: `sgd(rate: 0.1)`, or a list of several, each `|> only(…)` some of them.",
  ),
  word("batch", "int", "Rows a step; 128 unless given."),
  word(
    "per_class",
    "int",
    "Rows of a class that come together in a batch, for losses that compare rows; 1 unless given.",
  ),
  word("epochs", "int", "How many times training goes through the data; or give `steps`."),
  word("steps", "int", "How many steps training takes; or give `epochs`."),
  word("seed", "int", "Of parameters, shuffling and random numbers; 0 unless given."),
  word("metrics", "list", "What is measured beside the loss; `[accuracy]` unless given."),
];

/** What may stand in front of `=` at the start of a statement. */
export function resultsIn(place: Place): readonly Word[] {
  if (place === "margin") return marginResults;
  if (place === "loss") return lossResults;
  return place === "train" ? trainSettings : [];
}

/** Words that begin a statement, by the kind of body. */
export function statementWordsIn(place: Place): readonly string[] {
  switch (place) {
    case "layer":
    case "model":
    case "margin":
    case "loss":
      return ["let", "param", "state", "require"];
    case "optimizer":
      return ["let", "state", "require"];
    case "fn":
      return ["let", "require"];
    case "train":
    case undefined:
      return [];
    default:
      return place satisfies never;
  }
}

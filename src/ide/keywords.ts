/**
 * The words and signs of the language itself, with what the editor says about them: hover tells all of it, a list of
 * completions the short form. Which body a statement's word may stand in is vocabulary.ts's to say.
 */

export interface Keyword {
  readonly name: string;
  /** How it is written. */
  readonly form: string;
  /** In a few words, for a list. */
  readonly detail: string;
  readonly doc: string;
}

const keyword = (name: string, form: string, detail: string, doc: string): Keyword => ({
  name,
  form,
  detail,
  doc,
});

/** What begins a declaration. */
export const declarationKeywords: readonly Keyword[] = [
  keyword(
    "fn",
    "fn name(x: f32[N, D], eps = 1e-6) = value",
    "a pure function",
    "A function, written out at each use. Its body is one expression, or a block whose last line is its value.",
  ),
  keyword(
    "layer",
    "layer name(units: int)(x: f32[N, K]) { … }",
    "settings first, inputs second",
    "A part of a network, with settings first and inputs second: `x |> name(10)` gives it x. What it learns are its `param`s.",
  ),
  keyword(
    "model",
    "model Name(x: f32[N, D]) -> f32[N, 2] { … }",
    "the network that is trained",
    "The network that a `train` trains. Its value, a row for each row of its input, goes to the loss.",
  ),
  keyword(
    "margin",
    "margin Name(m = 0.5, s = 64) { … }",
    "how a class score is made of an angle",
    "How the score of a class is made of the angle between a row and the class's weights: `scale * (if j == y then target else other)`.",
  ),
  keyword(
    "loss",
    "loss name(x: f32[N, D], y: index<C>[N]) { … }",
    "a scalar of features and labels",
    "A scalar of what the model gives and the labels, which training makes small. `predict` are its scores of rows whose label nobody knows.",
  ),
  keyword(
    "optimizer",
    "optimizer name(rate = 0.1) { … }",
    "the update of one parameter",
    "The update of one parameter from its gradient: `param <- param - rate * grad`. A `state` has one number for each element of it.",
  ),
  keyword(
    "train",
    "train Name { … }",
    "one training run",
    "One training run: a model, a loss, data and an optimizer, and how long. Its body holds settings only.",
  ),
  keyword(
    "import",
    'import { a, b as c } from "std/layers"',
    "names of another file",
    "Names of another file: of the library (`std/…`), or of one of your own (`./mine.margo`) that exports them.",
  ),
  keyword(
    "let",
    "let name = value",
    "a name for a value",
    "A name for a value, from here on. Outside of all bodies it is a constant of the file.",
  ),
  keyword(
    "export",
    "export fn name(x: f32) = value",
    "lets other files import a declaration",
    "Lets other files import the declaration.",
  ),
];

/** What begins a statement besides `let`. */
export const statementKeywords: readonly Keyword[] = [
  keyword(
    "param",
    "param name: f32[K, units] ~ initialiser",
    "a learned tensor and how it begins",
    "A learned tensor and how it begins; without `~` it begins with zeros.",
  ),
  keyword(
    "state",
    "state name = value",
    "a tensor that is carried from step to step",
    "A tensor that is carried from one training step to the next by `name <- value`. No gradient flows through it.",
  ),
  keyword(
    "require",
    'require condition else "message"',
    "what must hold of settings",
    "What must hold of settings. The caller reads the message where the setting was given.",
  ),
];

const choice = keyword(
  "if",
  "if condition then this else that",
  "a choice",
  "A choice. By a constant it is made when the program is compiled; by a tensor element by element, and only the chosen branch gets a gradient. Inside of another expression it stands in brackets.",
);

/** What stands within expressions. */
export const expressionKeywords: readonly Keyword[] = [
  choice,
  { ...choice, name: "then", detail: "what a choice gives where it holds" },
  { ...choice, name: "else", detail: "what a choice gives where it does not hold" },
  keyword("and", "a and b", "both", "Whether both hold, element by element."),
  keyword("or", "a or b", "at least one", "Whether at least one of both holds, element by element."),
  keyword("not", "not a", "the opposite", "Whether it does not hold, element by element."),
  keyword("true", "true", "a truth value", "A truth value; summed up it counts as 1."),
  keyword("false", "false", "a truth value", "A truth value; summed up it counts as 0."),
];

/** Words of an import, which are names elsewhere. */
export const importKeywords: readonly Keyword[] = [
  keyword(
    "from",
    'import { a } from "std/layers"',
    "where names come from",
    "The file that the names come from: `std/…`, or a path from this file, `./mine.margo`.",
  ),
  keyword(
    "as",
    "import { a as b } from …",
    "another name",
    "Another name for what is imported, in this file.",
  ),
];

export const typeKeywords: readonly Keyword[] = [
  keyword(
    "f32",
    "f32[N, D]",
    "elements of a tensor",
    "Floating-point numbers of 32 bits; `f32` alone is a scalar.",
  ),
  keyword("i32", "i32[N]", "elements of a tensor", "Whole numbers of 32 bits; `i32` alone is a scalar."),
  keyword(
    "bool",
    "bool[N]",
    "elements of a tensor",
    "Truth values; `bool` alone is a setting, true or false.",
  ),
  keyword(
    "index",
    "index<C>[N]",
    "labels: whole numbers from 0 to C−1",
    "Whole numbers from 0 to C−1, as labels are; they are checked where data enters.",
  ),
  keyword("int", "int", "a setting", "A whole number that is known when the program is compiled."),
  keyword(
    "float",
    "float",
    "a setting",
    "A number that is known when the program is compiled, or a schedule of `step`.",
  ),
  keyword("string", "string", "a setting", "A text, known when the program is compiled."),
  keyword(
    "list",
    "list",
    "a setting",
    "A list of numbers, `[0.1, 0.01]`; it becomes a tensor where one is needed.",
  ),
  keyword("margin", "margin", "a setting", "A margin with its settings, as `ArcFace(m: 0.5)`."),
  keyword("fn", "fn", "a setting", "A function, to be called in the body."),
];

/** Those whose meaning their looks do not tell. */
export const signs: readonly Keyword[] = [
  keyword("|>", "x |> f(a)", "gives f its input", "Gives x as f's first input; for a layer, as its input."),
  keyword(
    "~",
    "param W: f32[K] ~ initialiser",
    "how a parameter begins",
    "How the parameter begins: an ordinary function, which sees `fan_in` and `fan_out`.",
  ),
  keyword(
    "<-",
    "name <- value",
    "the next value",
    "The next value of a `state`, or of an optimizer's `param`. Only training updates; what reads the name below sees the new value.",
  ),
  keyword("->", "fn f(x: f32[N]) -> f32", "the type of the value", "The type of the declaration's value."),
  keyword("@", "a @ b", "a product of matrices", "The product of two matrices."),
  keyword(
    "//",
    "a // b",
    "division, rounded down",
    "The quotient rounded down; outside of brackets `//` begins a comment.",
  ),
  keyword("%", "a % b", "the rest of a division", "What is left of a division that rounds down."),
  keyword(
    "^",
    "a ^ b",
    "a power",
    "A power, grouped to the right. By a constant whole number it is repeated multiplication, so a may be negative.",
  ),
  keyword(
    "...",
    "f32[N, ...]",
    "any number of axes",
    "Any number of axes, the same ones wherever a signature has it.",
  ),
];

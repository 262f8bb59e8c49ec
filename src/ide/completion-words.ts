/** Words of the language, by place: declarations, what begins a statement, types. */
import type { Around } from "./around.ts";
import type { Choice } from "./completion.ts";
import type { Analysis } from "./documents.ts";
import { type Word, resultsIn, statementWordsIn, trainSettings } from "./vocabulary.ts";

const snippet = (label: string, detail: string, insert: string): Choice => {
  return { label, kind: "snippet", detail, insert, isSnippet: true };
};

const declarations: readonly Choice[] = [
  snippet("fn", "a pure function", "fn ${1:name}(${2:x: f32[N, D]}) = ${0:x}"),
  snippet(
    "layer",
    "settings first, inputs second",
    "layer ${1:name}(${2:units: int})(${3:x: f32[N, K]}) {\n  ${0:x}\n}",
  ),
  snippet(
    "model",
    "the network that is trained",
    "model ${1:Name}(${2:x: f32[N, D]}) -> f32[N, ${3:2}] {\n  ${0:x}\n}",
  ),
  snippet(
    "margin",
    "how a class score is made of an angle",
    "margin ${1:Name}(${2:m = 0.5, s = 64}) {\n  scale = s\n  target = ${0:cos - m}\n}",
  ),
  snippet(
    "loss",
    "a scalar of features and labels",
    "loss ${1:name}(x: f32[N, D], y: index<C>[N]) {\n  param W: f32[C, D] ~ ${2:normal(std: 0.01)}\n  let z = cosine(x, W)\n  predict = z\n  mean(logsumexp(z, over: C) - pick(z, y))\n}",
  ),
  snippet(
    "optimizer",
    "the update of one parameter",
    "optimizer ${1:name}(rate = ${2:0.1}) {\n  param <- param - rate * grad\n}",
  ),
  snippet(
    "train",
    "one training run",
    'train ${1:Name} {\n  model = ${2:Model}\n  loss = ${3:softmax_cross_entropy}\n  data = ${4:csv("data.csv")}\n  optimizer = ${5:sgd(rate: 0.1)}\n  epochs = ${6:10}\n}',
  ),
  snippet("import", "names of another file", 'import { $2 } from "${1:std/layers}"'),
  { label: "let", kind: "keyword", detail: "a constant" },
  { label: "export", kind: "keyword", detail: "lets other files import a declaration" },
];

export function declarationSnippets(): readonly Choice[] {
  return declarations;
}

/** Results and settings that are not given yet, then the words of statements. */
export function statementsOffered(_analysis: Analysis, { place, declaration }: Around): readonly Choice[] {
  const given = new Set(
    declaration !== undefined && "body" in declaration
      ? declaration.body.flatMap((one) => (one.kind === "result" ? [one.name.name] : []))
      : [],
  );
  const results = resultsIn(place).filter(({ name }) => !given.has(name) && !isOther(name, given));
  return [...results.map(resultChoice), ...statementWordsIn(place).map(statementChoice)];
}

/** A train has either a number of epochs or one of steps. */
function isOther(name: string, given: ReadonlySet<string>): boolean {
  return (
    trainSettings.some((one) => one.name === name) &&
    (name === "steps" ? given.has("epochs") : name === "epochs" && given.has("steps"))
  );
}

function resultChoice({ name, type, doc }: Word): Choice {
  return { label: name, kind: "property", detail: type, doc, insert: `${name} = ` };
}

function statementChoice(label: string): Choice {
  return { label, kind: "keyword", detail: statementDetails[label] ?? "" };
}

const statementDetails: Readonly<Record<string, string>> = {
  let: "a name for a value",
  param: "a learned tensor and how it begins",
  state: "a tensor that is carried from step to step",
  require: "what must hold of settings",
};

const types: readonly Choice[] = [
  ...["f32", "i32", "bool"].map((label): Choice => ({ label, kind: "type", detail: "elements of a tensor" })),
  {
    label: "index",
    kind: "type",
    detail: "labels: whole numbers from 0 to C−1",
    insert: "index<${1:C}>[${2:N}]",
    isSnippet: true,
  },
  ...["int", "float", "string", "list", "margin", "fn"].map((label): Choice => ({
    label,
    kind: "type",
    detail: "a setting",
  })),
];

export function typesOffered(): readonly Choice[] {
  return types;
}

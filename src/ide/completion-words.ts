/** Words of the language, by place: declarations, what begins a statement, types. */
import type { Around } from "./around.ts";
import type { Choice } from "./completion.ts";
import type { Analysis } from "./documents.ts";
import { type Keyword, declarationKeywords, statementKeywords, typeKeywords } from "./keywords.ts";
import { type Word, resultsIn, statementWordsIn, trainSettings } from "./vocabulary.ts";

/** What a declaration begins with, its names to be filled in; `let` and `export` stand for themselves. */
const inserts: Readonly<Record<string, string>> = {
  fn: "fn ${1:name}(${2:x: f32[N, D]}) = ${0:x}",
  layer: "layer ${1:name}(${2:units: int})(${3:x: f32[N, K]}) {\n  ${0:x}\n}",
  model: "model ${1:Name}(${2:x: f32[N, D]}) -> f32[N, ${3:2}] {\n  ${0:x}\n}",
  margin: "margin ${1:Name}(${2:m = 0.5, s = 64}) {\n  scale = s\n  target = ${0:cos - m}\n}",
  loss: "loss ${1:name}(x: f32[N, D], y: index<C>[N]) {\n  param W: f32[C, D] ~ ${2:normal(std: 0.01)}\n  let z = cosine(x, W)\n  predict = z\n  mean(logsumexp(z, over: C) - pick(z, y))\n}",
  optimizer: "optimizer ${1:name}(rate = ${2:0.1}) {\n  param <- param - rate * grad\n}",
  train:
    'train ${1:Name} {\n  model = ${2:Model}\n  loss = ${3:softmax_cross_entropy}\n  data = ${4:csv("data.csv")}\n  optimizer = ${5:sgd(rate: 0.1)}\n  epochs = ${6:10}\n}',
  import: 'import { $2 } from "${1:std/layers}"',
};

export function declarationSnippets(): readonly Choice[] {
  return declarationKeywords.map((one) => choiceOfWord(one, "keyword", inserts[one.name]));
}

/** A word of the language, and what is written for it where that is more than the word. */
export function choiceOfWord(
  { name, detail, doc }: Keyword,
  kind: "keyword" | "type",
  insert?: string,
): Choice {
  const whole = { label: name, detail, doc };
  if (insert === undefined) return { ...whole, kind };
  return { ...whole, kind: kind === "type" ? kind : "snippet", insert, isSnippet: true };
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
  const known = [...declarationKeywords, ...statementKeywords].find(({ name }) => name === label);
  return known === undefined ? { label, kind: "keyword" } : choiceOfWord(known, "keyword");
}

export function typesOffered(): readonly Choice[] {
  return typeKeywords.map((one) =>
    choiceOfWord(one, "type", one.name === "index" ? "index<${1:C}>[${2:N}]" : undefined),
  );
}

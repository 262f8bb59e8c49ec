/**
 * What may stand at the cursor. The words before it say what kind of thing is wanted there (a layer behind `|>`, a
 * setting's name in a call, a reader behind `data =`); each kind has one function that offers it, and the order of the
 * list is the order of how likely they are.
 */
import type { IToken } from "chevrotain";
import type { TextEdit } from "../../compiler/errors/diagnostic.ts";
import {
  type Around,
  type Typed,
  aroundAt,
  isAtParameter,
  isInComment,
  isInSizes,
  openCallAt,
  parameterAt,
  quotedAt,
  typedAt,
  unmatchedOpener,
  wordsBefore,
} from "./around.ts";
import type { Analysis, Documents } from "./documents.ts";
import { exportsOffered, importPaths, importedNames } from "./completion-imports.ts";
import { builtinsOffered, declarationsOffered, localsOffered, readingsOffered } from "./completion-names.ts";
import { labelsOffered } from "./completion-labels.ts";
import { settingValuesOffered, stringsOffered } from "./completion-settings.ts";
import { choiceOfWord, declarationSnippets, statementsOffered, typesOffered } from "./completion-words.ts";
import { expressionKeywords } from "./keywords.ts";
import { trainSettings } from "./vocabulary.ts";

export type ChoiceKind =
  | "keyword"
  | "snippet"
  | "function"
  | "class"
  | "variable"
  | "property"
  | "constant"
  | "type"
  | "file"
  | "value";

export interface Choice {
  readonly label: string;
  readonly kind: ChoiceKind;
  /** Behind the label: a signature or type. */
  readonly detail?: string;
  readonly doc?: string;
  /** What it is looked for by, if not the label: how the user has begun to write it. */
  readonly filter?: string;
  /** What is written, if not the label; with `$1`, `${2:name}` and `$0` where it is a snippet. */
  readonly insert?: string;
  readonly isSnippet?: true;
  /** Edits elsewhere: the import that the name needs. */
  readonly edits?: readonly TextEdit[];
  /** Where its doc is found later: the declaration in a file. */
  readonly source?: { readonly file: string; readonly name: string };
}

export interface Completion {
  /** What a choice replaces. */
  readonly typed: Typed;
  readonly choices: readonly Choice[];
}

export function completionAt(documents: Documents, analysis: Analysis, offset: number): Completion {
  const typed = typedAt(analysis, offset);
  const none: Completion = { typed, choices: [] };
  if (isInComment(analysis, offset)) return none;
  const quoted = quotedAt(analysis, offset);
  if (quoted !== undefined) {
    const choices = quoted.isPath
      ? importPaths(documents, analysis)
      : stringsOffered(documents, analysis, quoted);
    return { typed: quoted.typed, choices };
  }
  // A number is being typed, not a name.
  if (/[\d.]$/.test(analysis.module.text.slice(Math.max(0, typed.start - 1), typed.start))) return none;
  return { typed, choices: unique(choicesAt(documents, analysis, typed.start)).map(spelledAs(typed)) };
}

/** Editors compare letters: whoever types θ is to find `theta_y`. */
function spelledAs({ text }: Typed): (choice: Choice) => Choice {
  if (!/[θϑπ]/.test(text)) return (choice) => choice;
  const theta = text.includes("ϑ") ? "ϑ" : "θ";
  return (choice) => ({
    ...choice,
    filter: choice.label.replaceAll("theta", theta).replaceAll("pi", "π"),
  });
}

function choicesAt(documents: Documents, analysis: Analysis, start: number): readonly Choice[] {
  const imported = importedNames(documents, analysis, start);
  if (imported !== undefined) return imported;
  const around = aroundAt(analysis, start);
  const words = wordsBefore(analysis, start);
  const [last, before] = [words.at(-1)?.image ?? "", words.at(-2)?.image ?? ""];
  if (around.part === "top") return around.atStatement ? declarationSnippets() : behindWord(last);
  if (isNamed(last)) return [];
  if (around.part === "head")
    return last === ":" || last === "->" ? typesOffered() : headNames(analysis, around, start, words);
  if (around.atStatement) return statements(documents, analysis, around, start);
  if (last === ":" && /^[A-Za-z_]\w*$/.test(before) && isTyped(words.at(-3)?.image)) return typesOffered();
  if (isInSizes(words)) return sizes(analysis, around, start);
  const call = openCallAt(analysis, start);
  const labels = call === undefined ? [] : labelsOffered(documents, analysis, call);
  const fitting = call === undefined ? [] : settingValuesOffered(documents, analysis, call);
  return [...labels, ...fitting, ...values(documents, analysis, around, start, words)];
}

/** Behind these words the user makes up a name. */
function isNamed(last: string): boolean {
  return ["let", "param", "state", "fn", "layer", "model", "margin", "loss", "optimizer", "train"].includes(
    last,
  );
}

function isTyped(word: string | undefined): boolean {
  return word === "let" || word === "param" || word === "state";
}

/** Sizes of types, and what a default may speak of: settings and constants, no input. */
function headNames(
  analysis: Analysis,
  around: Around,
  start: number,
  words: readonly IToken[],
): readonly Choice[] {
  const isMadeUp = !isInSizes(words) && isAtParameter(words);
  const goesOn = ["[", "<", ",", "=", "*", "+", "-", "//"].includes(words.at(-1)?.image ?? "");
  if (!goesOn || isMadeUp) return [];
  const self = parameterAt(words);
  return sizes(analysis, around, start).filter(({ label }) => label !== self);
}

function sizes(analysis: Analysis, around: Around, start: number): readonly Choice[] {
  const own = localsOffered(analysis, around, start);
  return [
    ...own.filter(({ detail }) => detail === "dimension"),
    ...own.filter(({ detail }) => detail === "setting"),
    ...readingsOffered(around.place).filter(({ detail }) => detail === "dimension"),
  ];
}

/** Behind a word that begins a line of the file. */
function behindWord(last: string): readonly Choice[] {
  if (last === "export")
    return declarationSnippets().filter(({ kind, label }) => kind === "snippet" && label !== "import");
  const [whole] = last === "import" ? declarationSnippets().filter(({ label }) => label === "import") : [];
  if (whole?.insert === undefined) return [];
  return [{ ...whole, label: "{ … } from", insert: whole.insert.replace("import ", "") }];
}

function statements(
  documents: Documents,
  analysis: Analysis,
  around: Around,
  start: number,
): readonly Choice[] {
  const begun = statementsOffered(analysis, around);
  return around.place === "train" ? begun : [...begun, ...names(documents, analysis, around, start, "any")];
}

/** What is most likely wanted: layers behind `|>` (in a train what an optimizer is for), the loss behind `loss =`. */
export type Wanted =
  "any" | "step" | "group" | "initialiser" | "margin" | "dimension" | (typeof settingKinds)[number];

/** What a setting of a train may want that is more than a value. */
const settingKinds = ["model", "loss", "optimizer", "reader"] as const;

function values(
  documents: Documents,
  analysis: Analysis,
  around: Around,
  start: number,
  words: readonly IToken[],
): readonly Choice[] {
  const wanted = wantedAt(around, words);
  if (wanted === "dimension") return dimensions(analysis, around, start);
  return names(documents, analysis, around, start, wanted);
}

function wantedAt({ place }: Around, words: readonly IToken[]): Wanted {
  const [last, before] = [words.at(-1)?.image ?? "", words.at(-2)?.image ?? ""];
  if (last === "|>") return place === "train" ? "group" : "step";
  if (last === "~") return "initialiser";
  if (last === ":" && before === "over") return "dimension";
  if (place !== "train") return "any";
  // `model = [Image, ` wants what `model = ` does.
  const given = listBegin(words) ?? (last === "=" ? words.length - 1 : undefined);
  const name = given === undefined ? undefined : words[given - 1]?.image;
  const setting = trainSettings.find((one) => one.name === name)?.type;
  return settingKinds.find((kind) => kind === setting) ?? "any";
}

/** The `=` before a list that is being written, where its names stand alone. */
function listBegin(words: readonly IToken[]): number | undefined {
  const at = unmatchedOpener(words);
  const last = words.at(-1)?.image;
  const isItem = at !== undefined && words[at]?.image === "[" && (last === "[" || last === ",");
  return isItem && words[at - 1]?.image === "=" ? at - 1 : undefined;
}

function dimensions(analysis: Analysis, around: Around, start: number): readonly Choice[] {
  const own = localsOffered(analysis, around, start).filter(({ kind }) => kind === "type");
  const given = readingsOffered(around.place).filter(({ detail }) => detail === "dimension");
  return [...own, ...given, { label: "...", kind: "keyword", detail: "the axes that `...` stands for" }];
}

function names(
  documents: Documents,
  analysis: Analysis,
  around: Around,
  start: number,
  wanted: Wanted,
): readonly Choice[] {
  const isSpecial = around.place === "train" && wanted !== "any";
  if (wanted === "step" || wanted === "initialiser") {
    const made = [declarationsOffered, exportsOffered].flatMap((offer) => offer(documents, analysis, wanted));
    return [...made, ...builtinsOffered(wanted, around.place), ...localsOffered(analysis, around, start)];
  }
  return [
    ...(isSpecial ? [] : localsOffered(analysis, around, start)),
    ...(isSpecial ? [] : readingsOffered(around.place)),
    ...declarationsOffered(documents, analysis, wanted),
    ...builtinsOffered(wanted, around.place),
    ...exportsOffered(documents, analysis, wanted),
    ...(isSpecial ? [] : expressionWords),
  ];
}

const expressionWords: readonly Choice[] = expressionKeywords.map((one) =>
  choiceOfWord(
    one,
    "keyword",
    one.name === "if" ? "if ${1:condition} then ${2:this} else ${3:that}" : undefined,
  ),
);

/** The first of a label is the one that the name means there. */
function unique(choices: readonly Choice[]): readonly Choice[] {
  const seen = new Set<string>();
  return choices.filter(({ label, kind }) => {
    // A reading and a function may share a name: `cos` and `cos(…)`.
    const key = `${label} ${kind === "function" || kind === "class"}`;
    return !seen.has(key) && seen.add(key);
  });
}

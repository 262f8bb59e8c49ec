/**
 * Hover on the words and signs of the language, which no name stands for: what one means and where it may stand. Which
 * word it is, the tree says: `margin` may begin a declaration or be a type, `else` may belong to a choice or to a `require`.
 */
import type { IToken } from "chevrotain";
import { type Part, partsAt } from "../../compiler/syntax/walk.ts";
import { endOf } from "./around.ts";
import { type ContextualKeyword, contextualKeyword } from "./contextual-keywords.ts";
import type { Analysis } from "./documents.ts";
import type { Hover } from "./hover.ts";
import {
  type Keyword,
  declarationKeywords,
  expressionKeywords,
  importKeywords,
  signs,
  statementKeywords,
  typeKeywords,
} from "./keywords.ts";
import { textOf } from "./signatures.ts";
import { type Place, statementWordsIn } from "./vocabulary.ts";

export function hoverOfWord(analysis: Analysis, offset: number): Hover | undefined {
  const { module } = analysis;
  const path = partsAt(module.module, offset);
  for (const part of path.toReversed()) {
    const word = contextualKeyword(part, module.text);
    if (word !== undefined && word.start <= offset && offset <= word.end)
      return hoverOfContextual(analysis, part, word);
  }
  const token = analysis.words.tokens.findLast(
    (one) => one.startOffset <= offset && offset <= endOf(one) && knownWord(one, path) !== undefined,
  );
  const known = token === undefined ? undefined : knownWord(token, path);
  if (token === undefined || known === undefined) return undefined;
  const type = typeOfOperation(analysis, path.at(-1));
  return {
    span: { file: module.file, start: token.startOffset, end: endOf(token) },
    code: type ?? known.form,
    notes: notesOf(known),
  };
}

function hoverOfContextual(
  { module }: Analysis,
  part: Part,
  { start, end, role }: ContextualKeyword,
): Hover | undefined {
  const name = module.text.slice(start, end);
  const table = { declaration: declarationKeywords, statement: statementKeywords, type: typeKeywords }[role];
  const known = table.find((one) => one.name === name);
  if (known === undefined) return undefined;
  const code = role === "type" ? textOf(module, part.node.span) : known.form;
  return { span: { file: module.file, start, end }, code, notes: notesOf(known) };
}

/** Words that are reserved, signs, and `from` and `as` in an import. */
function knownWord({ image }: IToken, path: readonly Part[]): Keyword | undefined {
  const [around] = path;
  const isImport = around?.is === "declaration" && around.node.kind === "import";
  const table = isImport ? [...reserved, ...importKeywords] : reserved;
  const name = image === "else" && isOfRequire(path) ? "require" : image;
  return table.find((one) => one.name === name);
}

const reserved: readonly Keyword[] = [
  ...declarationKeywords.filter(({ name }) => ["import", "export", "let"].includes(name)),
  ...statementKeywords.filter(({ name }) => name === "require"),
  ...expressionKeywords,
  ...signs,
];

function isOfRequire(path: readonly Part[]): boolean {
  const last = path.at(-1);
  return last?.is === "statement" && last.node.kind === "require";
}

/** Of what an operator makes; signs of types and statements make nothing. */
function typeOfOperation(analysis: Analysis, part: Part | undefined): string | undefined {
  if (part?.is !== "expression") return undefined;
  const { kind, span } = part.node;
  const isOperation = ["binary", "unary", "pipe", "if", "bool"].includes(kind);
  return isOperation ? analysis.typeOf(span.start, span.end) : undefined;
}

/** What it means, and where it may stand if that is not everywhere. */
function notesOf(keyword: Keyword): readonly string[] {
  if (statementKeywords.includes(keyword))
    return [keyword.doc, `It stands in the body of ${placesOf(keyword.name)}.`];
  const isForBodies = keyword.name === "let" || !declarationKeywords.includes(keyword);
  return isForBodies ? [keyword.doc] : [keyword.doc, "It stands outside of all bodies."];
}

/** `a layer, model, margin or loss` */
function placesOf(word: string): string {
  const all = bodies.filter((place) => statementWordsIn(place).includes(word));
  const [last, ...before] = all.toReversed();
  const article = all[0] === "optimizer" ? "an" : "a";
  return `${article} ${before.length === 0 ? "" : `${before.toReversed().join(", ")} or `}${last ?? ""}`;
}

const bodies: readonly NonNullable<Place>[] = [
  "fn",
  "layer",
  "model",
  "margin",
  "loss",
  "optimizer",
  "train",
];

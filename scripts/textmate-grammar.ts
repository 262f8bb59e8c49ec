/**
 * The TextMate grammar that editors colour with, made of the lexer's tokens, so that a new word or sign is coloured
 * without a second list. What only the layout knows (whether `margin` begins a declaration) is seen by the name that
 * follows, and `//` divides where brackets open and close on its own line, as grammar/slashes.ts has it.
 */
import type { TokenType } from "chevrotain";
import { laidOutTypes } from "../grammar/begins.ts";
import * as is from "../grammar/tokens.ts";

interface Rule {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly captures?: Captures;
  readonly beginCaptures?: Captures;
  readonly endCaptures?: Captures;
  readonly include?: string;
  readonly patterns?: readonly Rule[];
}

type Captures = Readonly<Record<string, { readonly name: string }>>;

export function textmateGrammar(): string {
  const grammar = {
    $schema: "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
    name: "Margo",
    scopeName: "source.margo",
    fileTypes: ["margo"],
    patterns: [{ include: "#words" }],
    repository: {
      words: { patterns: words },
      closed: closedBracket,
      division,
    },
  };
  return `${JSON.stringify(grammar, null, 2)}\n`;
}

// ---------------------------------------------------------------- what words look like

const letter = "[A-Za-z_\\x{370}-\\x{37d}\\x{37f}-\\x{386}\\x{388}-\\x{3ff}\\x{1f00}-\\x{1fff}]";
const follower = "[\\w\\x{370}-\\x{37d}\\x{37f}-\\x{386}\\x{388}-\\x{3ff}\\x{1f00}-\\x{1fff}]";
const name = `${letter}${follower}*`;
const start = `(?<!${follower})`;
const end = `(?!${follower})`;

function wordsOf(images: readonly string[]): string {
  return `${start}(?:${images.join("|")})${end}`;
}

/** Images of tokens that are one fixed text each. */
function imagesOf(...tokens: readonly TokenType[]): readonly string[] {
  return tokens.map(({ PATTERN }) => (typeof PATTERN === "string" ? PATTERN : ""));
}

/** Signs of a kind, the longer ones first. */
function signsOf(tokens: readonly TokenType[]): string {
  const signs = imagesOf(...tokens).filter((image) => image !== "" && !/^\w/.test(image));
  const escaped = signs
    .toSorted((a, b) => b.length - a.length)
    .map((sign) => sign.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return escaped.join("|");
}

function isOperator({ CATEGORIES }: TokenType): boolean {
  const kinds = [is.BinaryOperator, is.ArithmeticOperator, is.PrefixOperator];
  return kinds.some((kind) => CATEGORIES?.includes(kind) === true);
}

const operators = is.vocabulary.filter(isOperator);
const arrows = [is.Pipe, is.UpdateArrow, is.ReturnArrow, is.Equals, is.Tilde, is.Ellipsis, is.FatArrow];
const punctuation = [is.Comma, is.Colon, is.Semicolon];
const brackets = [is.LeftParen, is.RightParen, is.LeftSquare, is.RightSquare, is.LeftCurly, is.RightCurly];

/** Words that begin something only where a name follows; the reserved ones begin it anywhere. */
const reserved = ["let", "require", "import", "export"];
const beginning = [...laidOutTypes.keys()].filter((word) => !reserved.includes(word));
const variables = ["param", "state"];
const declaring = beginning.filter((word) => !variables.includes(word));
const notNames = "(?:if|then|else|or|and|not|as|from)";

/** `model Features`, `param W`: two names beside each other stand nowhere else. */
function introduces(images: readonly string[]): string {
  return `(${wordsOf(images)})[ \\t]+(?!${notNames}${end})(${name})`;
}

const string: Rule = {
  name: "string.quoted.double.margo",
  begin: '"',
  end: '"|$',
  patterns: [
    { name: "constant.character.escape.margo", match: "\\\\(?:u\\{[0-9a-fA-F]{1,6}\\}|[nrt\"'\\\\])" },
    { name: "invalid.illegal.escape.margo", match: "\\\\." },
  ],
};

// ---------------------------------------------------------------- `//`

const operand = "[\\w.(\\x{370}-\\x{1fff}]";
const noOperand = "(?<!\\bif|\\bthen|\\belse|\\band|\\bor|\\bnot|\\blet|\\brequire)";

const division: Rule = {
  match: `(?<=[\\w.)\\]\\x{370}-\\x{1fff}])${noOperand}[ \\t]*(//)(?=[ \\t]*${operand})`,
  captures: { "1": { name: "keyword.operator.arithmetic.margo" } },
};

/** A bracket that closes on its own line: only directly inside of it `//` divides. */
const closedBracket: Rule = {
  begin:
    '[(\\[](?=(?<in>[^()\\[\\]{}"\\r\\n]|"(?:[^"\\\\\\r\\n]|\\\\[^\\r\\n])*"|[(\\[{]\\g<in>*[)\\]}])*[)\\]])',
  end: "[)\\]]",
  beginCaptures: { "0": { name: "punctuation.bracket.margo" } },
  endCaptures: { "0": { name: "punctuation.bracket.margo" } },
  patterns: [{ include: "#division" }, { include: "#words" }],
};

// ---------------------------------------------------------------- all words, the first that fits

const words: readonly Rule[] = [
  { name: "comment.line.documentation.margo", match: "///(?!/).*$" },
  { name: "comment.line.double-slash.margo", match: "//.*$" },
  string,
  { name: "string.quoted.single.invalid.margo", match: "'[^'\\r\\n]*'" },
  { name: "constant.numeric.margo", match: `(?<!${follower})(?:${numberPattern()})` },
  {
    match: introduces(declaring),
    captures: { "1": { name: "storage.type.margo" }, "2": { name: "entity.name.type.margo" } },
  },
  {
    match: introduces(variables),
    captures: { "1": { name: "storage.modifier.margo" }, "2": { name: "variable.other.definition.margo" } },
  },
  { name: "keyword.declaration.margo", match: wordsOf(["let"]) },
  { name: "keyword.control.require.margo", match: wordsOf(["require"]) },
  { name: "keyword.control.import.margo", match: wordsOf(["import", "export"]) },
  {
    match: `(?<=\\})[ \\t]*(${wordsOf(["from"])})(?=[ \\t]*")`,
    captures: { "1": { name: "keyword.control.import.margo" } },
  },
  {
    match: `(${name})[ \\t]+(${wordsOf(["as"])})[ \\t]+(${name})`,
    captures: {
      "1": { name: "variable.other.margo" },
      "2": { name: "keyword.control.import.margo" },
      "3": { name: "variable.other.margo" },
    },
  },
  { name: "keyword.control.conditional.margo", match: wordsOf(imagesOf(is.If, is.Then, is.Else)) },
  { name: "keyword.operator.logical.margo", match: wordsOf(imagesOf(is.Or, is.And, is.Not)) },
  { name: "constant.language.margo", match: wordsOf(imagesOf(is.True, is.False)) },
  {
    match: `(:)[ \\t]*(${wordsOf(["f32", "i32", "bool", "index", "int", "float", "string", "list", "margin", "fn"])})`,
    captures: { "1": { name: "punctuation.separator.margo" }, "2": { name: "support.type.margo" } },
  },
  { name: "entity.name.function.margo", match: `${start}${name}(?=\\()` },
  { name: "variable.parameter.margo", match: `${start}${name}(?=[ \\t]*:)` },
  { name: "variable.other.margo", match: `${start}${name}` },
  { name: "keyword.operator.margo", match: signsOf([...arrows, ...operators]) },
  { name: "punctuation.separator.margo", match: signsOf(punctuation) },
  { include: "#closed" },
  { name: "punctuation.bracket.margo", match: signsOf(brackets) },
];

function numberPattern(): string {
  const { PATTERN } = is.NumberLiteral;
  return PATTERN instanceof RegExp ? PATTERN.source : "";
}

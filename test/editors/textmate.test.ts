/**
 * Colours agree with the lexer: each token of every example, of the library and of some hard lines gets a scope of the
 * class that its kind asks for, as an editor that reads the TextMate grammar gives it.
 */
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { IToken } from "chevrotain";
import { beforeAll, describe, expect, test } from "vitest";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";
import { layOut } from "../../grammar/layout.ts";
import { tokenize } from "../../grammar/tokens.ts";
import { textmateGrammar } from "../../scripts/textmate-grammar.ts";
import { projectRoot } from "../support/cli.ts";

const path = "editors/vscode/syntaxes/margo.tmLanguage.json";
let grammar: textmate.IGrammar;

beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm");
  await oniguruma.loadWASM(readFileSync(wasm));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(textmateGrammar(), path),
  });
  const loaded = await registry.loadGrammar("source.margo");
  if (loaded === null) throw new Error("the grammar does not load");
  grammar = loaded;
});

test(`${path} is fresh: npm run docs writes it`, () => {
  expect(readFileSync(join(projectRoot, path), "utf8")).toBe(textmateGrammar());
});

describe("every token of the library and the examples", () => {
  const files = ["std", "examples"].flatMap((folder) =>
    readdirSync(join(projectRoot, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".margo"))
      .map((name) => join(folder, name)),
  );
  test.each(files)("%s", (file) => {
    expect(wronglyColoured(readFileSync(join(projectRoot, file), "utf8"))).toEqual([]);
  });
});

describe("hard lines", () => {
  test.each([
    "let half = (rows // 2) // a comment, not a (division) // 3",
    "fn f(x: f32[N, H // 2], y: f32[K//2]) = g(x // 2, [a // 2]) // b",
    "fn f(x) = g(x, // why (not)\n  h(x // 2))",
    "fn f(x) = g( // why\n  x // 2\n)",
    "loss l(x: f32[N, D], margin: margin, train = 1, state: int = 2) {\n  let fn_of = margin\n  state = param\n}",
    "model Features(image: f32[N]) {\n  param W: f32[3] ~ zeros()\n  state t = 0\n  t <- t + 1\n  image |> layer\n}",
    'import { margin as model, a as b } from "std/margins"',
    "let θ_y = if margin then state else train",
    "export train Digits { }",
    'require m >= 1 and not (m == 2) or m != .5e-3 else "quoted \\"words\\" // and \\u{3b8}"',
    "let x = -1_000 ^ -2.5e-5 * [true, false] % W @ V",
    "let from = as",
    "let _x2y = x2y(2)",
  ])("%s", (text) => {
    expect(wronglyColoured(text)).toEqual([]);
  });

  test("a wrong colour is found", () => {
    expect(wronglyColoured("let x = 1", "// x = 1")).toContain(
      "x at 1:5: source.margo comment.line.double-slash.margo",
    );
  });
});

/** `word at line:column: its scopes` for each token whose scopes are of another class. */
function wronglyColoured(text: string, coloured = text): readonly string[] {
  const scopesAt = scopesOf(coloured);
  return tokensOf(text)
    .filter((token) => !isColoured(token, scopesAt))
    .map(
      (token) => `${token.image} at ${token.startLine}:${token.startColumn}: ${scopesAt(token.startOffset)}`,
    );
}

/** Every character of the token, its first to its last. */
function isColoured(token: IToken, scopesAt: (offset: number) => string): boolean {
  const { startOffset, endOffset = startOffset } = token;
  for (let at = startOffset; at <= endOffset; at++) if (!wanted(token).test(scopesAt(at))) return false;
  return true;
}

/** As the layout has them, so that `margin` is a keyword only where it begins something; comments too. */
function tokensOf(text: string): readonly IToken[] {
  const { tokens, groups } = tokenize(text);
  const laidOut = layOut(tokens, () => undefined, 128).tokens.filter(({ payload }) => payload !== "virtual");
  return [...laidOut, ...(groups["comments"] ?? [])];
}

/** The innermost scope that a token of this kind must have. */
function wanted({ tokenType }: IToken): RegExp {
  const kind = kinds[tokenType.name];
  if (kind !== undefined) return kind;
  return tokenType.CATEGORIES?.some(({ name }) => name.endsWith("Operator")) === true ? operator : /never/;
}

const keyword = /(storage|keyword\.(control|declaration))\S*$/;
const operator = /keyword\.operator\S*$/;
const separator = /punctuation\.separator\S*$/;
const bracket = /punctuation\.bracket\S*$/;
const word = /(variable|entity\.name|support\.type)\S*$/;

const kinds: Readonly<Record<string, RegExp | undefined>> = {
  Comment: /comment\.line\.double-slash\S*$/,
  DocComment: /comment\.line\.documentation\S*$/,
  String: /string\.quoted\.double|constant\.character\.escape/,
  Number: /constant\.numeric\S*$/,
  True: /constant\.language\S*$/,
  False: /constant\.language\S*$/,
  Identifier: word,
  CallableWord: keyword,
  Train: keyword,
  Param: keyword,
  State: keyword,
  Let: keyword,
  Require: keyword,
  Import: keyword,
  Export: keyword,
  If: keyword,
  Then: keyword,
  Else: keyword,
  // Names, but behind the list of an import.
  From: /(keyword\.control\.import|variable)\S*$/,
  As: /(keyword\.control\.import|variable)\S*$/,
  Pipe: operator,
  UpdateArrow: operator,
  ReturnArrow: operator,
  Equals: operator,
  Tilde: operator,
  Ellipsis: operator,
  Comma: separator,
  Colon: separator,
  LeftParen: bracket,
  RightParen: bracket,
  LeftSquare: bracket,
  RightSquare: bracket,
  LeftCurly: bracket,
  RightCurly: bracket,
};

function scopesOf(text: string): (offset: number) => string {
  const scopes: string[] = [];
  let state = textmate.INITIAL;
  let start = 0;
  for (const line of text.split("\n")) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    for (const token of tokens)
      for (let at = token.startIndex; at < token.endIndex; at++) scopes[start + at] = token.scopes.join(" ");
    start += line.length + 1;
  }
  return (offset) => scopes[offset] ?? "";
}

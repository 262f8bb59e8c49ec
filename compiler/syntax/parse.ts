/**
 * Text to AST. Parsing never throws and always gives a tree; each statement says at most one thing about how it is
 * broken, and what its words show to be wrong goes before what the parser makes of it.
 */
import type { IToken } from "chevrotain";
import type { Expression, Module } from "./ast.ts";
import type { Build } from "./build.ts";
import { buildModule, buildSoleExpression } from "./build-ast.ts";
import { checkText } from "./check-text.ts";
import { faultDiagnostics, lexicalDiagnostics } from "./lexical-diagnostics.ts";
import { errorDiagnostic, restDiagnostic } from "./parse-diagnostics.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import { suggestName } from "../errors/suggest.ts";
import { layOut } from "../../grammar/layout.ts";
import { type Parsed, parseFile, parseSoleExpression } from "../../grammar/parser.ts";
import { EndOfStatement, tokenize } from "../../grammar/tokens.ts";

export interface ParsedModule {
  readonly module: Module;
  readonly diagnostics: readonly Diagnostic[];
}

export function parseModule(file: string, text: string): ParsedModule {
  const { tree, diagnostics } = parse(file, text, parseFile, buildModule);
  return { module: tree, diagnostics };
}

export interface ParsedExpression {
  readonly expression: Expression;
  readonly diagnostics: readonly Diagnostic[];
}

/** One expression and nothing else, as in `--set rate=0.1 / 2`. */
export function parseExpression(file: string, text: string): ParsedExpression {
  const { tree, diagnostics } = parse(file, text, parseSoleExpression, buildSoleExpression);
  return { expression: tree, diagnostics };
}

type Builder<Tree> = (build: Build, cst: Parsed["cst"], length: number) => Tree;

function parse<Tree>(
  file: string,
  written: string,
  read: (tokens: readonly IToken[]) => Parsed,
  make: Builder<Tree>,
): { readonly tree: Tree; readonly diagnostics: readonly Diagnostic[] } {
  const { text, diagnostics: early } = checkText(file, written);
  const words = tokenize(text);
  const layout = layOut(words.tokens, suggestName);
  const { cst, errors } = read(layout.tokens);
  const comments = words.groups["comments"] ?? [];
  const build: Build = { file, slips: [], rests: [], docs: docLines(comments) };
  const tree = make(build, cst, written.length);
  const sure = [
    ...early,
    ...lexicalDiagnostics(file, text, words, comments),
    ...faultDiagnostics(file, layout.faults),
    ...build.slips,
  ];
  const guesses = [
    ...errors.map((error) => errorDiagnostic(file, error, written.length)),
    ...build.rests.map((token) => restDiagnostic(file, token)),
  ];
  return { tree, diagnostics: inOrder([...sure, ...firstGuesses(layout.tokens, sure, guesses)]) };
}

/** One guess a statement, and none about a statement of which something is known to be wrong. */
function firstGuesses(
  tokens: readonly IToken[],
  sure: readonly Diagnostic[],
  guesses: readonly Diagnostic[],
): readonly Diagnostic[] {
  const ends = tokens
    .filter(({ tokenType }) => tokenType === EndOfStatement)
    .map(({ startOffset }) => startOffset);
  const isError = ({ severity }: Diagnostic): boolean => severity === "error";
  const told = new Set(
    sure
      .filter(isError)
      .flatMap(({ span, labels }) =>
        [span, ...labels.map((label) => label.span)].map((place) => statementAt(ends, place.start)),
      ),
  );
  return inOrder(guesses).filter(({ span }) => {
    const statement = statementAt(ends, span.start);
    if (told.has(statement)) return false;
    told.add(statement);
    return true;
  });
}

/** How many statements end before the offset, by bisection. */
function statementAt(ends: readonly number[], offset: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] ?? Infinity) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.toSorted((a, b) => a.span.start - b.span.start);
}

function docLines(comments: readonly IToken[]): ReadonlyMap<number, string> {
  return new Map(
    comments
      .filter(({ image }) => /^\/\/\/(?!\/)/.test(image))
      .map(({ image, startLine }) => [startLine ?? 0, image.slice(3).replace(/^ /, "").trimEnd()] as const),
  );
}

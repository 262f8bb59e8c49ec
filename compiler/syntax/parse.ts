/**
 * Text to AST. Parsing never throws and always gives a tree; each statement says at most one thing about how it is
 * broken, and what its words show to be wrong goes before what the parser makes of it.
 */
import type { CstNode, IToken } from "chevrotain";
import type { Expression, Module } from "./ast.ts";
import type { Build } from "./build.ts";
import { buildModule, buildSoleExpression } from "./build-ast.ts";
import { checkText } from "./check-text.ts";
import { faultDiagnostics, lexicalDiagnostics } from "./lexical-diagnostics.ts";
import { errorDiagnostic, restDiagnostic } from "./parse-diagnostics.ts";
import { positionAt, sourceText } from "./source.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import type { Span } from "../errors/span.ts";
import { suggestName } from "../errors/suggest.ts";
import { nestedTooDeep, strayCharacter } from "../errors/syntax.ts";
import { nestingLimit } from "../../grammar/faults.ts";
import { layOut } from "../../grammar/layout.ts";
import { type Parsed, parseFile, parseSoleExpression } from "../../grammar/parser.ts";
import { EndOfStatement, StartOfStatement, tokenize } from "../../grammar/tokens.ts";

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

/** A file for who prints it: the concrete tree, what the AST leaves out, and every place that is broken. */
export interface ConcreteModule {
  readonly cst: CstNode | undefined;
  /** All words as written, without those that layout.ts and recovery made up. */
  readonly words: readonly IToken[];
  readonly comments: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
  /** Of every mistake and of what is near it, also where `diagnostics` tells only the first of a statement. */
  readonly broken: readonly Span[];
}

export function parseConcrete(file: string, text: string): ConcreteModule {
  const { read, diagnostics, all } = parse(file, text, parseFile, buildModule);
  const broken = all
    .filter(({ severity }) => severity === "error")
    .flatMap(({ span, labels }) => [span, ...labels.map((label) => label.span)]);
  return { ...read, diagnostics, broken };
}

type Builder<Tree> = (build: Build, cst: Parsed["cst"], length: number) => Tree;

function parse<Tree>(
  file: string,
  written: string,
  read: (tokens: readonly IToken[]) => Parsed,
  make: Builder<Tree>,
): Reading<Tree> {
  const { text, diagnostics: early } = checkText(file, written);
  const words = tokenize(text);
  const { layout, cst, errors } = layOutAndRead(words.tokens, read);
  const comments = words.groups["comments"] ?? [];
  const source = sourceText(file, text);
  const lineOf = (offset: number): number => positionAt(source, offset).line;
  const build: Build = { file, slips: [], rests: [], docs: docLines(text, comments), lineOf };
  const tree = make(build, cst, written.length);
  const statements = statementsOf(layout.tokens);
  const known = [
    ...early,
    ...lexicalDiagnostics(file, text, words, comments),
    ...faultDiagnostics(file, layout.faults),
  ];
  const cut = known.filter(({ code }) => code === nestedTooDeep.code || code === strayCharacter.code);
  // What was cut out, or is no word, is missing now.
  const sure = [...known, ...aboutOthers(statements, cut, build.slips)];
  const guesses = [
    ...errors.map((error) => errorDiagnostic(file, error, written.length)),
    ...build.rests.map((rest) => restDiagnostic(file, rest)),
  ];
  const mistakes = sure.filter(({ severity }) => severity === "error");
  const telling = firstOfEach(statements, aboutOthers(statements, mistakes, guesses));
  return {
    tree,
    diagnostics: inOrder([...sure, ...telling]),
    all: [...known, ...build.slips, ...guesses],
    read: { cst, words: words.tokens, comments },
  };
}

interface Reading<Tree> {
  readonly tree: Tree;
  readonly diagnostics: readonly Diagnostic[];
  /** Also those that follow from others. */
  readonly all: readonly Diagnostic[];
  readonly read: Pick<ConcreteModule, "cst" | "words" | "comments">;
}

/**
 * Recovery from an error far down costs more stack than the nesting itself. Where it runs out, the text is read
 * again with less nesting, and what is cut is told.
 */
function layOutAndRead(words: readonly IToken[], read: (tokens: readonly IToken[]) => Parsed) {
  const layout = layOut(words, suggestName, nestingLimit);
  try {
    return { layout, ...read(layout.tokens) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const shallow = layOut(words, suggestName, nestingLimit / 8);
    return { layout: shallow, ...read(shallow.tokens) };
  }
}

// ---------------------------------------------------------------- one diagnostic a statement

/** The number of the statement in which an offset is. */
type StatementOf = (offset: number) => number;

/** Counts by bisection the borders before the offset. What was dropped between two statements is in neither. */
function statementsOf(tokens: readonly IToken[]): StatementOf {
  const ends = tokens.flatMap(({ tokenType, startOffset }, index) => {
    if (tokenType === EndOfStatement) return [startOffset];
    const isFirst = tokenType === StartOfStatement && tokens[index - 1]?.tokenType === EndOfStatement;
    return isFirst ? [startOffset - 0.5] : [];
  });
  return (offset) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? Infinity) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Those that are not in a statement that is known to be broken, nor where its labels point. */
function aboutOthers(
  statementOf: StatementOf,
  known: readonly Diagnostic[],
  others: readonly Diagnostic[],
): readonly Diagnostic[] {
  const places = known.flatMap(({ span, labels }) => [span, ...labels.map((label) => label.span)]);
  const told = new Set(places.map(({ start }) => statementOf(start)));
  return others.filter(({ span }) => !told.has(statementOf(span.start)));
}

function firstOfEach(statementOf: StatementOf, guesses: readonly Diagnostic[]): readonly Diagnostic[] {
  const told = new Set<number>();
  return inOrder(guesses).filter(({ span }) => {
    const statement = statementOf(span.start);
    return !told.has(statement) && told.add(statement);
  });
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.toSorted((a, b) => a.span.start - b.span.start);
}

/** A `///` behind something on its line explains nothing below it. */
function docLines(text: string, comments: readonly IToken[]): ReadonlyMap<number, string> {
  return new Map(
    comments
      .filter(({ image, startOffset }) => /^\/\/\/(?!\/)/.test(image) && beginsLine(text, startOffset))
      .map(
        ({ image, startLine }) => [(startLine ?? 1) - 1, image.slice(3).replace(/^ /, "").trimEnd()] as const,
      ),
  );
}

function beginsLine(text: string, offset: number): boolean {
  let at = offset - 1;
  while (/[ \t\f\v]/.test(text.charAt(at))) at--;
  return at < 0 || /[\r\n]/.test(text.charAt(at));
}

/**
 * The words of the language: a Chevrotain lexer. Names of declarations (`model`, `margin`, …) are names like
 * any other here; layout.ts finds out where they begin a declaration. Common slips (`&&`, `**`, 'single quotes')
 * are words of their own, so that they can be told by name instead of as a heap of stray characters.
 */
import { type ILexingResult, type IToken, type TokenType, Lexer, createToken } from "chevrotain";
import { divides } from "./slashes.ts";

/** Words of the text; comments are in `groups.comments`, what is no word at all in `errors`. */
export function tokenize(text: string): ILexingResult {
  return lexer.tokenize(text);
}

// ---------------------------------------------------------------- kinds of operators

/** Everything that joins two operands, also the slips that stand for an operator. */
export const BinaryOperator = createToken({ name: "BinaryOperator", pattern: Lexer.NA });
/** The part of it that `index<…>` may hold, where `>` ends the bound. */
export const ArithmeticOperator = createToken({
  name: "ArithmeticOperator",
  pattern: Lexer.NA,
  categories: [BinaryOperator],
});
export const PrefixOperator = createToken({ name: "PrefixOperator", pattern: Lexer.NA });

// ---------------------------------------------------------------- names and keywords

/** Latin and Greek letters, digits and `_`. */
export const Identifier = createToken({
  name: "Identifier",
  pattern:
    /[A-Za-z_\u0370-\u037d\u037f-\u0386\u0388-\u03ff\u1f00-\u1fff][\w\u0370-\u037d\u037f-\u0386\u0388-\u03ff\u1f00-\u1fff]*/,
});

const keyword = (name: string, word: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern: word, longer_alt: Identifier, categories });

export const Let = keyword("Let", "let");
export const Require = keyword("Require", "require");
export const Import = keyword("Import", "import");
export const Export = keyword("Export", "export");
export const If = keyword("If", "if");
export const Then = keyword("Then", "then");
export const Else = keyword("Else", "else");
export const Or = keyword("Or", "or", [BinaryOperator]);
export const And = keyword("And", "and", [BinaryOperator]);
export const Not = keyword("Not", "not", [PrefixOperator]);
export const True = keyword("True", "true");
export const False = keyword("False", "false");
export const From = keyword("From", "from", [Identifier]);
export const As = keyword("As", "as", [Identifier]);

// Made by layout.ts of names that begin a declaration or statement.
const laidOut = (name: string): TokenType => createToken({ name, pattern: Lexer.NA });
/** `fn`, `layer`, `model`, `margin`, `loss`, `optimizer`; the image says which. */
export const CallableWord = laidOut("CallableWord");
export const Train = laidOut("Train");
export const Param = laidOut("Param");
export const State = laidOut("State");
/** A curly bracket where none belongs. */
export const StrayCurly = laidOut("StrayCurly");
/** Where a statement begins and ends. They have no text; recovery stops at them. */
export const StartOfStatement = laidOut("StartOfStatement");
export const EndOfStatement = laidOut("EndOfStatement");
/** In the place of what was nested too deeply. */
export const Hole = laidOut("Hole");
/** Everything but ends of statements and bodies: what the parser may skip to get there. */
export const AnyWord = laidOut("AnyWord");

// ---------------------------------------------------------------- literals

export const NumberLiteral = createToken({
  name: "Number",
  pattern: /\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?/,
});
export const StringLiteral = createToken({ name: "String", pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*"/ });
/** Up to the end of its line. */
export const UnclosedString = createToken({
  name: "UnclosedString",
  pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*\\?/,
  categories: [StringLiteral],
});
export const SingleQuoted = createToken({
  name: "SingleQuoted",
  pattern: /'[^'\r\n]*'|[“”„][^“”"\r\n]*[“”]|[‘’][^‘’\r\n]*[’]/,
  categories: [StringLiteral],
});

// ---------------------------------------------------------------- signs

const sign = (name: string, pattern: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern, categories });

export const Pipe = sign("Pipe", "|>");
export const UpdateArrow = sign("UpdateArrow", "<-");
export const ReturnArrow = sign("ReturnArrow", "->");
export const EqualTo = sign("EqualTo", "==", [BinaryOperator]);
export const NotEqualTo = sign("NotEqualTo", "!=", [BinaryOperator]);
export const AtMost = sign("AtMost", "<=", [BinaryOperator]);
export const AtLeast = sign("AtLeast", ">=", [BinaryOperator]);
export const Less = sign("Less", "<", [BinaryOperator]);
export const Greater = sign("Greater", ">", [BinaryOperator]);
export const Equals = sign("Equals", "=");
export const Plus = sign("Plus", "+", [ArithmeticOperator]);
export const Minus = sign("Minus", "-", [ArithmeticOperator, PrefixOperator]);
export const Times = sign("Times", "*", [ArithmeticOperator]);
export const Divide = sign("Divide", "/", [ArithmeticOperator]);
export const Modulo = sign("Modulo", "%", [ArithmeticOperator]);
export const MatrixTimes = sign("MatrixTimes", "@", [ArithmeticOperator]);
export const Power = sign("Power", "^", [ArithmeticOperator]);
export const Ellipsis = sign("Ellipsis", "...");
export const Tilde = sign("Tilde", "~");
export const Comma = sign("Comma", ",");
export const Colon = sign("Colon", ":");
export const Semicolon = sign("Semicolon", ";");
export const LeftParen = sign("LeftParen", "(");
export const RightParen = sign("RightParen", ")");
export const LeftSquare = sign("LeftSquare", "[");
export const RightSquare = sign("RightSquare", "]");
export const LeftCurly = sign("LeftCurly", "{");
export const RightCurly = sign("RightCurly", "}");

// Slips of people who write other languages too.
export const DoubleStar = sign("DoubleStar", "**", [ArithmeticOperator]);
export const DoubleAmpersand = sign("DoubleAmpersand", "&&", [BinaryOperator]);
export const DoubleBar = sign("DoubleBar", "||", [BinaryOperator]);
export const TripleEquals = sign("TripleEquals", "===", [BinaryOperator]);
/** Known so that it is not read as `=` and something else. */
export const FatArrow = sign("FatArrow", "=>");
export const CompoundAssignment = createToken({ name: "CompoundAssignment", pattern: /[-+*/^%]=(?!=)/ });
export const Bang = sign("Bang", "!", [PrefixOperator]);

// ---------------------------------------------------------------- blanks, comments and `//`

const WhiteSpace = createToken({
  name: "WhiteSpace",
  pattern: /[ \t\r\n\f\v]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
});

/** Stands before the comments in the lexer: only a `//` that does not divide begins one. */
export const FloorDivide = createToken({
  name: "FloorDivide",
  pattern: (text: string, offset: number, tokens: IToken[]): [string] | null =>
    text.startsWith("//", offset) && divides(text, offset, tokens) ? ["//"] : null,
  start_chars_hint: ["/"],
  line_breaks: false,
  categories: [ArithmeticOperator],
});
/** `/// …`, the text that explains the declaration below it. */
export const DocComment = createToken({
  name: "DocComment",
  pattern: /\/\/\/(?!\/)[^\r\n]*/,
  group: "comments",
});
export const Comment = createToken({ name: "Comment", pattern: /\/\/[^\r\n]*/, group: "comments" });

// ---------------------------------------------------------------- the lexer

/** Longer signs before the shorter ones that begin them. */
const allTokens: TokenType[] = [
  WhiteSpace, FloorDivide, DocComment, Comment,
  NumberLiteral, StringLiteral, UnclosedString, SingleQuoted,
  Let, Require, Import, Export, If, Then, Else, Or, And, Not, True, False, From, As, Identifier,
  Pipe, DoubleBar, DoubleAmpersand, DoubleStar, TripleEquals, FatArrow, CompoundAssignment,
  UpdateArrow, ReturnArrow, EqualTo, NotEqualTo, AtMost, AtLeast, Less, Greater, Equals, Bang,
  Plus, Minus, Times, Divide, Modulo, MatrixTimes, Power,
  Ellipsis, Tilde, Comma, Colon, Semicolon,
  LeftParen, RightParen, LeftSquare, RightSquare, LeftCurly, RightCurly,
]; // prettier-ignore

const words: TokenType[] = [...allTokens, CallableWord, Train, Param, State, Hole, StrayCurly];
for (const word of words) {
  if (word !== LeftCurly && word !== RightCurly) word.CATEGORIES = [...(word.CATEGORIES ?? []), AnyWord];
}

/** What the parser's grammar is made of. */
export const vocabulary: TokenType[] = [
  ...words, BinaryOperator, ArithmeticOperator, PrefixOperator, AnyWord, StartOfStatement,
  EndOfStatement,
]; // prettier-ignore

const lexer = new Lexer(allTokens, { ensureOptimizations: true, positionTracking: "full" });

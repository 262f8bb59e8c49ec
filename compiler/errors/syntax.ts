/**
 * Mistakes in the text itself, M00xx: what is no word, what does not close, what other languages would write.
 * The entries that say what the parser expected are in syntax-structure.ts, what other languages write in syntax-habits.ts.
 */
import { type Located, type Wording, defineError, replaceBy } from "./entry.ts";
import { isNamespace, memberSpelledOut } from "./foreign-names.ts";
import type { Span } from "./span.ts";

export * from "./syntax-habits.ts";
export * from "./syntax-structure.ts";

/** `x.sum`: the object, the last name, and what stands before that name. */
export interface Member {
  readonly object: string;
  readonly name: string;
  readonly path: Span;
}

export const strayCharacter = defineError<
  Located & { readonly character: string; readonly member?: Member | undefined }
>({
  code: "M0004",
  title: "A character that means nothing here",
  explanation:
    "Source is made of Latin and Greek letters, digits and the signs of the language. Characters that only look " +
    "like such a sign, as `−` or `≤` from a paper, have a plain spelling.",
  example: "fn f(x: f32) = x × 2\n",
  report: ({ span, character, member }) => {
    if (member !== undefined) return aboutMember(member);
    const plain = lookAlikes[character];
    const shown = /^[\s\p{C}]$/u.test(character) ? codeName(character) : `\`${character}\``;
    if (plain === undefined) {
      return {
        message: `${shown} means nothing here`,
        help: strayHelp[character] ?? "remove it; names are made of Latin and Greek letters, digits and `_`",
        fix: character === "#" ? replaceBy(span, "//", "write `//`") : undefined,
      };
    }
    const name = plain === " " ? "a plain space" : `\`${plain}\``;
    return {
      message: `${shown} is not part of the language`,
      help: `write ${name} instead`,
      fix: replaceBy(span, plain, `write ${name}`),
    };
  },
});

function aboutMember({ object, name, path }: Member): Wording {
  const message = "`.` means nothing here: values have no members";
  if (!isNamespace(object)) return { message, help: `write \`${memberSpelledOut(object, name)}\`` };
  return {
    message: "`.` means nothing here: functions belong to no namespace",
    help: `write \`${name}\``,
    fix: replaceBy(path, "", `write \`${name}\``),
  };
}

const strayHelp: Readonly<Record<string, string | undefined>> = {
  "?": "a choice is `if condition then value else other`",
  "#": "comments begin with `//`",
  ".": "there are no members; what belongs to a value is a function of it: `f(x)`",
  "√": "a root is `sqrt(x)`",
  "∑": "a sum is `sum(x, over: C)`",
  "‖": "a length is `norm(x, over: D)`; inside a margin `x_norm` and `w_norm`",
  "|": "a size without its sign is `abs(x)`, a length `norm(x, over: D)`",
  "°": "angles are in radians: `30 * pi / 180`",
};

const lookAlikes: Readonly<Record<string, string | undefined>> = {
  "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/",
  "≤": "<=", "≥": ">=", "≠": "!=", "←": "<-", "→": "->", "“": '"', "”": '"', "„": '"', "‘": '"', "’": '"',
  "²": "^2", "³": "^3", "∞": "1e30", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "：": ":", "，": ",",
  "&": " and ", "…": "...", "µ": "mu",
}; // prettier-ignore

function codeName(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `the invisible character U+${code}`;
}

export const partialUpdate = defineError<Located>({
  code: "M0029",
  title: "Update of a part of a state",
  explanation:
    "`t <- …` gives a state its new value as a whole. Numbers by class are added up by label: inside a margin `sum(one_hot(y) * cos_y, over: N)` has one for each class.",
  example: "margin M() {\n  state t: f32[C] = 0\n  t[y] <- cos_y\n  target = cos - t[y]\n}\n",
  report: () => ({
    message: "a state is updated as a whole",
    help: "write `t <- …`; by class with `sum(one_hot(y) * …, over: N)`",
  }),
});

export const unclosedString = defineError({
  code: "M0005",
  title: "A string without an end",
  explanation:
    'A string ends with `"` on the line on which it begins. Inside, `\\"` is a quote and `\\n` a new line.',
  example: 'import { dense } from "std/layers\nfn f(x: f32) = x\n',
  report: ({ span }) => ({
    message: "this string has no end",
    help: 'close it with `"` on the same line',
    fix: replaceBy({ ...span, start: span.end }, '"', 'add `"`'),
  }),
});

export const singleQuotes = defineError<Located & { readonly text: string }>({
  code: "M0006",
  title: "Other quotes",
  explanation: 'Strings stand in straight double quotes: `"valid"`.',
  example: "import { dense } from 'std/layers'\n",
  report: ({ span, text }) => {
    const fixed = JSON.stringify(text.slice(1, -1));
    return {
      message: `strings stand in ${text.startsWith("'") ? "" : "straight "}double quotes`,
      help: `write ${fixed}`,
      fix: replaceBy(span, fixed, "use double quotes"),
    };
  },
});

export const foreignOperator = defineError<Located & { readonly written: string; readonly meant: string }>({
  code: "M0007",
  title: "An operator of another language",
  explanation:
    "The logical operators are the words `and`, `or` and `not`; a power is `^`; equality is `==`. " +
    "`<-` updates a state, so a comparison with a negative number needs a blank: `x < -1`.",
  example: "fn f(x: f32) = x ** 2\n",
  report: ({ span, written, meant }) => ({
    message: `\`${written}\` is written \`${meant.trim()}\` in Margo`,
    fix: replaceBy(span, meant, `write \`${meant.trim()}\``),
  }),
});

export const equalsForComparison = defineError({
  code: "M0008",
  title: "`=` where values are compared",
  explanation: "`=` gives a name to a value; `==` asks whether two values are equal.",
  example: "fn f(x: f32) = if x = 1 then 0 else x\n",
  report: ({ span }) => ({
    message: "`=` does not compare",
    help: "`==` asks whether two values are equal",
    fix: replaceBy(span, "==", "write `==`"),
  }),
});

export const semicolon = defineError<Located & { readonly endsLine: boolean }>({
  code: "M0009",
  title: "A semicolon",
  explanation: "A statement ends with its line.",
  example: "fn f(x: f32) {\n  let y = x;\n  y\n}\n",
  report: ({ span, endsLine }) => ({
    message: "statements end with the line, without `;`",
    fix: endsLine ? replaceBy(span, "", "remove `;`") : replaceBy(span, "\n", "begin a new line"),
  }),
});

export const foreignWord = defineError<Located & { readonly written: string; readonly meant: string }>({
  code: "M0010",
  title: "A keyword that is spelt otherwise",
  explanation:
    "Declarations begin with `fn`, `layer`, `model`, `margin`, `loss`, `optimizer`, `train`, `let` or `import`; " +
    "inside a body there are `let`, `param`, `state` and `require`.",
  example: "def f(x: f32) = x + 1\n",
  report: ({ span, written, meant }) => ({
    message: `there is no keyword \`${written}\`; did you mean \`${meant}\`?`,
    fix: replaceBy(span, meant, `change to \`${meant}\``),
  }),
});

export const returnWord = defineError({
  code: "M0013",
  title: "`return`",
  explanation: "The value of a body is its last expression.",
  example: "fn f(x: f32) {\n  return x + 1\n}\n",
  report: ({ span }) => ({
    message: "the last expression of a body is its value; there is no `return`",
    fix: replaceBy({ ...span, end: span.end + 1 }, "", "remove `return`"),
  }),
});

export const missingTimes = defineError<
  Located & { readonly number: string; readonly name: string; readonly between: Span }
>({
  code: "M0014",
  title: "A number directly before a name",
  explanation: "A product is written with `*`: `2 * x`. A name does not begin with a digit.",
  example: "fn f(x: f32) = 2x\n",
  report: ({ number, name, between }) => ({
    message: `\`${number}${name}\` is neither a number nor a name`,
    help: `for the product write \`${number} * ${name}\``,
    fix: replaceBy(between, " * ", "write `*`"),
  }),
});

export const nestedTooDeep = defineError({
  code: "M0015",
  title: "Nested too deeply",
  explanation:
    "Brackets and `if` nest at most 128 deep, less around another mistake. Give inner parts a name with `let`.",
  example: `fn f(x: f32) = ${"(".repeat(130)}x${")".repeat(130)}\n`,
  report: () => ({
    message: "this is nested too deeply",
    help: "give inner parts a name with `let`",
  }),
});

/** The most that is read, in UTF-16 code units: a hundred times the largest text that a person writes. */
export const largestText = 1_000_000;

/** `most` is set where an editor stops earlier. */
export const fileTooLarge = defineError<Located & { readonly length: number; readonly most?: number }>({
  code: "M0016",
  title: "A file that is too large",
  explanation:
    "A source file has at most a million characters; an editor, which reads it again after every keystroke, stops at 200,000 and says so. Numbers belong in data files: npy, npz or CSV.",
  example: `// ${"x".repeat(largestText)}\n`,
  report: ({ length, most }) => ({
    message: `this file has ${count(length)} characters; ${most === undefined ? `${count(largestText)} is the most` : `beyond ${count(most)} an editor looks for no mistakes, names or types`}`,
    help: `keep data in npy, npz or CSV files and read it in a \`train\`${most === undefined ? "" : "; `margo check` reads it all"}`,
  }),
});

function count(characters: number): string {
  return characters.toLocaleString("en");
}

export const notText = defineError<Located & { readonly found: "nul" | "surrogate" | "undecoded" }>({
  code: "M0017",
  title: "Bytes that are not text",
  explanation:
    "Source is UTF-8 text. A character U+0000, half of a surrogate pair, or bytes that are not UTF-8 are a sign of another encoding, of a broken file, or of a file that is no source at all.",
  example: "fn f(x: f32) = x \u0000\n",
  report: ({ found }) => ({ message: notTextMessages[found], help: "is this a text file? Save it as UTF-8" }),
});

const notTextMessages = {
  nul: "there is a NUL character here",
  surrogate: "there is half of a surrogate pair here, which is no character",
  undecoded: "there are bytes here that are not UTF-8",
};

export const unknownEscape = defineError<Located & { readonly text: string }>({
  code: "M0019",
  title: "An unknown escape in a string",
  explanation:
    'Known are `\\n`, `\\r`, `\\t`, `\\"`, `\\\\` and `\\u{3b8}` with the hexadecimal number of a character.',
  example: 'fn f(x: f32, m: int = 1) {\n  require m >= 1 else "50 \\% is not enough"\n  m * x\n}\n',
  report: ({ span, text }) => ({
    message: `\`${text}\` stands for no character`,
    help: "for a backslash itself write `\\\\`",
    fix: replaceBy(span, `\\${text}`, "write `\\\\`"),
  }),
});

export const numberTooLarge = defineError<Located & { readonly text: string; readonly isInteger: boolean }>({
  code: "M0020",
  title: "A number that is too large",
  explanation: "Whole numbers go up to 9007199254740991 (2^53 − 1), others up to 1.8e308.",
  example: "fn f(x: f32) = x + 1e999\n",
  report: ({ text, isInteger }) => ({
    message: `${text.length > 24 ? `${text.slice(0, 20)}…` : text} is too large`,
    help: isInteger
      ? "whole numbers go up to 9007199254740991; write a point or an exponent for a larger one"
      : "numbers go up to 1.8e308",
  }),
});

export const commentNotDivision = defineError<Located & { readonly divisor: string }>({
  code: "M0026",
  severity: "warning",
  title: "A comment that looks like a division",
  explanation:
    "`//` divides only between brackets that open and close on its line; elsewhere it begins a comment. " +
    "So write `(a // b)`.",
  example: "let n = 7 // 2\n",
  report: ({ divisor }) => ({
    message: `\`// ${divisor}\` is a comment here, not a division`,
    help: "put the quotient in brackets to divide, as in `(a // b)`",
  }),
});

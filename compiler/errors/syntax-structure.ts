/** Mistakes in how words are put together, M00xx: brackets, missing parts, parts in the wrong place. */
import type { Fix } from "./diagnostic.ts";
import { type Located, defineError, replaceBy } from "./entry.ts";
import type { Span } from "./span.ts";

export const unexpected = defineError<
  Located & {
    readonly found: string;
    readonly wanted: string;
    readonly hint?: string | undefined;
    readonly fix?: Fix | undefined;
  }
>({
  code: "M0001",
  title: "Something else belongs here",
  explanation:
    "The text up to here is understood; what follows does not go on with it. The message says what would.",
  example: "fn f(x: f32) = x + * 2\n",
  report: ({ found, wanted, hint, fix }) => ({
    message: `${found} is unexpected: ${wanted}`,
    help: hint,
    fix,
  }),
});

export const missingBracket = defineError<
  Located & {
    readonly opener: Span;
    readonly open: string;
    readonly closer: string;
    /** What to put there: a body that has lines ends on a line of its own. */
    readonly newText: string;
  }
>({
  code: "M0002",
  title: "A bracket is not closed",
  explanation: "Every `(`, `[` and `{` is closed before the statement or declaration around it ends.",
  example: "fn f(x: f32) {\n  let y = (x + 1\n  y\n}\n",
  report: ({ span, opener, open, closer, newText }) => ({
    message: `\`${closer}\` is missing`,
    labels: [{ span: opener, message: `this \`${open}\` is not closed` }],
    fix: replaceBy(span, newText, `add \`${closer}\``),
  }),
});

export const strayBracket = defineError<Located & { readonly closer: string }>({
  code: "M0003",
  title: "A closing bracket that nothing opened",
  explanation: "A closing bracket belongs to an opening one of its kind before it.",
  example: "fn f(x: f32) = x + 1)\n",
  report: ({ span, closer }) => ({
    message: `this \`${closer}\` closes nothing`,
    fix: replaceBy(span, "", `remove \`${closer}\``),
  }),
});

export const missingThen = defineError<Located & { readonly opener: Span }>({
  code: "M0011",
  title: "`if` without `then`",
  explanation: "A choice is written `if condition then value else other`.",
  example: "fn f(x: f32) = if x > 0 x else 0\n",
  report: ({ span, opener }) => ({
    message: "`then` is missing",
    labels: [{ span: opener, message: "this `if`" }],
    help: "a choice is written `if condition then value else other`",
    fix: replaceBy(span, " then", "add `then`"),
  }),
});

export const missingElse = defineError<Located & { readonly opener: Span }>({
  code: "M0012",
  title: "`if` without `else`",
  explanation: "A choice is a value, so it needs one for either case: `if condition then value else other`.",
  example: "fn f(x: f32) = if x > 0 then x\n",
  report: ({ opener }) => ({
    message: "`else` is missing: a choice needs a value for either case",
    labels: [{ span: opener, message: "this `if`" }],
    help: "a choice is written `if condition then value else other`",
  }),
});

export const outsideDeclaration = defineError({
  code: "M0021",
  title: "A statement outside of a declaration",
  explanation:
    "A file holds imports, `let` and declarations: `fn`, `layer`, `model`, `margin`, `loss`, `optimizer`, `train`. " +
    "Everything else stands in the body of one.",
  example: "x + 1\n",
  report: () => ({
    message: "this stands outside of a declaration",
    help: "put it into the `{ … }` of a `fn`, `model`, `loss`, … or name it with `let`",
  }),
});

export const declarationInBody = defineError({
  code: "M0022",
  title: "A declaration inside of another",
  explanation:
    "Declarations stand side by side in a file; only `let`, `param`, `state` and `require` stand in a body.",
  example: 'fn f(x: f32) {\n  import { g } from "./g.margo"\n  x\n}\n',
  report: () => ({
    message: "a declaration does not stand inside of another",
    help: "move it out of the body; or is a `}` missing before it?",
  }),
});

export const equalsForColon = defineError<Located & { readonly name: string }>({
  code: "M0023",
  title: "`=` before an argument",
  explanation: "Arguments are named with a colon: `dense(units: 10)`.",
  example: "fn g(x: f32, m = 1) = m * x\nfn f(x: f32) = g(x, m = 2)\n",
  report: ({ span, name }) => ({
    message: `arguments are named with a colon: \`${name}: …\``,
    fix: replaceBy(span, ":", "write `:`"),
  }),
});

export const chainedComparison = defineError<Located & { readonly first: Span }>({
  code: "M0024",
  title: "Comparisons in a chain",
  explanation: "`a < b < c` would compare a truth value with c. Write `a < b and b < c`.",
  example: "fn f(x: f32) = if 0 < x < 1 then x else 0\n",
  report: ({ first }) => ({
    message: "comparisons do not chain",
    labels: [{ span: first, message: "the first one" }],
    help: "write `a < b and b < c`",
  }),
});

export const wrongInitialSign = defineError<Located & { readonly kind: "param" | "state" }>({
  code: "M0025",
  title: "The wrong sign before an initial value",
  explanation:
    "A parameter is drawn, `param W: f32[C] ~ normal()`; a state begins with a value, `state t = 0`.",
  example: "export layer shift()(x: f32[N, K]) {\n  param b: f32[K] = 0\n  x + b\n}\n",
  report: ({ span, kind }) => {
    const sign = kind === "param" ? "~" : "=";
    return {
      message: `the initial value of a \`${kind}\` stands behind \`${sign}\``,
      fix: replaceBy(span, sign, `write \`${sign}\``),
    };
  },
});

export const requireWithoutMessage = defineError({
  code: "M0027",
  title: "`require` without its message",
  explanation: 'Say what the caller should do: `require m >= 1 else "m is at least 1"`.',
  example: "fn f(x: f32, m: int = 1) {\n  require m >= 1\n  m * x\n}\n",
  report: ({ span }) => ({
    message: "what should the caller read when this fails?",
    help: 'end it with `else "…"`',
    fix: replaceBy({ ...span, start: span.end }, ' else "…"', 'add `else "…"`'),
  }),
});

export const listCount = defineError<
  Located & {
    readonly kind: string;
    readonly found: number;
    /** Between the settings and the inputs of a layer that has them in one list. */
    readonly border: Span | undefined;
  }
>({
  code: "M0028",
  title: "The wrong number of parameter lists",
  explanation:
    "A `layer` has two lists, settings first and inputs second: `layer dense(units: int)(x: f32[N, K])`. All others have one.",
  example: "layer twice(x: f32[N, K]) {\n  2 * x\n}\n",
  report: ({ span, kind, found, border }) => ({
    message:
      kind === "layer"
        ? `a layer has two parameter lists, settings and inputs; here ${found === 1 ? "is one" : `are ${found}`}`
        : `a ${kind} has one parameter list; here are ${found === 0 ? "none" : found}`,
    help:
      kind !== "layer"
        ? `write \`${kind} name(…)\``
        : border === undefined
          ? "without settings write `layer name()(x: …)`"
          : "settings come first, inputs second: `layer name(units: int)(x: …)`",
    fix: kind === "layer" && found === 1 ? secondListFix(span, border) : undefined,
  }),
});

function secondListFix(name: Span, border: Span | undefined): Fix {
  return border === undefined
    ? replaceBy({ ...name, start: name.end }, "()", "add `()` for no settings")
    : replaceBy(border, ")(", "put the inputs into a list of their own");
}

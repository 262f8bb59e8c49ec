/**
 * M01: names and the shape of a program: what exists, where it may be used, how deep calls go.
 */
import { defineError, replaceBy } from "./entry.ts";
import type { Fix, TextEdit } from "./diagnostic.ts";
import { spelledOut } from "./foreign-names.ts";
import type { Span } from "./span.ts";

export interface Named {
  readonly span: Span;
  readonly name: string;
}
export type Suggested = { readonly suggestion: string | undefined };

/** "change to `dense`" where a name is near enough. */
export function renameFix({ span, suggestion }: { readonly span: Span } & Suggested): Fix | undefined {
  return suggestion === undefined ? undefined : replaceBy(span, suggestion, `change to \`${suggestion}\``);
}

/** What a module exports, by the name that was meant: possibly not quite as it was written. */
export interface Importable {
  readonly name: string;
  readonly from: string;
  readonly edit: TextEdit;
}

/** A name that only needs to be imported is not taken for another one misspelt. */
function importFix({ span, name }: Named, importable: Importable | undefined): Fix | undefined {
  if (importable === undefined) return undefined;
  const { name: meant, from, edit } = importable;
  if (meant === name) return { title: `import \`${name}\` from \`${from}\``, edits: [edit] };
  const title = `change to \`${meant}\` and import it from \`${from}\``;
  return { title, edits: [edit, { span, newText: meant }] };
}

function importHelp({ name }: Named, importable: Importable | undefined): string | undefined {
  if (importable === undefined) return undefined;
  const { name: meant, from } = importable;
  return meant === name ? `import it from \`${from}\`` : `did you mean \`${meant}\` of \`${from}\`?`;
}

export function didYouMean({ suggestion }: Suggested): string | undefined {
  return suggestion === undefined ? undefined : `did you mean \`${suggestion}\`?`;
}

export function listed(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.map((name) => `\`${name}\``).join(", ");
}

/** The first few of what may be many. */
export function someOf(names: readonly string[]): string {
  const more = names.length - mostListed;
  return more < 2 ? listed(names) : `${listed(names.slice(0, mostListed))} and ${more} more`;
}

const mostListed = 6;

export const unknownName = defineError<
  Named &
    Suggested & {
      readonly context: string | undefined;
      readonly importable: Importable | undefined;
      /** The row i or the class j of a margin's formulas. */
      readonly isPair: boolean;
      /** `x` or `W` in a margin. */
      readonly isOfLoss: boolean;
    }
>({
  code: "M0101",
  title: "Unknown name",
  explanation:
    "A bare name is a parameter, a `let`, `param` or `state` of the body, a dimension of its signature, a constant of the file, an import, or a name that the place gives: `theta` in a margin, `grad` in an optimizer, `step` everywhere. This one is none of them.",
  example: "fn double(value: f32[N]) = 2 * vaule\n",
  report: (facts) => ({
    message: `there is nothing called \`${facts.name}\` here`,
    help:
      (facts.isPair
        ? "formulas speak of one row and one class: `cos` is theirs, `cos_y` that of the row's own class"
        : undefined) ??
      (facts.isOfLoss
        ? "rows and weights belong to the loss that calls `logits(margin, x, W, y)`; a margin is given `cos`, `theta`, `x_norm` and `w_norm`"
        : undefined) ??
      importHelp(facts, facts.importable) ??
      didYouMean(facts) ??
      (facts.context === undefined
        ? "name it with `let`, make it a parameter, or import it"
        : `\`${facts.name}\` exists inside ${facts.context}`),
    fix: importFix(facts, facts.importable) ?? renameFix(facts),
  }),
});

export const unknownFunction = defineError<
  Named & Suggested & { readonly importable: Importable | undefined }
>({
  code: "M0102",
  title: "Unknown function",
  explanation:
    'In front of `(` stands the name of a function, layer, margin, loss, optimizer or builtin. What `std/` offers is imported first: `import { dense } from "std/layers"`.',
  example: "fn size_of(x: f32[N]) = sqt(sum(x * x))\n",
  report: (facts) => ({
    message: `there is no function called \`${facts.name}\` here`,
    help:
      importHelp(facts, facts.importable) ??
      (spelledOut(facts.name) === undefined ? undefined : `write \`${spelledOut(facts.name)}\``) ??
      didYouMean(facts) ??
      "declare it, or import it at the top of the file",
    fix:
      importFix(facts, facts.importable) ??
      (spelledOut(facts.name) === undefined ? renameFix(facts) : undefined),
  }),
});

export const takenName = defineError<Named & { readonly what: string; readonly given: string }>({
  code: "M0123",
  title: "Name that is given already",
  explanation:
    "A run feeds the counters `step`, `epoch` and `seed` (random numbers ask for the last and the first), and a margin is given `cos`, `theta` and others. An input, param or state of a program cannot have the name of one that it uses.",
  example: "margin M() {\n  state cos_y = 0\n  target = cos - cos_y\n}\n",
  report: ({ name, what, given }) => ({
    message: `the ${what} \`${name}\` has the name of ${given}`,
    help: "rename it",
  }),
});

export const duplicateName = defineError<Named & { readonly earlier: Span }>({
  code: "M0103",
  title: "Name declared twice",
  explanation: "A name stands for one thing in its body or file. Give one of the two another name.",
  example: "fn f(x: f32[N]) {\n  let a = 2 * x\n  let a = 3 * x\n  a\n}\n",
  report: ({ name, earlier }) => ({
    message: `\`${name}\` is declared twice`,
    labels: [{ span: earlier, message: "first here" }],
    help: "rename one of them",
  }),
});

export const unusedName = defineError<
  Named & { readonly what: "let" | "import"; readonly removal: TextEdit }
>({
  code: "M0104",
  severity: "warning",
  title: "Name never used",
  explanation:
    "Nothing reads this name. Remove it, or begin it with `_` to keep a `let` that is not used yet.",
  example: "fn f(x: f32[N]) {\n  let twice = 2 * x\n  x\n}\n",
  report: ({ name, what, removal }) => ({
    message: what === "let" ? `\`${name}\` is never used` : `\`${name}\` is imported and never used`,
    help: "remove it",
    fix: { title: `remove \`${name}\``, edits: [removal] },
  }),
});

export const unusedSetting = defineError<Named>({
  code: "M0124",
  severity: "warning",
  title: "Setting never used",
  explanation:
    "Nothing in the body reads this setting, so that giving it changes nothing. Begin its name with `_` to keep one that is not used yet.",
  example: "margin Plain(m = 0.5, s = 64) {\n  scale = s\n}\n",
  report: ({ name }) => ({
    message: `the setting \`${name}\` is never used`,
    help: "use it, or remove it",
  }),
});

export const notCallable = defineError<{ readonly span: Span; readonly found: string }>({
  code: "M0111",
  title: "Not something to call",
  explanation:
    "Only functions, layers, models, losses and builtins can be called. A margin is given to `logits`, an optimizer to a `train`.",
  example: "fn f(x: f32[N], rate = 0.1) = x |> rate(2)\n",
  report: ({ found }) => ({ message: `this cannot be called: it is ${found}` }),
});

export const recursion = defineError<Named & { readonly declared: Span }>({
  code: "M0112",
  title: "Recursion",
  explanation:
    "Every call is written out where it stands, so nothing can call itself, directly or through others.",
  example: "fn f(x: f32[N]) = f(x) + 1\n",
  report: ({ name, declared }) => ({
    message: `\`${name}\` calls itself`,
    labels: [{ span: declared, message: "declared here" }],
  }),
});

export const constantCycle = defineError<Named>({
  code: "M0113",
  title: "Constant defined by itself",
  explanation: "The value of a constant cannot depend on the constant.",
  example: "let a = b + 1\nlet b = a + 1\n",
  report: ({ name }) => ({ message: `the value of \`${name}\` depends on itself` }),
});

export const callTooDeep = defineError<{ readonly span: Span; readonly limit: number }>({
  code: "M0114",
  title: "Calls nested too deeply",
  explanation: "Calls within calls go at most 128 deep. This is a limit of the compiler.",
  example: nestedCalls(130),
  report: ({ limit }) => ({ message: `calls are nested more than ${limit} deep here` }),
});

/** A chain of functions, each calling the one before. */
function nestedCalls(count: number): string {
  const links = Array.from({ length: count }, (_, n) => `fn f${n + 1}(x: f32[N]) = f${n}(x)`);
  return ["fn f0(x: f32[N]) = x", ...links, ""].join("\n");
}

export const nestedTooDeeply = defineError<{ readonly span: Span; readonly limit: number }>({
  code: "M0115",
  title: "Too much within too much",
  explanation:
    "Expressions within calls within expressions go too deep together. This is a limit of the compiler: give parts names with `let`.",
  example: deepCalls(100),
  report: ({ limit }) => ({
    message: `expressions and calls are nested too deeply here (about ${limit} levels of each are fine)`,
    help: "give parts of the expression a name with `let`",
  }),
});

/** Functions whose bodies nest, each calling the one before at its innermost place. */
function deepCalls(count: number): string {
  const nest = (inner: string): string => `${"-(".repeat(12)}${inner}${")".repeat(12)}`;
  const links = Array.from({ length: count }, (_, n) => `fn f${n + 1}(x: f32[N]) = ${nest(`f${n}(x)`)}`);
  return ["fn f0(x: f32[N]) = x", ...links, ""].join("\n");
}

export const tooMuchWork = defineError<{ readonly span: Span; readonly limit: number }>({
  code: "M0116",
  title: "Program too large",
  explanation:
    "Calls are written out where they stand; functions that call functions several times each can ask for more than anyone could run. This is a limit of the compiler.",
  example: doublingCalls(24),
  report: ({ limit }) => ({ message: `written out, this has more than ${limit} expressions` }),
});

function doublingCalls(count: number): string {
  const links = Array.from({ length: count }, (_, n) => `fn f${n + 1}(x: f32[N]) = f${n}(f${n}(x) + ${n})`);
  return ["fn f0(x: f32[N]) = x", ...links, ""].join("\n");
}

/** A line that begins with `-`, and the edits that make it go on with the line before. */
export interface Joined {
  readonly line: Span;
  readonly edits: readonly TextEdit[];
}

export const unusedValue = defineError<{
  readonly span: Span;
  readonly found: string;
  readonly joined?: Joined | undefined;
  /** What stands before a value that means something in this body: `target = `. */
  readonly meant?: string | undefined;
}>({
  code: "M0117",
  title: "Value goes nowhere",
  explanation:
    "The value of a body is its last line; margins and optimizers have results or updates instead. A value anywhere else is lost.",
  example: "fn f(x: f32[N]) {\n  2 * x\n  x\n}\n",
  report: ({ span, found, joined, meant }) => ({
    message: `this value (${found}) is not used`,
    labels:
      joined === undefined || joined.line.start === span.start
        ? []
        : [{ span: joined.line, message: "this is a statement of its own" }],
    help:
      joined !== undefined
        ? "a line that begins with `-` is a statement of its own; for a difference, end the line before it with `-`"
        : meant === undefined
          ? "name it with `let`, or remove it"
          : `give it a meaning by \`${meant}…\`, name it with \`let\`, or remove it`,
    fix:
      joined !== undefined
        ? { title: "put `-` at the end of the line before", edits: joined.edits }
        : meant === undefined
          ? undefined
          : replaceBy({ ...span, end: span.start }, meant, `write \`${meant}…\``),
  }),
});

export const misplacedStatement = defineError<{ readonly span: Span; readonly found: string }>({
  code: "M0118",
  title: "Requirement on a value of the run",
  explanation:
    "`require` checks settings when the program is compiled; it cannot look at numbers that only the run knows.",
  example: 'fn f(x: f32[N]) {\n  require sum(x) > 0 else "the sum must be positive"\n  x\n}\n',
  report: ({ found }) => ({
    message: `this is known only at run time (${found})`,
    help: "require something of a setting or a size",
  }),
});

export const fileMissing = defineError<{ readonly span: Span; readonly file: string }>({
  code: "M0119",
  title: "File not found",
  explanation: "The file that a command was given does not exist or cannot be read.",
  example: "",
  report: ({ file }) => ({ message: `\`${file}\` cannot be read` }),
});

export const unknownEntry = defineError<Named & Suggested & { readonly known: readonly string[] }>({
  code: "M0120",
  title: "No such entry",
  explanation: "The name that a command was given is neither declared nor imported by the file.",
  example: "",
  report: (facts) => ({
    message: `\`${facts.span.file}\` has no \`${facts.name}\``,
    help: didYouMean(facts) ?? `it has ${listed(facts.known)}`,
  }),
});

export const constantEntry = defineError<Named>({
  code: "M0121",
  title: "A constant is no entry",
  explanation: "Commands work on functions, layers, models, losses, margins, optimizers and trains.",
  example: "",
  report: ({ name }) => ({ message: `\`${name}\` is a constant: there is nothing to run` }),
});

export const openEntry = defineError<Named>({
  code: "M0122",
  title: "Entry that needs more",
  explanation:
    "The entry's value depends on a setting or a size that was not given, or it only has a meaning inside something else, as an initialiser behind `~` has.",
  example: "",
  report: ({ name }) => ({
    message: `\`${name}\` cannot be worked out alone`,
    help: "give its settings with `--set`, or use it where it belongs",
  }),
});

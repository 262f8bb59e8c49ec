/**
 * M03: parameters, arguments and settings.
 */
import { defineError, replaceBy } from "./entry.ts";
import type { Fix } from "./diagnostic.ts";
import type { Span } from "./span.ts";
import { spelledOutSetting } from "./foreign-names.ts";
import { withArticle } from "./suggest.ts";
import { didYouMean, listed, renameFix } from "./check-names.ts";

interface At {
  readonly span: Span;
}
interface ArgumentFacts extends At {
  readonly name: string;
  readonly callee: string;
}
type Suggested = { readonly suggestion: string | undefined };

export const tooManyArguments = defineError<
  At & {
    readonly callee: string;
    readonly most: number;
    readonly parameters: readonly string[];
    readonly isLayer: boolean;
  }
>({
  code: "M0301",
  title: "Too many arguments",
  explanation:
    "Arguments meet parameters in their order. A layer takes its settings first and its input afterwards: `dense(10)(x)`.",
  example: "fn f(x: f32[N]) = 2 * x\nfn g(x: f32[N]) = f(x, 3)\n",
  report: ({ callee, most, parameters, isLayer }) => ({
    message: `\`${callee}\` takes ${most === 0 ? "no" : most} ${isLayer ? "setting" : "argument"}${most === 1 ? "" : "s"}`,
    help: most === 0 ? undefined : `they are ${listed(parameters)}`,
  }),
});

export const unknownArgument = defineError<ArgumentFacts & Suggested & { readonly known: readonly string[] }>(
  {
    code: "M0302",
    title: "Unknown argument",
    explanation: "An argument given by name must be a parameter of what is called.",
    example: "fn f(x: f32[N], power = 2) = x ^ power\nfn g(x: f32[N]) = f(x, pover: 3)\n",
    report: (facts) => ({
      message: `\`${facts.callee}\` has no parameter \`${facts.name}\``,
      help:
        spelledOutSetting(facts.name, facts.known) ??
        didYouMean(facts) ??
        (facts.known.length === 0 ? "it takes none" : `it has ${listed(facts.known)}`),
      fix: spelledOutSetting(facts.name, facts.known) === undefined ? renameFix(facts) : undefined,
    }),
  },
);

export const duplicateArgument = defineError<ArgumentFacts & { readonly earlier: Span }>({
  code: "M0303",
  title: "Argument given twice",
  explanation: "A parameter was given a value by position and again by name, or twice by name.",
  example: "fn f(x: f32[N], power = 2) = x ^ power\nfn g(x: f32[N]) = f(x, 3, power: 3)\n",
  report: ({ name, callee, earlier }) => ({
    message: `\`${name}\` of \`${callee}\` is given twice`,
    labels: [{ span: earlier, message: "first here" }],
  }),
});

export const missingArgument = defineError<
  ArgumentFacts & {
    readonly what: "input" | "setting";
    readonly declared: Span;
    /** A scalar input that was given; a call that has an input needs them all. */
    readonly scalar: string | undefined;
  }
>({
  code: "M0304",
  title: "Missing argument",
  explanation: "A parameter without a default must be given.",
  example: "fn f(x: f32[N], y: f32[N]) = x * y\nfn g(x: f32[N]) = f(x)\n",
  report: ({ span, name, callee, what, declared, scalar }) => ({
    message: `\`${callee}\` needs its ${what} \`${name}\``,
    labels: declared === span ? [] : [{ span: declared, message: "declared here, without a default" }],
    help:
      what === "setting"
        ? `give it: \`${name}: …\``
        : scalar === undefined
          ? undefined
          : `\`${scalar}\` is an input too, since f32 is a type of tensors, and inputs are given together; a setting is \`${scalar}: float\``,
  }),
});

export const missingBuiltinArgument = defineError<ArgumentFacts & { readonly signature: string }>({
  code: "M0305",
  title: "Missing argument of a builtin",
  explanation: "A builtin function was called without something that it needs.",
  example: "fn f(x: f32[N]) = clamp(x, 0)\n",
  report: ({ name, callee, signature }) => ({
    message: `\`${callee}\` needs \`${name}\``,
    help: `it is called as ${signature}`,
  }),
});

export const wrongArgument = defineError<ArgumentFacts & { readonly wanted: string; readonly found: string }>(
  {
    code: "M0306",
    title: "Argument of the wrong kind",
    explanation: "A builtin function was given something that it cannot work with.",
    example: "fn f(x: f32[N, 4]) = reshape(x, [N, 0.5])\n",
    report: ({ name, callee, wanted, found }) => ({
      message: `\`${name}\` of \`${callee}\` is ${wanted}, not ${found}`,
    }),
  },
);

export const wrongSetting = defineError<
  At & {
    readonly name: string;
    readonly kind: string;
    readonly found: string;
    readonly declared: Span;
    readonly fix?: Fix | undefined;
  }
>({
  code: "M0307",
  title: "Setting of the wrong kind",
  explanation:
    "A setting's kind is the type written behind it, or the kind of its default. Settings are known when the program is compiled; only a number may also be a scalar of the run, such as a rate that depends on `step`.",
  example:
    "layer dense(units: int)(x: f32[N, K]) {\n  param W: f32[K, units]\n  x @ W\n}\nmodel M(x: f32[N, 4]) = x |> dense(2.5)\n",
  report: ({ span, name, kind, found, declared, fix }) => ({
    message: `\`${name}\` is ${kindInWords(kind)}, not ${found}`,
    labels: declared === span ? [] : [{ span: declared, message: "declared here" }],
    help: fix?.title,
    fix,
  }),
});

function kindInWords(kind: string): string {
  const words: Readonly<Record<string, string>> = {
    int: "a whole number (int)",
    float: "a number (float)",
    number: "a number",
    bool: "true or false",
    string: "a string",
    list: "a list",
    margin: "a margin, such as `ArcFace(m: 0.5)`",
    fn: "a function",
  };
  return words[kind] ?? kind;
}

export const unknownKind = defineError<
  At & Suggested & { readonly name: string; readonly known: readonly string[] }
>({
  code: "M0308",
  title: "Unknown type",
  explanation:
    "Settings are int, float, bool, string, list, margin or fn. Tensors are f32[…], i32[…], bool[…] and index<C>[…].",
  example: "layer dense(units: integer)(x: f32[N, K]) = x\n",
  report: (facts) => ({
    message: `there is no type \`${facts.name}\``,
    help:
      (/^(?:int|long|i64)/.test(facts.name) && facts.suggestion === "i32"
        ? "whole numbers are `i32[…]`, labels `index<C>[…]`"
        : didYouMean(facts)) ??
      `settings are ${listed(facts.known)}; tensors are \`f32[…]\`, \`i32[…]\`, \`bool[…]\`, \`index<C>[…]\``,
    // The sizes stay as they are.
    fix: renameFix({
      ...facts,
      span: { ...facts.span, end: facts.span.start + facts.name.replace("[…]", "").length },
    }),
  }),
});

export const untypedParameter = defineError<At & { readonly name: string }>({
  code: "M0309",
  title: "Parameter without a type",
  explanation: "A parameter has a type or a default that tells it.",
  example: "layer dense(units)(x: f32[N, K]) = x\n",
  report: ({ name }) => ({
    message: `nothing says what \`${name}\` is`,
    help: `write its type, that of a tensor (\`${name}: f32[N, D]\`) or of a setting (\`${name}: int\`), or a default (\`${name} = 1\`)`,
  }),
});

export const requirementFailed = defineError<
  At & { readonly message: string; readonly requirement: Span; readonly callee: string }
>({
  code: "M0310",
  title: "Setting out of range",
  explanation: "What is called `require`s something of its settings, and the given one does not fulfil it.",
  example:
    'layer thin(keep: float = 0.5)(x: f32[N]) {\n  require keep > 0 else "keep is a share above 0"\n  keep * x\n}\nmodel M(x: f32[N]) = x |> thin(0)\n',
  report: ({ message, requirement, callee }) => ({
    message: `\`${callee}\`: ${message}`,
    labels: [{ span: requirement, message: "required here" }],
  }),
});

export const missingValue = defineError<
  At & {
    readonly name: string;
    readonly kind: string;
    /** The `let` that ends the body, which may have been meant. */
    readonly last: { readonly name: string; readonly span: Span } | undefined;
  }
>({
  code: "M0311",
  title: "Body without a value",
  explanation: "The last line of a fn, layer, model or loss is its value.",
  example: "fn f(x: f32[N]) {\n  let _y = 2 * x\n}\n",
  report: ({ name, kind, last }) => ({
    message: `the ${kind} \`${name}\` has no value`,
    help:
      last === undefined
        ? "end its body with an expression"
        : `end its body with \`${last.name}\`, or another expression`,
    fix:
      last === undefined
        ? undefined
        : replaceBy({ ...last.span, start: last.span.end }, `\n  ${last.name}`, `end with \`${last.name}\``),
  }),
});

export const unknownResult = defineError<
  At & {
    readonly name: string;
    readonly kind: string;
    readonly known: readonly string[];
    readonly suggestion: string | undefined;
    /** What the name is here: something that is updated, nothing yet, or a name that has its value. */
    readonly is: "updated" | "new" | "taken";
    /** The `=`. */
    readonly sign: Span;
  }
>({
  code: "M0312",
  title: "Unknown result",
  explanation:
    "`name = …` sets a result. A margin has `scale`, `target`, `other` and `penalty`; a loss has `predict`. Anything else is named with `let`.",
  example: "margin Half(s = 2.0) {\n  scal = s / 2\n}\n",
  report: ({ span, name, kind, known, suggestion, is, sign }) => ({
    message: `${withArticle(kind)} has no result \`${name}\``,
    help: is === "new" ? (didYouMean({ suggestion }) ?? newNameHelp(name, known)) : boundNameHelps[is](name),
    fix:
      is === "updated"
        ? replaceBy(sign, "<-", "write `<-`")
        : is === "taken"
          ? undefined
          : (renameFix({ span, suggestion }) ?? letFix(span, known)),
  }),
});

/** Only where nothing else can have been meant. */
function letFix(span: Span, known: readonly string[]): Fix | undefined {
  return known.length === 0 ? replaceBy({ ...span, end: span.start }, "let ", "write `let`") : undefined;
}

function newNameHelp(name: string, known: readonly string[]): string {
  return known.length === 0
    ? `name a value with \`let ${name} = …\``
    : `it has ${listed(known)}; other values are named with \`let\``;
}

const boundNameHelps = {
  updated: (name: string) => `its new value is given by \`${name} <- …\``,
  taken: (name: string) =>
    `\`${name}\` keeps its value: name the new one with \`let\` and another name, or join the steps with \`|>\``,
};

export const tensorAsSetting = defineError<
  At & {
    readonly callee: string;
    /** True where the input is all that is given. */
    readonly isAlone: boolean;
  }
>({
  code: "M0313",
  title: "Input given where settings go",
  explanation:
    "A layer takes its settings in the first parentheses and its input in the second, or through a pipe.",
  example: "layer twice()(x: f32[N]) = 2 * x\nmodel M(x: f32[N]) = twice(x)\n",
  report: ({ span, callee, isAlone }) => ({
    message: `the first parentheses of \`${callee}\` take settings`,
    help: `write \`x |> ${callee}(…)\` or \`${callee}(…)(x)\``,
    fix: isAlone ? replaceBy({ ...span, end: span.start }, ")(", `write \`${callee}()(…)\``) : undefined,
  }),
});

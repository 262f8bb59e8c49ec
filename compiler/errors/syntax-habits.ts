/** What other languages write otherwise, M00xx: understood as it was meant, so that nothing follows from it. */
import type { TextEdit } from "./diagnostic.ts";
import { type Located, defineError } from "./entry.ts";
import type { Span } from "./span.ts";

export const importWithoutBraces = defineError<
  Located & { readonly names: string; readonly from: string; readonly whole: Span }
>({
  code: "M0030",
  title: "An import without braces",
  explanation:
    'Names are imported one by one, in braces, and behind them stands where they are from: `import { dense, relu } from "std/layers"`.',
  example: 'import dense from "std/layers"\n\nmodel M(x: f32[N, 4]) = x |> dense(3)\n',
  report: ({ names, from, whole }) => {
    const meant = `import { ${names} } from ${from}`;
    return {
      message: "imported names stand in braces",
      help: `write \`${meant}\``,
      fix: { title: "write the braces", edits: [{ span: whole, newText: meant }] },
    };
  },
});

export const bracesInChoice = defineError<Located & { readonly edits: readonly TextEdit[] }>({
  code: "M0031",
  title: "Braces in a choice",
  explanation:
    "A choice is a value, `if condition then value else other`; braces hold only the body of a declaration.",
  example: "fn f(x: f32) = if x > 0 { x } else { 0 }\n",
  report: ({ edits }) => ({
    message: "a choice has no braces",
    help: "it is written `if condition then value else other`",
    fix: { title: "write it with `then` and `else`", edits },
  }),
});

export const roundSizes = defineError<Located & { readonly open: Span; readonly close: Span | undefined }>({
  code: "M0032",
  title: "Sizes in round brackets",
  explanation: "The sizes of a tensor stand in square brackets: `f32[N, D]`.",
  example: "fn f(x: f32(N, D)) = x\n",
  report: ({ open, close }) => ({
    message: "the sizes of a tensor stand in square brackets",
    fix: {
      title: "write `[` and `]`",
      edits: [{ span: open, newText: "[" }, ...(close === undefined ? [] : [{ span: close, newText: "]" }])],
    },
  }),
});

export const reservedName = defineError<Located & { readonly word: string }>({
  code: "M0033",
  title: "A reserved word as a name",
  explanation:
    "`let`, `require`, `import`, `export`, `if`, `then`, `else`, `or`, `and`, `not`, `true` and `false` are words of the language and name nothing.",
  example: "margin M(then = 5) {\n  target = cos - 1 / 5\n}\n",
  report: ({ word }) => ({
    message: `\`${word}\` is a word of the language and cannot be a name`,
    help: "give it another name",
  }),
});

export const loopWord = defineError<Located & { readonly word: string }>({
  code: "M0034",
  title: "A loop",
  explanation:
    "There are no loops. What runs along an axis is a reduction (`sum(x, over: C)`, `cumsum`, `sort`) or an operation on whole tensors; layers that repeat are written one after the other, or as a `layer` of their own.",
  example: "fn f(x: f32[N]) {\n  for i in range(3)\n  x\n}\n",
  report: ({ word }) => ({
    message: `there is no \`${word}\`: nothing is done in a loop`,
    help: "operations take whole tensors, and `sum(x, over: C)` and its like run along an axis",
  }),
});

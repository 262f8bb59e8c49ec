/**
 * Statements that a kind of body has no use for: a value that goes nowhere, and a result that it does not have. What was
 * meant is told by what stands around them.
 */
import type { Statement } from "../syntax/ast.ts";
import { type Joined, unusedValue } from "../errors/check-names.ts";
import { unknownResult } from "../errors/check-settings.ts";
import { suggestResult } from "../errors/foreign-names.ts";
import type { Frame } from "./frame.ts";
import { report } from "./report.ts";
import { type Value, phraseOf } from "./values.ts";

type Loose = Extract<Statement, { kind: "expression" }>;
type Result = Extract<Statement, { kind: "result" }>;

/** `meant` is what gives a value a meaning in this kind of body: `target = `, `param <- `. */
export function reportLooseValue(frame: Frame, { span }: Loose, value: Value, meant?: string): void {
  if (value.kind === "error") return;
  const joined =
    meant === undefined || beginsWithMinus(frame, span.start) ? joinedLines(frame, span) : undefined;
  report(frame, unusedValue.report({ span, found: phraseOf(value), joined, meant }));
}

/** A line that begins with `-` was to go on with the line before. */
function joinedLines(frame: Frame, { start }: Loose["span"]): Joined | undefined {
  const { owner, module } = frame;
  const body = owner !== undefined && "body" in owner ? owner.body : [];
  const at = body.findIndex(({ span }) => span.start === start);
  const second = beginsWithMinus(frame, start) ? at : at + 1;
  const [before, after] = [body[second - 1], body[second]];
  if (before === undefined || after === undefined || !beginsWithMinus(frame, after.span.start))
    return undefined;
  const sign = /^-[ \t]*/.exec(module.text.slice(after.span.start))?.[0] ?? "-";
  const { file, end } = before.span;
  return {
    line: after.span,
    edits: [
      { span: { file, start: end, end }, newText: " -" },
      { span: { file, start: after.span.start, end: after.span.start + sign.length }, newText: "" },
    ],
  };
}

function beginsWithMinus({ module }: Frame, offset: number): boolean {
  return module.text.charAt(offset) === "-";
}

/** `known` are the results that this kind of body has. */
export function reportUnknownResult(
  frame: Frame,
  { name: { name, span }, value }: Result,
  kind: string,
  known: readonly string[],
): void {
  const binding = frame.names.get(name);
  const isState = binding?.kind === "state" || (kind === "optimizer" && name === "param");
  const between = frame.module.text.slice(span.end, value.span.start);
  const sign = span.end + between.indexOf("=");
  report(
    frame,
    unknownResult.report({
      span,
      name,
      kind,
      known,
      suggestion: binding === undefined ? suggestResult(name, known) : undefined,
      is: isState ? "updated" : binding === undefined ? "new" : "taken",
      sign: { ...span, start: sign, end: sign + 1 },
    }),
  );
}

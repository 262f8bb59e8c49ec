/**
 * A call of a builtin: arguments meet the parameters that its table entry lists.
 */
import type { Argument } from "../../syntax/ast.ts";
import {
  duplicateArgument,
  missingBuiltinArgument,
  tooManyArguments,
  unknownArgument,
} from "../../errors/check-settings.ts";
import type { Span } from "../../errors/span.ts";
import { evaluate } from "../expressions.ts";
import type { Frame } from "../frame.ts";
import type { Operand } from "../operands.ts";
import { report } from "../report.ts";
import { suggestSetting } from "../../errors/foreign-names.ts";
import { type Value, errorValue, firstError } from "../values.ts";
import type { BuiltinCall, BuiltinName } from "./builtin.ts";
import { builtins } from "./table.ts";

interface Gathered {
  readonly given: Map<string, Operand>;
  readonly rest: Operand[];
  readonly named: Map<string, Operand>;
  over?: Argument["value"];
}

/** The value of a call; `piped` is what stands before `|>`. */
export function callBuiltin(
  frame: Frame,
  name: BuiltinName,
  written: readonly Argument[],
  piped: Operand | undefined,
  span: Span,
): Value {
  const { parameters, evaluate: run } = builtins[name];
  const gathered = gatherArguments(frame, name, written, piped);
  if (gathered === undefined) return errorValue;
  const { given, rest, named, over } = gathered;
  const lacking = parameters.find(
    (parameter) =>
      isRequired(parameter) && !given.has(parameter) && !(parameter === "over" && over !== undefined),
  );
  if (lacking !== undefined)
    return report(
      frame,
      missingBuiltinArgument.report({
        span,
        callee: name,
        name: lacking,
        signature: builtins[name].signature,
      }),
    );
  const bad = firstError([...given.values(), ...rest, ...named.values()].map(({ value }) => value));
  if (bad !== undefined) return bad;
  const call: BuiltinCall = {
    frame,
    name,
    span,
    given,
    rest,
    named,
    ...(over === undefined ? {} : { over }),
  };
  return run(call);
}

function gatherArguments(
  frame: Frame,
  name: BuiltinName,
  written: readonly Argument[],
  piped: Operand | undefined,
): Gathered | undefined {
  const known = builtins[name].parameters.filter((parameter) => parameter !== "...").map(plainName);
  const takesAny = builtins[name].parameters.includes("...");
  const gathered: Gathered = { given: new Map(), rest: [], named: new Map() };
  let position = 0;
  let isSound = true;
  if (piped !== undefined && known[position] !== undefined)
    gathered.given.set(known[position++] ?? "", piped);
  for (const argument of written) {
    const target = argument.name?.name ?? known[position++];
    if (target === "over" && known.includes("over")) {
      gathered.over = argument.value;
      continue;
    }
    const operand = { value: evaluate(frame, argument.value), span: argument.value.span };
    const span = argument.name?.span ?? argument.span;
    if (target === undefined && takesAny) gathered.rest.push(operand);
    else if (target === undefined) {
      report(
        frame,
        tooManyArguments.report({
          span,
          callee: name,
          most: known.length,
          parameters: known,
          isLayer: false,
        }),
      );
      isSound = false;
    } else if (!known.includes(target) && takesAny) gathered.named.set(target, operand);
    else if (!known.includes(target)) {
      report(
        frame,
        unknownArgument.report({
          span,
          name: target,
          callee: name,
          known,
          suggestion: suggestSetting(target, known),
        }),
      );
      isSound = false;
    } else if (gathered.given.has(target)) {
      const earlier = gathered.given.get(target)?.span ?? span;
      report(frame, duplicateArgument.report({ span, name: target, callee: name, earlier }));
      isSound = false;
    } else gathered.given.set(target, operand);
  }
  return isSound ? gathered : undefined;
}

function isRequired(parameter: string): boolean {
  return !parameter.endsWith("?") && parameter !== "...";
}

function plainName(parameter: string): string {
  return parameter.replace(/\?$/, "");
}

/**
 * Groups of parameters: `sgd(rate: 1) |> only("margin_softmax")` in a `train` is an optimizer for some of them. Which ones
 * its names mean is found when the parameters are known (optimizers.ts).
 */
import type { Value } from "../values.ts";
import { type Builtin, type BuiltinCall, type GroupName, argument, wrong } from "./builtin.ts";
import { wrongArgument } from "../../errors/check-settings.ts";
import { report } from "../report.ts";
import { phraseOf } from "../values.ts";

export const groupBuiltins: { readonly [K in GroupName]: Builtin } = {
  only: {
    signature: 'only(optimizer, "margin_softmax", …)',
    doc: "The optimizer for the parameters of these names alone, with all that is in them: `conv2d` is `conv2d.W` and `conv2d.b`; `*` stands for anything.",
    parameters: ["optimizer", "..."],
    kind: "whole",
    evaluate: onlySome,
  },
};

function onlySome(call: BuiltinCall): Value {
  const { value } = argument(call, "optimizer");
  if (value.kind === "error") return value;
  const isOptimizer =
    (value.kind === "function" || value.kind === "partial") && value.callable.kind === "optimizer";
  if (!isOptimizer) return wrong(call, "optimizer", "an optimizer");
  if (value.kind === "partial" && value.only !== undefined)
    return wrong(
      call,
      "optimizer",
      "an optimizer that is for all parameters so far: write all names into one `only`",
    );
  const refused = (found: string, span = call.span): Value =>
    report(
      call.frame,
      wrongArgument.report({ span, callee: "only", name: "names", wanted: "names of parameters", found }),
    );
  const names: string[] = [];
  for (const { value: name, span } of call.rest) {
    if (name.kind !== "string" || name.value === undefined) return refused(phraseOf(name), span);
    names.push(name.value);
  }
  if (names.length === 0) return refused("none at all");
  const { callable, module } = value;
  const given = value.kind === "partial" ? value.given : new Map();
  return { kind: "partial", callable, module, given, span: call.span, only: names };
}

/**
 * Random numbers. Each place in the program that asks has a number of its own, so that the same seed gives
 * the same values on every target. In an initialiser the shape is the parameter's and the step is 0.
 */
import type { Dim } from "../../ir/dim.ts";
import { noShapeForRandom } from "../../errors/check-axes.ts";
import { type Frame } from "../frame.ts";
import { report } from "../report.ts";
import { feedCounter, siteOf } from "../session.ts";
import { makeTensor, scalar } from "../tensors.ts";
import { type Value, errorValue, tensorValue } from "../values.ts";
import { type Builtin, type BuiltinCall, type RandomName, tensorArgument } from "./builtin.ts";

export const randomBuiltins: { readonly [K in RandomName]: Builtin } = {
  random_uniform: random("random_uniform", "uniform", "Uniform numbers in [0, 1)."),
  random_normal: random("random_normal", "normal", "Numbers of the standard normal distribution."),
};

function random(name: RandomName, distribution: "uniform" | "normal", doc: string): Builtin {
  return {
    signature: `${name}(like: x)`,
    doc: `${doc} In the shape of \`like\`; in an initialiser, in the shape of the parameter.`,
    parameters: ["like?"],
    kind: "whole",
    evaluate: (call) => {
      const shape = shapeOf(call);
      if (shape === undefined) return errorValue;
      const { frame, span } = call;
      const seed = tensorValue(feedCounter(frame.session, "seed"));
      const isInitial = frame.ambient.context === "initialiser";
      const step = isInitial
        ? scalar(frame, 0, "i32", span)
        : tensorValue(feedCounter(frame.session, "step"));
      const site = siteOf(frame.session.program, frame.trail, span);
      const drawn = makeTensor(frame, "random", [seed, step], { site, distribution, shape }, span);
      return drawn;
    },
  };
}

function shapeOf(call: BuiltinCall): readonly Dim[] | undefined {
  const { frame, span } = call;
  if (call.given.has("like")) {
    const like: Value = tensorArgument(call, "like");
    return like.kind === "tensor" ? like.type.shape : undefined;
  }
  if (frame.ambient.context === "initialiser") return frame.ambient.shape ?? [];
  if (!isCheckedAlone(frame)) report(frame, noShapeForRandom.report({ span, callee: call.name }));
  return undefined;
}

/** A function that is checked by itself may be an initialiser: the shape is not known, and that is fine. */
function isCheckedAlone(frame: Frame): boolean {
  return frame.caller === undefined && frame.session.program.mode === "generic" && frame.owner?.kind === "fn";
}

/**
 * Functions that turn features and class weights into class scores; the margin decides how.
 */
import { marginCosine, marginLogits, marginScores } from "../margins.ts";
import type { Builtin, HeadName } from "./builtin.ts";

export const headBuiltins: { readonly [K in HeadName]: Builtin } = {
  logits: {
    signature: "logits(margin, x: f32[N, D], W: f32[C, D], y: index<C>[N]) -> f32[N, C]",
    doc: "scale * (if j == y then target else other), as the margin says. W may be f32[C, K, D]: the best of K sub-centres.",
    parameters: ["margin", "x", "W", "y"],
    kind: "whole",
    evaluate: marginLogits,
  },
  scores: {
    signature: "scores(margin, x: f32[N, D], W: f32[C, D]) -> f32[N, C]",
    doc: "scale * cos: the margin is off.",
    parameters: ["margin", "x", "W"],
    kind: "whole",
    evaluate: marginScores,
  },
  cosine: {
    signature: "cosine(x: f32[N, D], W: f32[C, D]) -> f32[N, C]",
    doc: "The cosine between each row and each class direction.",
    parameters: ["x", "W"],
    kind: "whole",
    evaluate: marginCosine,
  },
};

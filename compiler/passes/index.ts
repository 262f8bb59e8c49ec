/**
 * The passes in the order in which they run. Each states the fact it leaves to the next:
 * after `decompose` no composite is left but those about gradients; `angles`, `logarithms`, `pairs` and `parts` must come before
 * differentiation, so that no adjoint of acos, no quotient by a probability and no adjoint with the features of all pairs is
 * ever made; after `gradient` only primitives are left, and `simplify` removes what the sweeps wrote in vain; `narrow` comes
 * before `stream`, so that a chunk holds and keeps rounded values. From `stream` on the graph stays as it is: each pass finds
 * out more about how it is run.
 */
import { angles } from "./angles.ts";
import { decompose } from "./decompose.ts";
import { gradient } from "./gradient.ts";
import type { Pass } from "./pass.ts";
import { fuse } from "./fuse.ts";
import { logarithms } from "./logarithms.ts";
import { narrow } from "./narrow.ts";
import { pairs } from "./pairs.ts";
import { parts } from "./parts.ts";
import { plan } from "./plan.ts";
import { schedule } from "./schedule.ts";
import { simplify } from "./simplify/index.ts";
import { stream } from "./stream.ts";

export const passes: readonly Pass[] = [
  decompose,
  angles,
  logarithms,
  pairs,
  parts,
  gradient,
  simplify,
  narrow,
  stream,
  fuse,
  schedule,
  plan,
];

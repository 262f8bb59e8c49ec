/**
 * The passes in the order in which they run. Each states the fact it leaves to the next:
 * after `decompose` no composite is left but those about gradients; `angles` must come before
 * differentiation, so that no adjoint of acos is ever made; after `gradient` only primitives are left,
 * and `simplify` removes what the sweeps wrote in vain.
 */
import { angles } from "./angles.ts";
import { decompose } from "./decompose.ts";
import { gradient } from "./gradient.ts";
import type { Pass } from "./pass.ts";
import { simplify } from "./simplify/index.ts";

export const passes: readonly Pass[] = [decompose, angles, gradient, simplify];

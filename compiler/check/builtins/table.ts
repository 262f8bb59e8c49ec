/**
 * Every builtin function, one total table. Nothing needs importing to use one.
 */
import type { Builtin, BuiltinName } from "./builtin.ts";
import { dataBuiltins } from "./data.ts";
import { elementwiseBuiltins } from "./elementwise.ts";
import { groupBuiltins } from "./groups.ts";
import { headBuiltins } from "./heads.ts";
import { randomBuiltins } from "./random.ts";
import { reductionBuiltins } from "./reductions.ts";
import { shapeBuiltins } from "./shapes.ts";
import { windowBuiltins } from "./windows.ts";

export type { Builtin, BuiltinName } from "./builtin.ts";

export const builtins: { readonly [K in BuiltinName]: Builtin } = {
  ...elementwiseBuiltins,
  ...reductionBuiltins,
  ...shapeBuiltins,
  ...windowBuiltins,
  ...randomBuiltins,
  ...headBuiltins,
  ...dataBuiltins,
  ...groupBuiltins,
};

export function builtinNames(): readonly BuiltinName[] {
  return Object.keys(builtins).filter(isBuiltin);
}

export function isBuiltin(name: string): name is BuiltinName {
  return Object.hasOwn(builtins, name);
}

/**
 * What a declaration costs: the numbers it learns and the operations of one call, as expressions of the sizes that are
 * free. The declaration is elaborated as the compiler does it, settings without a value left open.
 */
import { elaborateEntryIn } from "../../compiler/check/index.ts";
import { flopsOfFunction, parameterCount } from "../../compiler/flops.ts";
import { type Dim, knownSize } from "../../compiler/ir/dim.ts";
import type { Documents } from "./documents.ts";

export interface Costs {
  readonly parameters: string;
  readonly flops: string;
}

/** Undefined where the declaration has mistakes, or is of a kind that has no such costs. */
export function costsOf(documents: Documents, file: string, name: string): Costs | undefined {
  const { program } = elaborateEntryIn(documents.workspace, file, name, { openSettings: true });
  const [main] = program?.functions ?? [];
  if (program === undefined || main === undefined) return undefined;
  return { parameters: sizeText(parameterCount(program)), flops: sizeText(flopsOfFunction(program, main)) };
}

/** `1,234`, or `2*K*N*units` with products as people write them. */
function sizeText(size: Dim): string {
  const known = knownSize(size);
  if (known !== undefined) return known.toLocaleString("en");
  return size.key.replace(/\d+/g, (digits) => Number(digits).toLocaleString("en")).replaceAll("*", "·");
}

/**
 * Types of inputs that a signature leaves open with `...`: how many axes there are only the given value
 * tells. Inputs without `...` keep the names of their sizes, so that what does not fit can be told by name.
 */
import { loadModule, openWorkspace, resolveEntry, type SourceHost } from "../../compiler/check/workspace.ts";
import { constantDim } from "../../compiler/ir/dim.ts";
import type { TensorType } from "../../compiler/ir/type.ts";
import type { NamedReferences } from "./run-entry.ts";

export function openInputTypes(
  host: SourceHost,
  file: string,
  entry: string,
  given: NamedReferences,
): Readonly<Record<string, TensorType>> {
  const workspace = openWorkspace(host);
  const module = loadModule(workspace, file);
  const found = module === undefined ? undefined : resolveEntry(workspace, module, entry);
  const parameters =
    found !== undefined && "parameters" in found.declaration ? found.declaration.parameters : [];
  return Object.fromEntries(
    parameters.flatMap(({ name, type }) => {
      const value = given[name.name];
      if (type?.kind !== "tensor" || value === undefined) return [];
      if (!type.dims.some(({ kind }) => kind === "ellipsis")) return [];
      const dtype = type.dtype === "index" ? "i32" : type.dtype;
      return [[name.name, { dtype, shape: value.shape.map(constantDim) }] as const];
    }),
  );
}

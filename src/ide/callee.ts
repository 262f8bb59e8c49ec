/** What an open call calls, and the parameters of the list of brackets that the cursor is in. */
import { type BuiltinName, builtins, isBuiltin } from "../../compiler/check/builtins/table.ts";
import { resolveEntry, resolveGlobal } from "../../compiler/check/workspace.ts";
import type { Callable, Parameter } from "../../compiler/syntax/ast.ts";
import { foldName } from "../../compiler/syntax/build.ts";
import type { OpenCall } from "./around.ts";
import type { Analysis, Documents } from "./documents.ts";
import { parameterLists } from "./signatures.ts";

export type Callee =
  | {
      readonly kind: "declaration";
      readonly file: string;
      readonly callable: Callable;
      readonly parameters: readonly Parameter[];
    }
  | {
      readonly kind: "builtin";
      readonly name: BuiltinName;
      readonly signature: string;
      readonly doc: string;
      readonly parameters: readonly string[];
    };

export function calleeOf(
  { workspace }: Documents,
  { module }: Analysis,
  { callee, list }: OpenCall,
): Callee | undefined {
  const name = foldName(callee.image);
  const own = resolveGlobal(workspace, module, name);
  if (own === undefined && !module.imports.has(name) && isBuiltin(name)) {
    const { signature, doc, parameters } = builtins[name];
    return { kind: "builtin", name, signature, doc, parameters };
  }
  // What the library has is known before its import is written.
  const resolved = module.imports.has(name) ? own : resolveEntry(workspace, module, name);
  if (resolved === undefined) return undefined;
  const { declaration, module: owner } = resolved;
  if (declaration.kind === "let" || declaration.kind === "train") return undefined;
  const parameters = parameterLists(declaration)[list] ?? [];
  return { kind: "declaration", file: owner.file, callable: declaration, parameters };
}

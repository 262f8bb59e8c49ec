/**
 * Whether an entry can be compiled although its file may have mistakes: what it does not use does not matter. This keeps the size,
 * the formula and the views of one declaration while another is being written.
 */
import { isLibrary, resolveGlobal } from "../../compiler/check/workspace.ts";
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import type { Declaration } from "../../compiler/syntax/ast.ts";
import type { Analysis, Documents } from "./documents.ts";

export type Compilable =
  | { readonly kind: "compilable" }
  | { readonly kind: "absent" }
  /** Found before anything was elaborated. */
  | { readonly kind: "broken"; readonly mistake: Diagnostic };

/** The library is sound. Elaborating a compilable entry may still find mistakes, in what it uses. */
export function isCompilable(documents: Documents, file: string, entry: string): Compilable {
  const analysis = documents.analysis(file);
  const found =
    analysis === undefined ? undefined : resolveGlobal(documents.workspace, analysis.module, entry);
  if (analysis === undefined || found === undefined) return { kind: "absent" };
  if (isLibrary(file)) return { kind: "compilable" };
  const mistake = analysis.check.diagnostics.find(
    (one) => one.severity === "error" && !isElsewhere(one, analysis, found.declaration),
  );
  return mistake === undefined ? { kind: "compilable" } : { kind: "broken", mistake };
}

/**
 * In another declaration, and about its meaning: if the entry uses that one, elaborating it finds the mistake again. What
 * is wrong with the syntax or with an import it would not find.
 */
function isElsewhere(error: Diagnostic, { file, module }: Analysis, entry: Declaration): boolean {
  const { span } = error;
  if (span.file !== file || module.diagnostics.includes(error)) return false;
  return module.module.declarations.some(
    (one) =>
      one !== entry && one.kind !== "import" && one.span.start <= span.start && span.end <= one.span.end,
  );
}

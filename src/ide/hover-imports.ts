/** Hover on the path of an import: what the file says of itself at its top, and what it exports. */
import { exportsOf, loadModule } from "../../compiler/check/workspace.ts";
import type { Documents, Analysis } from "./documents.ts";
import type { Hover } from "./hover.ts";
import { importedFileAt } from "./links.ts";
import { textOf } from "./signatures.ts";

/** Undefined where there is no such file. */
export function hoverOfImport(documents: Documents, analysis: Analysis, offset: number): Hover | undefined {
  const link = importedFileAt(analysis, offset);
  const module = link === undefined ? undefined : loadModule(documents.workspace, link.file);
  if (link === undefined || module === undefined) return undefined;
  const exported = exportsOf(module).map((name) => `\`${name}\``);
  const opening = openingOf(module.text);
  return {
    span: link.span,
    code: textOf(analysis.module, link.span),
    notes: [
      ...(opening === "" ? [] : [opening]),
      exported.length === 0 ? "It exports nothing." : `It exports ${exported.join(", ")}.`,
    ],
  };
}

/** The comment that a file begins with; `///` belongs to a declaration. */
function openingOf(text: string): string {
  const comment = /^\ufeff?((?:\/\/(?!\/)[^\r\n]*(?:\r\n|\r|\n|$))+)/.exec(text)?.[1] ?? "";
  return comment.replace(/^\/\/ ?/gm, "").trim();
}

/** Everything about names of other files: paths behind `from`, names between the brackets, exports with their import. */
import { exportsOf, isLibrary, loadModule, resolvePath } from "../../compiler/check/workspace.ts";
import { importEdit } from "../../compiler/syntax/edits.ts";
import { wordsBefore } from "./around.ts";
import type { Choice, Wanted } from "./completion.ts";
import { choiceOf, fits } from "./completion-names.ts";
import type { Analysis, Documents } from "./documents.ts";
import { relativePath } from "./moved-files.ts";

/** What can stand behind `from`. */
export function importPaths(documents: Documents, { file }: Analysis): readonly Choice[] {
  const own = documents.files().flatMap((other) => (other === file ? [] : [relativePath(file, other)]));
  return [...documents.library(), ...own].map((label) => ({ label, kind: "file" }));
}

/** Between the brackets of an import: what its file exports, or every export if there is no path yet. */
export function importedNames(
  documents: Documents,
  analysis: Analysis,
  start: number,
): readonly Choice[] | undefined {
  const words = wordsBefore(analysis, start);
  const open = words.findLastIndex(({ image }) => image === "{" || image === "}");
  if (words[open]?.image !== "{" || words[open - 1]?.image !== "import") return undefined;
  const path = analysis.module.module.declarations.find(
    (one) => one.kind === "import" && one.span.start <= start && start <= one.span.end,
  );
  const target = path?.kind === "import" ? resolvePath(analysis.file, path.from.value) : undefined;
  if (target?.kind !== "file")
    return exportsOffered(documents, analysis, "any").map(({ edits: _, ...one }) => one);
  const module = loadModule(documents.workspace, target.file);
  const known = new Set(words.slice(open).map(({ image }) => image));
  return (module === undefined ? [] : exportsOf(module)).flatMap((name) => {
    const declaration = module?.declarations.get(name);
    if (module === undefined || declaration === undefined || known.has(name)) return [];
    return [choiceOf(module, declaration, name)];
  });
}

/** What other files export and this one does not know yet; choosing it imports it. */
export function exportsOffered(documents: Documents, analysis: Analysis, wanted: Wanted): readonly Choice[] {
  const { module } = analysis;
  const all = [...documents.library(), ...documents.files()].filter((file) => file !== analysis.file);
  const files = wanted === "initialiser" ? all.filter((file) => file === "std/initialisers") : all;
  return files.flatMap((file) => {
    const other = loadModule(documents.workspace, file);
    if (other === undefined) return [];
    const path = isLibrary(file) ? file : relativePath(analysis.file, file);
    return exportsOf(other).flatMap((name) => {
      const declaration = other.declarations.get(name);
      if (declaration === undefined || module.imports.has(name) || module.declarations.has(name)) return [];
      if (!fits(declaration, wanted)) return [];
      return [{ ...choiceOf(other, declaration, name), edits: [importEdit(module, name, path)] }];
    });
  });
}

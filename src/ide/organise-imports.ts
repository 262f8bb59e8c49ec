/**
 * Imports in order: the library first, then files from far to near; one line a file, its names by the alphabet, and
 * what nothing uses left out. Comments between imports would lose their place, so such imports stay as they are.
 */
import type { TextEdit } from "../../compiler/errors/diagnostic.ts";
import type { Import } from "../../compiler/syntax/ast.ts";
import type { Analysis } from "./documents.ts";
import { isAboutUnused, problemsOf } from "./problems.ts";

/** Undefined where nothing would change, or the text is broken. */
export function organisedImports(analysis: Analysis): TextEdit | undefined {
  const { file, text, module, diagnostics } = analysis.module;
  const first = module.declarations.findIndex(({ kind }) => kind !== "import");
  const imports = module.declarations
    .slice(0, first < 0 ? undefined : first)
    .filter((declaration) => declaration.kind === "import");
  const [begin, end] = [imports[0]?.span.start, imports.at(-1)?.span.end];
  if (begin === undefined || end === undefined || diagnostics.some(({ severity }) => severity === "error"))
    return undefined;
  const written = text.slice(begin, end);
  if (written.includes("//")) return undefined;
  const unused = new Set(
    problemsOf(analysis)
      .filter(isAboutUnused)
      .map(({ span }) => span.start),
  );
  const lines = [...namesByPath(imports, unused)]
    .filter(([, names]) => names.size > 0)
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([path, names]) => `import { ${[...names].sort(byAlphabet).join(", ")} } from "${path}"`);
  const newText = lines.join("\n");
  return newText === written ? undefined : { span: { file, start: begin, end }, newText };
}

function namesByPath(
  imports: readonly Import[],
  unused: ReadonlySet<number>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const byPath = new Map<string, Set<string>>();
  for (const { from, names } of imports) {
    const known = byPath.get(from.value) ?? new Set<string>();
    byPath.set(from.value, known);
    for (const { name, alias } of names)
      if (!unused.has((alias ?? name).span.start))
        known.add(alias === undefined ? name.name : `${name.name} as ${alias.name}`);
  }
  return byPath;
}

function rank(path: string): number {
  if (path.startsWith("std/")) return 0;
  return path.startsWith("../") ? 1 : 2;
}

function byAlphabet(a: string, b: string): number {
  return a.toLowerCase() < b.toLowerCase() ? -1 : 1;
}

/**
 * What is checked about a file as a whole: its imports (do the files exist, do they export the names, do they
 * go round in a circle, is each used) and that no name is declared twice.
 */
import type { Import } from "../syntax/ast.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import {
  importCycle,
  importOutside,
  missingModule,
  notExported,
  unknownExport,
  unsupportedImport,
  type FoundElsewhere,
} from "../errors/check-imports.ts";
import { duplicateName, unusedName } from "../errors/check-names.ts";
import { importEdit, unimportEdit } from "../syntax/edits.ts";
import { foreignCallable } from "../errors/foreign-names.ts";
import type { Span } from "../errors/span.ts";
import { suggestName } from "../errors/suggest.ts";
import { type Part, partsOf, partsOfModule } from "../syntax/walk.ts";
import { isBuiltin } from "./builtins/table.ts";
import {
  type LoadedModule,
  type Workspace,
  exportsOf,
  isLibrary,
  isNamed,
  libraryExports,
  loadModule,
  resolveGlobal,
  resolvePath,
} from "./workspace.ts";

export function checkImports(workspace: Workspace, module: LoadedModule): readonly Diagnostic[] {
  const imports = module.module.declarations.filter((declaration) => declaration.kind === "import");
  return [
    ...imports.flatMap((declaration) => checkImport(workspace, module, declaration)),
    ...checkDuplicates(module),
  ];
}

function checkImport(workspace: Workspace, module: LoadedModule, declaration: Import): readonly Diagnostic[] {
  const { from, names } = declaration;
  // Where the path is missing the parser has said so.
  if (from.span.start === from.span.end) return [];
  const facts = { span: from.span, path: from.value };
  const target = resolvePath(module.file, from.value);
  if (target.kind === "outside") return [importOutside.report(facts)];
  if (target.kind === "unsupported")
    return [unsupportedImport.report({ ...facts, suggestion: meantPath(workspace, module, from.value) })];
  const loaded = loadModule(workspace, target.file);
  if (loaded === undefined) {
    const known = workspace.host.library?.() ?? [];
    return [
      missingModule.report({
        ...facts,
        file: target.file,
        known,
        suggestion: meantPath(workspace, module, from.value) ?? suggestName(from.value, known),
      }),
    ];
  }
  const cycle = cycleThrough(workspace, module.file, target.file);
  // Each file of the circle finds it; one of them tells it.
  if (cycle !== undefined)
    return [...cycle].sort()[0] === module.file ? [importCycle.report({ ...facts, files: cycle })] : [];
  return names.flatMap(({ name, alias }) => {
    const found = loaded.declarations.get(name.name);
    if (found?.exported === true) return [];
    const more = { span: name.span, name: name.name, from: from.value };
    if (found !== undefined)
      return [
        notExported.report({
          ...more,
          declared: found.name.span,
          kind: found.kind,
          begins: isLibrary(loaded.file) ? undefined : found.span,
        }),
      ];
    const known = exportsOf(loaded);
    const elsewhere = foundElsewhere(workspace, module, declaration, name.name);
    const foreign = foreignCallable(name.name);
    const suggestion =
      foreign !== undefined && known.includes(foreign) ? foreign : suggestName(name.name, known);
    const uses = alias === undefined ? usesOf(module, name.name) : [];
    return [unknownExport.report({ ...more, known, suggestion, elsewhere, uses })];
  });
}

function usesOf({ module }: LoadedModule, name: string): readonly Span[] {
  const uses = (part: Part): readonly Span[] =>
    part.is === "expression" && part.node.kind === "name" && part.node.name === name
      ? [part.node.span]
      : partsOf(part).flatMap(uses);
  return partsOfModule(module).flatMap(uses);
}

/** A builtin, or what another module of the library exports. */
function foundElsewhere(
  workspace: Workspace,
  module: LoadedModule,
  declaration: Import,
  name: string,
): FoundElsewhere | undefined {
  const away = unimportEdit(module.text, declaration, name);
  if (isBuiltin(name)) return { from: undefined, edits: [away] };
  const from = libraryExports(workspace).get(name);
  if (from === undefined) return undefined;
  const path = { span: declaration.from.span, newText: `"${from}"` };
  const edits = declaration.names.length === 1 ? [path] : [away, importEdit(module, name, from)];
  return { from, edits };
}

/** A path that exists and differs from the written one by what is easily forgotten: `./`, `std/`, `.margo`. */
function meantPath(workspace: Workspace, { file }: LoadedModule, path: string): string | undefined {
  if (/^[a-z]+:|^\//.test(path)) return undefined;
  const candidates = [`${path}.margo`, `./${path}`, `./${path}.margo`, `std/${path}`];
  const found = candidates.find((candidate) => {
    const target = resolvePath(file, candidate);
    return target.kind === "file" && loadModule(workspace, target.file) !== undefined;
  });
  return found ?? (path.startsWith(".") || !path.endsWith(".margo") ? undefined : `./${path}`);
}

/** The files of a circle of imports that leads back to `file`, if `next` is on one. */
function cycleThrough(workspace: Workspace, file: string, next: string): readonly string[] | undefined {
  const seen = new Set<string>();
  const walk = (current: string, path: readonly string[]): readonly string[] | undefined => {
    if (current === file) return [...path, current];
    if (seen.has(current) || isLibrary(current)) return undefined;
    seen.add(current);
    for (const target of importedFiles(loadModule(workspace, current))) {
      const found = walk(target, [...path, current]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(next, [file]);
}

/** The files that a module imports, where its paths make sense. */
export function importedFiles(module: LoadedModule | undefined): readonly string[] {
  return (module?.module.declarations ?? []).flatMap((declaration) => {
    if (module === undefined || declaration.kind !== "import") return [];
    const target = resolvePath(module.file, declaration.from.value);
    return target.kind === "file" ? [target.file] : [];
  });
}

function checkDuplicates({ module }: LoadedModule): readonly Diagnostic[] {
  const seen = new Map<string, Diagnostic["span"]>();
  const names = module.declarations.flatMap((declaration) =>
    isNamed(declaration) ? [declaration.name] : declaration.names.map(({ name, alias }) => alias ?? name),
  );
  return names.flatMap(({ name, span }) => {
    const earlier = seen.get(name);
    if (earlier !== undefined) return [duplicateName.report({ span, name, earlier })];
    seen.set(name, span);
    return [];
  });
}

/** Warnings for what is imported and never used; an import that failed has been reported already. */
export function unusedImports(
  workspace: Workspace,
  module: LoadedModule,
  used: ReadonlySet<string>,
): readonly Diagnostic[] {
  return [...module.imports].flatMap(([name, { entry, declaration }]) =>
    resolveGlobal(workspace, module, name) === undefined || used.has(`${module.file}:${name}`)
      ? []
      : [
          unusedName.report({
            span: (entry.alias ?? entry.name).span,
            name,
            what: "import",
            removal: unimportEdit(module.text, declaration, name),
          }),
        ],
  );
}

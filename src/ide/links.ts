/**
 * What in a text names a file: the paths of imports, and strings of data readers in a `train`. Whether a data file
 * exists is the server's to find out; here its path is as it was written.
 */
import { resolvePath } from "../../compiler/check/workspace.ts";
import { isReaderName } from "../../compiler/check/builtins/data.ts";
import type { Span } from "../../compiler/errors/span.ts";
import { type Part, allParts, partsAt } from "../../compiler/syntax/walk.ts";
import type { Analysis } from "./documents.ts";

export type Link =
  /** A file of the workspace or a module of the library, as the compiler names it. */
  | { readonly kind: "module"; readonly span: Span; readonly file: string }
  /** Relative to the folder of the file. */
  | { readonly kind: "data"; readonly span: Span; readonly path: string };

export function linksOf({ module: { file, module } }: Analysis): readonly Link[] {
  const links: Link[] = [];
  for (const part of allParts(module)) {
    if (part.is === "path") links.push(...moduleLink(file, part));
    if (part.is !== "expression" || part.node.kind !== "call") continue;
    if (part.node.callee.kind !== "name" || !isReaderName(part.node.callee.name)) continue;
    for (const { name, value } of part.node.arguments)
      if (name === undefined && value.kind === "string" && isLocal(value.value))
        links.push({ kind: "data", span: value.span, path: value.value });
  }
  return links;
}

/** The file whose path an import names at an offset, whether it is there or not. */
export function importedFileAt(
  { file, module }: Analysis,
  offset: number,
): Extract<Link, { kind: "module" }> | undefined {
  const part = partsAt(module.module, offset).at(-1);
  return part?.is === "path" ? moduleLink(file, part)[0] : undefined;
}

function moduleLink(
  importer: string,
  { node }: Extract<Part, { is: "path" }>,
): readonly Extract<Link, { kind: "module" }>[] {
  const target = resolvePath(importer, node.value);
  return target.kind === "file" ? [{ kind: "module", span: node.span, file: target.file }] : [];
}

/** Packages are resolved by whoever runs them; patterns name no one file. */
function isLocal(path: string): boolean {
  return path !== "" && !/^[a-z]+:|[*?{]/.test(path);
}

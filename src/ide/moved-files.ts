/**
 * When a file or a folder is renamed or moved, the imports that lead to it and those inside it are written anew, so that the same
 * names come from the same files. Paths of data stay: they may be moved later.
 */
import { loadModule, resolvePath } from "../../compiler/check/workspace.ts";
import type { TextEdit } from "../../compiler/errors/diagnostic.ts";
import type { Documents } from "./documents.ts";

export interface Move {
  readonly from: string;
  readonly to: string;
}

/** Edits of all files of the workspace, in the texts as they are before the move. */
export function editsForMoves(documents: Documents, moves: readonly Move[]): readonly TextEdit[] {
  const moved = movedFiles(documents, moves);
  const newPlace = (file: string): string => moved.get(file) ?? file;
  return documents.files().flatMap((file) => {
    const module = loadModule(documents.workspace, file);
    return (module?.module.declarations ?? []).flatMap((declaration): readonly TextEdit[] => {
      if (declaration.kind !== "import") return [];
      const { value, span } = declaration.from;
      const target = resolvePath(file, value);
      if (target.kind !== "file" || value.startsWith("std/")) return [];
      if (!moved.has(file) && !moved.has(target.file)) return [];
      const written = relativePath(newPlace(file), newPlace(target.file));
      return written === value ? [] : [{ span, newText: `"${written}"` }];
    });
  });
}

/** Each file with its new place; of a folder all that lie in it. */
function movedFiles(documents: Documents, moves: readonly Move[]): ReadonlyMap<string, string> {
  const placeAfter = (file: string): readonly (readonly [string, string])[] =>
    moves.flatMap(({ from, to }) =>
      file === from || file.startsWith(`${from}/`)
        ? [[file, `${to}${file.slice(from.length)}`] as const]
        : [],
    );
  return new Map(documents.files().flatMap(placeAfter));
}

/** `./heads.margo`, `../shared/heads.margo`: the way from one file to another. */
export function relativePath(from: string, to: string): string {
  const [folder, target] = [from.split("/").slice(0, -1), to.split("/")];
  let shared = 0;
  while (shared < folder.length && shared < target.length - 1 && folder[shared] === target[shared]) shared++;
  const up = folder.slice(shared).map(() => "..");
  return [...(up.length === 0 ? ["."] : up), ...target.slice(shared)].join("/");
}

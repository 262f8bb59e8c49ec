/**
 * The declarations of a text by the lines that begin them, so that commands know what they are about while it is half typed and
 * before the server runs.
 */

export interface Declared {
  readonly kind: string;
  readonly name: string;
  /** From 0. */
  readonly line: number;
  /** The line in which the next declaration begins. */
  readonly end: number;
}

/** Those of these kinds that have a name. */
export function declarationsIn(text: string, kinds: readonly string[]): readonly Declared[] {
  const lines = text.split("\n");
  const heads = lines.flatMap((written, line) => {
    const [, kind = "", name = ""] = head.exec(written) ?? [];
    return kind === "" ? [] : [{ kind, name, line }];
  });
  return heads
    .map((one, at) => ({ ...one, end: heads[at + 1]?.line ?? lines.length }))
    .filter(({ kind, name }) => kinds.includes(kind) && name !== "");
}

const head =
  /^(?:export\s+)?(fn|layer|model|margin|loss|optimizer|train|let|import)\b(?:\s+([\w\u0370-\u1fff]+))?/;

export function declarationAt(declared: readonly Declared[], line: number): string | undefined {
  return declared.find((one) => one.line <= line && line < one.end)?.name;
}

/** Diagnostics name files from the workspace root; people and tools want them from where they stand. */
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import type { Span } from "../../compiler/errors/span.ts";

export function withFileNames(diagnostic: Diagnostic, nameOf: (file: string) => string): Diagnostic {
  const moved = <T extends { readonly span: Span }>(value: T): T => ({
    ...value,
    span: { ...value.span, file: nameOf(value.span.file) },
  });
  const { labels, fix } = diagnostic;
  return {
    ...moved(diagnostic),
    labels: labels.map(moved),
    ...(fix === undefined ? {} : { fix: { ...fix, edits: fix.edits.map(moved) } }),
  };
}

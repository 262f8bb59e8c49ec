/** The mistakes of one file as an editor lists them: the checker's own, and what was too much to look at. */
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import { unusedName } from "../../compiler/errors/check-names.ts";
import type { Analysis } from "./documents.ts";

/** In the order of the text. Those of imported files show there. */
export function problemsOf({ file, check }: Pick<Analysis, "file" | "check">): readonly Diagnostic[] {
  return check.diagnostics.filter(({ span }) => span.file === file);
}

/** Whether a diagnostic is about text that could as well be gone: editors pale it. */
export function isAboutUnused({ code }: Diagnostic): boolean {
  return code === unusedName.code;
}

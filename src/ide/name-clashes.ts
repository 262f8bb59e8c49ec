/**
 * Whether a name can be given to something without changing what any text means: the name may be taken, it may be read
 * nearby as something else, or a name of the body may stand in front of it.
 */
import { foldName } from "../../compiler/syntax/build.ts";
import type { Span } from "../../compiler/errors/span.ts";
import type { Declaration } from "../../compiler/syntax/ast.ts";
import type { Analysis } from "./documents.ts";
import type { Occurrence } from "./names.ts";
import { isReadEverywhere, readingIn } from "./vocabulary.ts";

/** `span` is a place where the name would be written; `name` is folded. */
export function clashesAt(analysis: Analysis, span: Span, name: string): boolean {
  const here = analysis.names.find((one) => one.span.start === span.start);
  // A label is looked for among the parameters of what is called, wherever it stands.
  if (here === undefined || here.target.kind === "label") return false;
  const around = analysis.module.module.declarations.find(
    (one) => one.span.start <= span.start && span.start <= one.span.end,
  );
  const written = analysis.names.filter((one) => textOf(analysis, one.span) === name);
  return here.target.kind === "global"
    ? clashesInFile(analysis, name, written) || isHidden(here, around, name, written)
    : written.some((one) => isInside(one, around) && !hasPlaceOfItsOwn(one));
}

/** What the name stands for now would be found in its place. */
function clashesInFile(
  { module: { declarations, imports } }: Analysis,
  name: string,
  written: readonly Occurrence[],
): boolean {
  if (declarations.has(name) || imports.has(name)) return true;
  const isGiven = isReadEverywhere(name);
  return written.some(({ target: { kind } }) => kind === "builtin" || (kind === "context" && isGiven));
}

/** Names of the body, and what its kind of declaration can read, come before those of the file. */
function isHidden(
  { role }: Occurrence,
  around: Declaration | undefined,
  name: string,
  written: readonly Occurrence[],
): boolean {
  if (role !== "read" || around === undefined || around.kind === "import") return false;
  const place = around.kind === "let" ? undefined : around.kind;
  if (readingIn(place, name) !== undefined && !isReadEverywhere(name)) return true;
  return written.some((one) => one.target.kind === "local" && isInside(one, around));
}

/** Labels and results are looked up by where they stand. */
function hasPlaceOfItsOwn({ target }: Occurrence): boolean {
  return target.kind === "label" || target.kind === "result";
}

function isInside({ span }: Occurrence, around: Declaration | undefined): boolean {
  return around !== undefined && around.span.start <= span.start && span.end <= around.span.end;
}

function textOf({ module }: Analysis, { start, end }: Span): string {
  return foldName(module.text.slice(start, end));
}

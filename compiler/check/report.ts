/**
 * Where a diagnostic goes. A mistake in the body that is being checked is shown in place. One that shows
 * only when a sound body is used somewhere (sizes that do not fit) is shown at the use, with a label inside
 * the body. Nothing is said about a body that failed its own check, nor twice about one place.
 */
import type { Diagnostic } from "../errors/diagnostic.ts";
import type { Span } from "../errors/span.ts";
import type { Callable } from "../syntax/ast.ts";
import { type Frame, outermost, ownerName } from "./frame.ts";
import { type ErrorValue, errorValue } from "./values.ts";
import type { LoadedModule } from "./workspace.ts";

/** Reports and returns the value that silences what follows from the mistake. */
export function report(frame: Frame, diagnostic: Diagnostic): ErrorValue {
  const { program } = frame.session;
  if (frame.dead !== undefined && !isAboutNames(diagnostic)) return errorValue;
  if (isBroken(frame) || isInBrokenText(frame) || isRefused(frame)) return errorValue;
  const shown = relocated(frame, diagnostic);
  const key = placeKey(shown);
  if (program.reported.has(key)) return errorValue;
  program.reported.add(key);
  program.diagnostics.push(shown);
  if (shown.severity === "error") program.effort.errors++;
  return errorValue;
}

/** In a branch that is not taken, sizes may be anything; names must still exist. */
function isAboutNames({ code }: Diagnostic): boolean {
  return code.startsWith("M01");
}

/** What is incomplete because its text is broken: the text has been reported, the rest is guessing. */
function isInBrokenText(frame: Frame): boolean {
  const { module, owner } = outermost(frame);
  return owner !== undefined && hasBrokenText(module, owner.span);
}

/** A break right behind, on the same line, is why something ends where it does. */
export function hasBrokenText({ brokenPlaces, text }: LoadedModule, { start, end }: Span): boolean {
  const first = firstAtLeast(brokenPlaces, start);
  if (first === undefined || first <= end) return first !== undefined;
  return first - end < 100 && /^[ \t]*$/.test(text.slice(end, first));
}

/** By bisection: files may be large and broken everywhere. */
function firstAtLeast(sorted: readonly number[], least: number): number | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? Infinity) < least) low = middle + 1;
    else high = middle;
  }
  return sorted[low];
}

function isBroken(frame: Frame): boolean {
  if (frame.caller === undefined) return false;
  const owner = frame.owner;
  const own = owner !== undefined && "parameters" in owner && isBrokenCallable(frame, owner);
  return own || isBroken(frame.caller.frame);
}

function isRefused({ refused, caller }: Frame): boolean {
  return refused === true || (caller !== undefined && isRefused(caller.frame));
}

function isBrokenCallable(frame: Frame, callable: Callable): boolean {
  return frame.session.program.checked.get(callable) === "broken";
}

function relocated(frame: Frame, diagnostic: Diagnostic): Diagnostic {
  if (frame.caller === undefined || isWrittenByUser(frame, diagnostic.span)) return diagnostic;
  const use = useInFile(frame);
  if (use === undefined) return diagnostic;
  const label = { span: diagnostic.span, message: `here, in \`${ownerName(frame)}\`` };
  const { fix: _, ...rest } = diagnostic;
  return { ...rest, span: use, labels: [label, ...diagnostic.labels] };
}

/** Whether a place is in the body that is being checked, or on the command line: an argument given there. */
export function isWrittenByUser(frame: Frame, { file, start, end }: Span): boolean {
  const { module, owner, session } = outermost(frame);
  if (!session.program.workspace.modules.has(file)) return true;
  const body = owner?.span;
  return file === module.file && (body === undefined || (body.start <= start && end <= body.end));
}

/** The call in the outermost body that led here. */
function useInFile(frame: Frame): Diagnostic["span"] | undefined {
  let current = frame;
  const root = outermost(frame);
  while (current.caller !== undefined && current.caller.frame !== root) current = current.caller.frame;
  return current.caller?.span;
}

/** The same for two diagnostics about the same thing. */
export function placeKey({ code, span }: Diagnostic): string {
  return `${code} ${span.file} ${span.start} ${span.end}`;
}

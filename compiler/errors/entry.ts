/**
 * One kind of mistake: its code, what it means, a source text that makes it, and the words for it. The
 * parts of the compiler report facts (`unknownName.report({ span, name })`); every word a user reads is
 * in this folder, and docs/errors.md is made of these entries.
 */
import type { Diagnostic, Fix, Label, Severity } from "./diagnostic.ts";
import type { Span } from "./span.ts";

/** Facts always say where. */
export interface Located {
  readonly span: Span;
}

export interface ErrorEntry<Facts extends Located> {
  /** `M` and four digits: 00 syntax, 01 names, 02 types, 03 settings, 04 margins and losses, 05 training. 06 (runs) and 07 (data) are faults that happen later: runtime/errors.ts. */
  readonly code: string;
  /** A few words, as a heading. */
  readonly title: string;
  /** Why it is a mistake and what to do, in Markdown. */
  readonly explanation: string;
  /** A module that makes exactly this mistake. */
  readonly example: string;
  report(facts: Facts): Diagnostic;
}

/** What an entry says about one case; what is left out is empty. `span` moves the diagnostic off the facts' place. */
export interface Wording {
  readonly message: string;
  readonly span?: Span;
  readonly labels?: readonly Label[];
  readonly help?: string | undefined;
  readonly fix?: Fix | undefined;
  readonly dataFiles?: readonly string[];
}

export interface ErrorDefinition<Facts extends Located> {
  readonly code: string;
  readonly severity?: Severity;
  readonly title: string;
  readonly explanation: string;
  readonly example: string;
  readonly report: (facts: Facts) => Wording;
}

/** Makes an entry: the code and severity join the words here, so that no caller can mix them up. */
export function defineError<Facts extends Located = Located>(
  definition: ErrorDefinition<Facts>,
): ErrorEntry<Facts> {
  const { code, severity, title, explanation, example } = definition;
  return {
    code,
    title,
    explanation,
    example,
    report: (facts) => {
      const { message, span, labels, help, fix, dataFiles } = definition.report(facts);
      return {
        code,
        severity: severity ?? "error",
        message,
        span: span ?? facts.span,
        labels: labels ?? [],
        ...(help === undefined ? {} : { help }),
        ...(fix === undefined ? {} : { fix }),
        ...(dataFiles === undefined ? {} : { dataFiles }),
      };
    },
  };
}

/** A fix that puts one text in the place of another. */
export function replaceBy(span: Span, newText: string, title: string): Fix {
  return { title, edits: [{ span, newText }] };
}

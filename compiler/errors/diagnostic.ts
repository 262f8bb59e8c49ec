/**
 * A diagnostic is a value: what is wrong, where, why, and how to mend it. The parts of the compiler
 * report facts; the words live in this folder, one entry a code.
 */
import type { Span } from "./span.ts";

/** An error leaves nothing to run; a warning does. */
export type Severity = "error" | "warning";

/** A second place that a diagnostic speaks of, with words of its own. */
export interface Label {
  readonly span: Span;
  /** "D is 512 here" */
  readonly message: string;
}

/** A stretch of a text and what to put there. */
export interface TextEdit {
  readonly span: Span;
  readonly newText: string;
}

/** A change that mends what a diagnostic is about: all of its edits, or none. */
export interface Fix {
  /** In the imperative: "change to `dense`". */
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

/** A mistake in a source, or what is likely to be one: a sentence, its place, and where there is one a way out. */
export interface Diagnostic {
  /** `M` and four digits, stable for ever: `M0103`. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  readonly labels: readonly Label[];
  readonly help?: string;
  readonly fix?: Fix;
  /** Files of data that it speaks of, for who may look whether they are there. */
  readonly dataFiles?: readonly string[];
}

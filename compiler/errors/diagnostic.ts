/**
 * A diagnostic is a value: what is wrong, where, why, and how to mend it. The parts of the compiler
 * report facts; the words live in this folder, one entry a code.
 */
import type { Span } from "./span.ts";

export type Severity = "error" | "warning";

export interface Label {
  readonly span: Span;
  /** "D is 512 here" */
  readonly message: string;
}

export interface TextEdit {
  readonly span: Span;
  readonly newText: string;
}

export interface Fix {
  /** In the imperative: "change to `dense`". */
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

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

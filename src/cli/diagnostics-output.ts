/**
 * Diagnostics for machines: a JSON list with positions as in LSP (lines and UTF-16 code units from 0), and
 * SARIF 2.1.0 for code hosts. The rendering for people is in render-diagnostics.ts.
 */
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import type { Span } from "../../compiler/errors/span.ts";
import { type Position, type SourceText, positionAt, sourceText } from "../../compiler/syntax/source.ts";
import { version } from "../version.ts";

/** The text of a file that spans point into. */
export type TextOf = (file: string) => string;

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export function diagnosticsJson(diagnostics: readonly Diagnostic[], textOf: TextOf): string {
  const range = rangesIn(textOf);
  const list = diagnostics.map(({ span, code, severity, message, help, labels, fix }) => ({
    file: span.file,
    code,
    severity,
    message,
    range: range(span),
    help: help ?? null,
    labels: labels.map((label) => ({
      file: label.span.file,
      range: range(label.span),
      message: label.message,
    })),
    fix:
      fix === undefined
        ? null
        : {
            title: fix.title,
            edits: fix.edits.map((edit) => ({
              file: edit.span.file,
              range: range(edit.span),
              newText: edit.newText,
            })),
          },
  }));
  return `${JSON.stringify(list, null, 2)}\n`;
}

export function diagnosticsSarif(diagnostics: readonly Diagnostic[], textOf: TextOf): string {
  const range = rangesIn(textOf);
  const location = (span: Span) => {
    const { start, end } = range(span);
    return {
      physicalLocation: {
        artifactLocation: { uri: encodeURI(span.file) },
        region: {
          startLine: start.line + 1,
          startColumn: start.character + 1,
          endLine: end.line + 1,
          endColumn: end.character + 1,
        },
      },
    };
  };
  const rules = [...new Set(diagnostics.map(({ code }) => code))].sort().map((id) => ({ id }));
  const results = diagnostics.map(({ code, severity, message, span, labels, help }) => ({
    ruleId: code,
    level: severity,
    message: { text: help === undefined ? message : `${message}\n${help}` },
    locations: [location(span)],
    relatedLocations: labels.map((label, id) => ({
      id,
      ...location(label.span),
      message: { text: label.message },
    })),
  }));
  const driver = { name: "margo", version, rules };
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver }, columnKind: "utf16CodeUnits", results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function rangesIn(textOf: TextOf): (span: Span) => Range {
  const sources = new Map<string, SourceText>();
  return ({ file, start, end }) => {
    const source = sources.get(file) ?? sourceText(file, textOf(file));
    sources.set(file, source);
    return { start: positionAt(source, start), end: positionAt(source, end) };
  };
}

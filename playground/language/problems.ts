/**
 * What the language server finds wrong, with what mends it: marks under the text, and a list for whoever shows one. It is
 * asked after every change; while it answers, only the latest text waits.
 */
import { LSPPlugin } from "@codemirror/lsp-client";
import { type Action, type Diagnostic as Mark, setDiagnostics } from "@codemirror/lint";
import type { Extension, Text } from "@codemirror/state";
import { type EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import type { CodeAction, Diagnostic, DocumentDiagnosticReport } from "vscode-languageserver-protocol";
import { ask, offsetOf, rangeOf } from "./ask.ts";
import { applyEdit } from "./edits.ts";
import { capital } from "../page.ts";

export interface Problem {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
  /** The way out. */
  readonly help?: string;
  readonly place: Place;
  /** Other places that it is about; those of other files have no place here. */
  readonly related: readonly { readonly message: string; readonly place?: Place }[];
  readonly fixes: readonly { readonly title: string; readonly apply: () => void }[];
}

export interface Place {
  readonly offset: number;
  /** Counted from 1. */
  readonly line: number;
}

/** Tells the problems of each text that typing leaves standing, and failures of the server. */
export function problems(
  tell: (found: readonly Problem[]) => void,
  fail: (error: unknown) => void,
): Extension {
  return ViewPlugin.define((view) => {
    let isAsking = false;
    let isStale = false;
    const look = async (): Promise<void> => {
      isStale = isAsking;
      if (isAsking) return;
      isAsking = true;
      try {
        const found = await problemsOf(view);
        if (found !== undefined) show(view, found, tell);
      } catch (error) {
        fail(error);
      } finally {
        isAsking = false;
        if (isStale) void look();
      }
    };
    // The view is not whole yet.
    setTimeout(() => void look());
    return {
      update: ({ docChanged }: ViewUpdate) => {
        if (docChanged) setTimeout(() => void look());
      },
    };
  });
}

interface Found {
  readonly diagnostics: readonly Diagnostic[];
  readonly fixes: readonly CodeAction[];
}

async function problemsOf(view: EditorView): Promise<Found | undefined> {
  const report = await ask<DocumentDiagnosticReport>(view, "textDocument/diagnostic");
  if (report?.kind !== "full") return undefined;
  const diagnostics = report.items;
  if (diagnostics.length === 0) return { diagnostics, fixes: [] };
  const { doc } = view.state;
  const fixes = await ask<readonly CodeAction[]>(view, "textDocument/codeAction", {
    range: rangeOf(doc, 0, doc.length),
    context: { diagnostics, only: ["quickfix"] },
  });
  return fixes === undefined ? undefined : { diagnostics, fixes };
}

function show(
  view: EditorView,
  { diagnostics, fixes }: Found,
  tell: (found: readonly Problem[]) => void,
): void {
  const { doc } = view.state;
  const all = diagnostics.map((one) => ({
    one,
    actions: fixes.filter((fix) => fix.diagnostics?.some((mended) => isSame(mended, one)) === true),
  }));
  view.dispatch(
    setDiagnostics(
      view.state,
      all.map(({ one, actions }) => markOf(doc, one, actions)),
    ),
  );
  tell(all.map(({ one, actions }) => problemOf(view, one, actions)));
}

function isSame(a: Diagnostic, b: Diagnostic): boolean {
  return a.code === b.code && JSON.stringify(a.range) === JSON.stringify(b.range);
}

/** A place may lie at the end of a text that breaks off. */
function markOf(
  doc: Text,
  { range, severity, code, message }: Diagnostic,
  actions: readonly CodeAction[],
): Mark {
  const from = offsetOf(doc, range.start);
  return {
    from,
    to: Math.min(Math.max(offsetOf(doc, range.end), from + 1), doc.length),
    severity: severityOf(severity),
    source: String(code ?? ""),
    message: textOf(message),
    actions: actions.map(({ title, edit }): Action => ({
      name: capital(title),
      apply: (view) => applyEdit(view, doc, edit ?? {}),
    })),
  };
}

function problemOf(view: EditorView, diagnostic: Diagnostic, actions: readonly CodeAction[]): Problem {
  const { severity, code, message, range, relatedInformation = [] } = diagnostic;
  const { doc } = view.state;
  const uri = LSPPlugin.get(view)?.uri;
  const [first = "", ...help] = textOf(message).split("\n");
  const placeOf = ({ start }: Diagnostic["range"]): Place => ({
    offset: offsetOf(doc, start),
    line: start.line + 1,
  });
  return {
    severity: severityOf(severity),
    code: String(code ?? ""),
    message: first,
    ...(help.length === 0 ? {} : { help: help.join("\n") }),
    place: placeOf(range),
    related: relatedInformation.map(({ message: words, location }) =>
      location.uri === uri ? { message: words, place: placeOf(location.range) } : { message: words },
    ),
    fixes: actions.map(({ title, edit }) => ({
      title: capital(title),
      apply: () => applyEdit(view, doc, edit ?? {}),
    })),
  };
}

function textOf(message: Diagnostic["message"]): string {
  return typeof message === "string" ? message : message.value;
}

/** 1 is an error in the protocol. */
function severityOf(severity: Diagnostic["severity"]): Problem["severity"] {
  return severity === undefined || severity === 1 ? "error" : "warning";
}

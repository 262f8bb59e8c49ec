/**
 * The editor: CodeMirror with Margo's colours, the compiler's diagnostics under the text, and their fixes to take. It
 * lives in a shadow root, where CodeMirror's styles are constructed sheets, which a strict content security policy allows.
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import {
  type Action,
  type Diagnostic as Marked,
  lintGutter,
  lintKeymap,
  setDiagnostics,
} from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import type { Diagnostic } from "../compiler/errors/diagnostic.ts";
import { mainFile } from "./main-file.ts";
import { margoLanguage } from "./margo-language.ts";

export interface Editor {
  readonly text: () => string;
  /** Replaces everything, as one change that can be undone. */
  readonly replace: (text: string) => void;
  /** Shows what is wrong, unless the text has changed since. */
  readonly mark: (text: string, diagnostics: readonly Diagnostic[]) => void;
  readonly applyFix: (diagnostic: Diagnostic) => void;
  readonly goTo: (offset: number) => void;
  readonly focus: () => void;
  readonly run: (command: (view: EditorView) => void) => void;
}

export function createEditor(
  parent: HTMLElement,
  text: string,
  onChange: (text: string) => void,
  extensions: Extension = [],
): Editor {
  const root = parent.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        extensions,
        ...[lineNumbers(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching()],
        ...[closeBrackets(), autocompletion(), highlightActiveLine(), highlightActiveLineGutter()],
        ...[highlightSelectionMatches(), lintGutter(), margoLanguage, theme, indentUnit.of("  ")],
        keymap.of([
          ...[...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap],
          ...[...completionKeymap, ...lintKeymap, indentWithTab],
        ]),
        EditorView.contentAttributes.of({ "aria-label": "Margo source", spellcheck: "false" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    replace: (insert) => {
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert },
        selection: { anchor: 0 },
        scrollIntoView: true,
      });
    },
    mark: (of, diagnostics) => {
      if (of !== view.state.doc.toString()) return;
      view.dispatch(
        setDiagnostics(
          view.state,
          diagnostics.filter(isHere).map((one) => marked(one, of.length)),
        ),
      );
    },
    applyFix: (diagnostic) => applyFix(view, diagnostic),
    goTo: (offset) => {
      const anchor = Math.min(offset, view.state.doc.length);
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
    run: (command) => command(view),
  };
}

function isHere({ span }: Diagnostic): boolean {
  return span.file === mainFile;
}

/** A place may lie at the end of a text that breaks off. */
function marked(diagnostic: Diagnostic, length: number): Marked {
  const { span, severity, code, message, help, fix } = diagnostic;
  const actions: readonly Action[] =
    fix === undefined ? [] : [{ name: capital(fix.title), apply: (view) => applyFix(view, diagnostic) }];
  return {
    from: Math.min(span.start, length),
    to: Math.min(Math.max(span.end, span.start + 1), length),
    severity,
    source: code,
    message: help === undefined ? message : `${message}\n${help}`,
    actions,
  };
}

function applyFix(view: EditorView, { fix }: Diagnostic): void {
  if (fix === undefined) return;
  const end = view.state.doc.length;
  const changes = fix.edits
    .filter(({ span }) => span.file === mainFile)
    .map(({ span, newText }) => ({
      from: Math.min(span.start, end),
      to: Math.min(span.end, end),
      insert: newText,
    }));
  view.dispatch({ changes });
  view.focus();
}

export function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "14px", color: "var(--text)", backgroundColor: "var(--card)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)", padding: "10px 0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--card)", color: "var(--faint)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--selection)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--hover)" },
  ".cm-matchingBracket": { backgroundColor: "var(--selection) !important" },
  ".cm-tooltip": {
    backgroundColor: "var(--card)",
    color: "var(--text)",
    border: "1px solid var(--line)",
    borderRadius: "8px",
    boxShadow: "0 4px 18px rgb(0 0 0 / 0.18)",
    maxWidth: "min(34rem, 90vw)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent)",
    color: "var(--on-accent)",
  },
  ".cm-lsp-hover-tooltip, .cm-lsp-signature-tooltip": { padding: "6px 10px" },
  ".cm-completionInfo": { padding: "4px 10px" },
  ".cm-tooltip p, .cm-tooltip pre": { margin: "4px 0", whiteSpace: "pre-wrap" },
  ".cm-tooltip code, .cm-tooltip pre": { fontFamily: "var(--mono)", fontSize: "12.5px" },
  ".cm-tooltip a": { color: "var(--accent)" },
  ".cm-lsp-active-parameter": { color: "var(--accent)", fontWeight: "600" },
  ".cm-diagnostic": { whiteSpace: "pre-wrap", padding: "6px 10px" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent)", color: "var(--on-accent)", padding: "3px 8px" },
  ".cm-panels": { backgroundColor: "var(--card)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-panel input, .cm-panel button": {
    color: "var(--text)",
    backgroundColor: "var(--ground)",
    backgroundImage: "none",
  },
});

/**
 * Keys behind which the language server stands and which the client library does not bring: what can be changed at the
 * cursor, the declarations of the file, selections that grow with the syntax, and the format.
 */
import { EditorSelection } from "@codemirror/state";
import { type Command, EditorView, type KeyBinding } from "@codemirror/view";
import type { CodeAction, SelectionRange, SymbolInformation, TextEdit } from "vscode-languageserver-protocol";
import { capital } from "../page.ts";
import { ask, offsetOf, positionOf, rangeOf } from "./ask.ts";
import { applyEdit, applyTextEdits } from "./edits.ts";
import { openMenu } from "./menu.ts";

export function commandKeys(fail: (error: unknown) => void): readonly KeyBinding[] {
  // A key that is pressed before the last one is answered waits for it.
  let last = Promise.resolve();
  const command =
    (run: (view: EditorView) => Promise<void>): Command =>
    (view) => {
      last = last.then(() => run(view)).catch(fail);
      return true;
    };
  return [
    { key: "Mod-.", run: command(showActions), preventDefault: true },
    { key: "Mod-Shift-o", run: command(showDeclarations), preventDefault: true },
    { key: "Mod-i", run: command(growSelection), preventDefault: true },
    { key: "Shift-Alt-f", run: command(formatSelection), preventDefault: true },
  ];
}

const options = { tabSize: 2, insertSpaces: true };

/** An answer about an older text is dropped: the client library's own command would put its edits in wrong places. */
export async function formatAll(view: EditorView): Promise<void> {
  applyTextEdits(view, (await ask<readonly TextEdit[]>(view, "textDocument/formatting", { options })) ?? []);
}

/** All where nothing is selected. */
async function formatSelection(view: EditorView): Promise<void> {
  const { doc, selection } = view.state;
  const { from, to, empty } = selection.main;
  if (empty) return formatAll(view);
  const params = { options, range: rangeOf(doc, from, to) };
  const edits = await ask<readonly TextEdit[]>(view, "textDocument/rangeFormatting", params);
  applyTextEdits(view, edits ?? []);
}

const kinds = ["quickfix", "refactor", "source"];

async function showActions(view: EditorView): Promise<void> {
  const { doc, selection } = view.state;
  const { from, to } = selection.main;
  const context = { diagnostics: [], only: kinds };
  const range = rangeOf(doc, from, to);
  const actions = await ask<readonly CodeAction[]>(view, "textDocument/codeAction", { range, context });
  if (actions === undefined) return;
  const items = actions.map(({ title, edit }) => ({
    title: capital(title),
    run: () => applyEdit(view, doc, edit ?? {}),
  }));
  openMenu(view, "Changes", items, "Nothing to change here.");
}

async function showDeclarations(view: EditorView): Promise<void> {
  const { doc } = view.state;
  const found = await ask<readonly SymbolInformation[]>(view, "textDocument/documentSymbol");
  if (found === undefined) return;
  const items = found.map(({ name, location }) => ({
    title: name,
    run: () => reveal(view, offsetOf(doc, location.range.start)),
  }));
  openMenu(view, "Declarations", items, "Nothing is declared here.");
}

function reveal(view: EditorView, anchor: number): void {
  view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
}

/** Mod-u, which takes a selection back, shrinks it again. */
async function growSelection(view: EditorView): Promise<void> {
  const { doc, selection } = view.state;
  const { from, to } = selection.main;
  const positions = [positionOf(doc, from)];
  const [innermost] =
    (await ask<readonly SelectionRange[]>(view, "textDocument/selectionRange", { positions })) ?? [];
  for (let one: SelectionRange | undefined = innermost; one !== undefined; one = one.parent) {
    const [start, end] = [offsetOf(doc, one.range.start), offsetOf(doc, one.range.end)];
    if (start > from || end < to || (start === from && end === to)) continue;
    view.dispatch({ selection: EditorSelection.single(start, end), userEvent: "select" });
    return;
  }
}

/** F12 and a click with Ctrl or Cmd: to the definition of a name, and from the path of an import to its file. */
import { LSPPlugin, jumpToDefinition } from "@codemirror/lsp-client";
import { type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import type { DocumentLink } from "vscode-languageserver-protocol";
import { ask, offsetOf } from "./ask.ts";

export function definitions(fail: (error: unknown) => void): Extension {
  const go = (view: EditorView): boolean => {
    goToDefinition(view).catch(fail);
    return true;
  };
  const clicks = EditorView.domEventHandlers({
    mousedown: (event, view) => {
      const anchor = event.ctrlKey || event.metaKey ? view.posAtCoords(event) : null;
      if (anchor === null) return false;
      view.dispatch({ selection: { anchor } });
      event.preventDefault();
      return go(view);
    },
  });
  return [clicks, Prec.high(keymap.of([{ key: "F12", run: go, preventDefault: true }]))];
}

async function goToDefinition(view: EditorView): Promise<void> {
  const { doc, selection } = view.state;
  const at = selection.main.head;
  const links = (await ask<readonly DocumentLink[]>(view, "textDocument/documentLink")) ?? [];
  const link = links.find(({ range }) => offsetOf(doc, range.start) <= at && at <= offsetOf(doc, range.end));
  if (link?.target === undefined) jumpToDefinition(view);
  else await LSPPlugin.get(view)?.client.workspace.displayFile(link.target);
}

/** F12 and a click with Ctrl or Cmd: to the definition of a name, and from the path of an import to its file. */
import { jumpToDefinition } from "@codemirror/lsp-client";
import { type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";

export function definitions(): Extension {
  const clicks = EditorView.domEventHandlers({
    mousedown: (event, view) => {
      const anchor = event.ctrlKey || event.metaKey ? view.posAtCoords(event) : null;
      if (anchor === null) return false;
      view.dispatch({ selection: { anchor } });
      event.preventDefault();
      return jumpToDefinition(view);
    },
  });
  return [clicks, Prec.high(keymap.of([{ key: "F12", run: jumpToDefinition, preventDefault: true }]))];
}

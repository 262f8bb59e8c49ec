/** The other places of the name under the cursor, as the language server knows them: by meaning, not by spelling. */
import { type Extension, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import type { DocumentHighlight } from "vscode-languageserver-protocol";
import { later } from "../page.ts";
import { ask, offsetOf, positionOf } from "./ask.ts";

const setHighlights = StateEffect.define<DecorationSet>();

const highlights = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (shown, transaction) => {
    for (const effect of transaction.effects) if (effect.is(setHighlights)) return effect.value;
    return shown.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

const place = Decoration.mark({ class: "cm-margo-same" });

export function highlighted(fail: (error: unknown) => void): Extension {
  const plugin = ViewPlugin.define((view) => {
    const show = (found: DecorationSet | undefined): void => {
      if (found !== undefined) view.dispatch({ effects: setHighlights.of(found) });
    };
    const look = later<void>(150, () => void placesOf(view).then(show, fail));
    return {
      update: ({ docChanged, selectionSet }: ViewUpdate) => {
        if (docChanged || selectionSet) look();
      },
    };
  });
  return [highlights, plugin];
}

/** One place alone is the cursor's own and says nothing. */
async function placesOf(view: EditorView): Promise<DecorationSet | undefined> {
  const { doc, selection } = view.state;
  const { main } = selection;
  if (!main.empty) return Decoration.none;
  const position = positionOf(doc, main.head);
  const found = await ask<readonly DocumentHighlight[]>(view, "textDocument/documentHighlight", { position });
  if (found === undefined || !view.state.selection.main.eq(main)) return undefined;
  if (found.length < 2) return Decoration.none;
  const places = found.map(({ range }) => place.range(offsetOf(doc, range.start), offsetOf(doc, range.end)));
  return Decoration.set(places, true);
}

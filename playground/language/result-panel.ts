/** A text of the server's below the editor, for what has no pane of its own: the check of gradients. */
import { StateEffect, StateField } from "@codemirror/state";
import { type EditorView, type Panel, showPanel } from "@codemirror/view";
import { make } from "../page.ts";

interface Result {
  readonly title: string;
  readonly text: string;
}

const setResult = StateEffect.define<Result | null>();

export const resultPanel = StateField.define<Result | null>({
  create: () => null,
  update: (shown, transaction) => {
    for (const effect of transaction.effects) if (effect.is(setResult)) return effect.value;
    return shown;
  },
  provide: (field) =>
    showPanel.from(field, (result) => (result === null ? null : (view) => panelOf(view, result))),
});

export function showResult(view: EditorView, title: string, text: string): void {
  view.dispatch({ effects: setResult.of({ title, text }) });
}

function panelOf(view: EditorView, { title, text }: Result): Panel {
  const close = make("button", { type: "button" }, "Close");
  const dom = make(
    "div",
    { class: "cm-margo-result" },
    make("div", { class: "head", role: "status" }, make("strong", {}, title), close),
    make("pre", { tabindex: "0" }, text),
  );
  const leave = (): void => {
    view.dispatch({ effects: setResult.of(null) });
    view.focus();
  };
  close.addEventListener("click", leave);
  dom.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") leave();
  });
  return { dom, mount: () => close.focus() };
}

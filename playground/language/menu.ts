/**
 * A menu at the cursor: arrows walk, Enter takes, Escape and a change of the text close it. What it offers is somebody
 * else's business.
 */
import { StateEffect, StateField } from "@codemirror/state";
import { type EditorView, type Tooltip, showTooltip } from "@codemirror/view";
import { make } from "../page.ts";

export interface MenuItem {
  readonly title: string;
  readonly run: () => void;
}

const setMenu = StateEffect.define<Tooltip | null>();

export const menu = StateField.define<Tooltip | null>({
  create: () => null,
  update: (shown, transaction) => {
    for (const effect of transaction.effects) if (effect.is(setMenu)) return effect.value;
    return transaction.docChanged ? null : shown;
  },
  provide: (field) => showTooltip.from(field),
});

/** `empty` is what it says when there is nothing to choose. */
export function openMenu(view: EditorView, label: string, items: readonly MenuItem[], empty: string): void {
  const { head } = view.state.selection.main;
  view.dispatch({
    effects: setMenu.of({
      pos: head,
      create: () => {
        const dom = menuElement(view, label, items, empty);
        return { dom, mount: () => (dom.querySelector("button") ?? dom).focus() };
      },
    }),
  });
}

function closeMenu(view: EditorView): void {
  view.dispatch({ effects: setMenu.of(null) });
}

function menuElement(
  view: EditorView,
  label: string,
  items: readonly MenuItem[],
  empty: string,
): HTMLElement {
  const buttons = items.map(({ title, run }) => {
    const button = make("button", { type: "button", role: "menuitem", tabindex: "-1" }, title);
    button.addEventListener("click", () => {
      closeMenu(view);
      view.focus();
      run();
    });
    return button;
  });
  const content = buttons.length > 0 ? buttons : [make("p", { role: "status" }, empty)];
  const dom = make(
    "div",
    { class: "cm-margo-menu", role: "menu", "aria-label": label, tabindex: "-1" },
    ...content,
  );
  dom.addEventListener("keydown", (event) => walk(view, buttons, event));
  // Later: focus also leaves while the editor takes the menu away, and then takes no other change.
  dom.addEventListener("focusout", ({ relatedTarget }) => {
    const stays = relatedTarget instanceof Node && dom.contains(relatedTarget);
    if (!stays) setTimeout(() => dom.isConnected && closeMenu(view));
  });
  return dom;
}

function walk(view: EditorView, buttons: readonly HTMLElement[], event: KeyboardEvent): void {
  const at = buttons.findIndex((button) => button === event.target);
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: -1,
  };
  const to = moves[event.key];
  if (event.key === "Escape" || event.key === "Tab") {
    closeMenu(view);
    view.focus();
  } else if (to === undefined) return;
  else buttons.at(to % buttons.length)?.focus();
  event.preventDefault();
}

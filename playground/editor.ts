/**
 * The editor: CodeMirror in Margo's colours, and beside the file that is edited a view of one module of the library, to read.
 * It lives in a shadow root, where CodeMirror's styles are constructed sheets, which a strict content security policy allows.
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  showPanel,
} from "@codemirror/view";
import { editorTheme } from "./editor-theme.ts";
import { foldingChanged } from "./language/annotations.ts";
import { margoLanguage } from "./language/colours.ts";
import { make } from "./page.ts";

export interface Editor {
  readonly text: () => string;
  /** Replaces everything, as one change that can be undone. */
  readonly replace: (text: string) => void;
  readonly goTo: (offset: number) => void;
  readonly run: (command: (view: EditorView) => void) => void;
  /** A module of the library in the place of the file, until it is closed. */
  readonly read: (file: string, text: string, extension: Extension) => EditorView;
  readonly closeReading: () => void;
}

export function createEditor(
  parent: HTMLElement,
  text: string,
  onChange: (text: string) => void,
  extension: Extension,
): Editor {
  const root = parent.attachShadow({ mode: "open" });
  const [place, readingPlace] = [placeIn(root), placeIn(root)];
  readingPlace.hidden = true;
  const view = new EditorView({
    root,
    parent: place,
    state: EditorState.create({
      doc: text,
      extensions: [
        extension,
        writing,
        EditorView.contentAttributes.of({ "aria-label": "Margo source", spellcheck: "false" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  let reading: EditorView | undefined;
  const closeReading = (): void => {
    if (reading === undefined) return;
    reading.destroy();
    reading = undefined;
    [place.hidden, readingPlace.hidden] = [false, true];
    view.requestMeasure();
    view.focus();
  };
  return {
    text: () => view.state.doc.toString(),
    replace: (insert) => {
      closeReading();
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert },
        selection: { anchor: 0 },
        scrollIntoView: true,
      });
    },
    goTo: (offset) => {
      closeReading();
      const anchor = Math.min(offset, view.state.doc.length);
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      view.focus();
    },
    run: (command) => {
      closeReading();
      command(view);
    },
    read: (file, doc, extensionOfReading) => {
      reading?.destroy();
      const extensions = [extensionOfReading, readOnly(file, closeReading)];
      [place.hidden, readingPlace.hidden] = [true, false];
      reading = new EditorView({
        root,
        parent: readingPlace,
        state: EditorState.create({ doc, extensions }),
      });
      reading.focus();
      return reading;
    },
    closeReading,
  };
}

function placeIn(root: ShadowRoot): HTMLElement {
  const place = make("div", {});
  place.style.height = "100%";
  root.append(place);
  return place;
}

const shown: Extension = [
  ...[
    lineNumbers(),
    foldGutter({ foldingChanged }),
    drawSelection(),
    bracketMatching(),
    highlightActiveLine(),
  ],
  ...[highlightActiveLineGutter(), highlightSelectionMatches(), margoLanguage, editorTheme],
  keymap.of([...defaultKeymap, ...searchKeymap, ...foldKeymap]),
];

/**
 * Typing over a selection, done here and not by the browser: Chromium would keep the style of what was selected in an inline
 * style, which the policy refuses aloud.
 */
const typingOver = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { data, inputType } = event;
    const { from, to, empty } = view.state.selection.main;
    if (inputType !== "insertText" || data === null || empty || view.state.readOnly) return false;
    const insert = () => view.state.update(view.state.replaceSelection(data), { userEvent: "input.type" });
    const handlers = view.state.facet(EditorView.inputHandler);
    if (!handlers.some((handle) => handle(view, from, to, data, insert))) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

const writing: Extension = [
  typingOver,
  keymap.of([...closeBracketsKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
  ...[
    shown,
    history(),
    indentOnInput(),
    closeBrackets(),
    autocompletion(),
    lintGutter(),
    indentUnit.of("  "),
  ],
];

function readOnly(file: string, close: () => void): Extension {
  const head = showPanel.of(() => {
    const back = make("button", { type: "button" }, "Back to the source");
    back.addEventListener("click", close);
    const dom = make("div", { class: "cm-margo-file" }, make("strong", {}, file), " of the library ", back);
    return { dom, top: true };
  });
  const escape = {
    key: "Escape",
    run: () => {
      close();
      return true;
    },
  };
  return [
    ...[shown, head, EditorState.readOnly.of(true), keymap.of([escape])],
    EditorView.contentAttributes.of({ "aria-label": `${file}, to read` }),
  ];
}

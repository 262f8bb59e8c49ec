/**
 * What the language server writes around the text once typing rests: colours by meaning, shapes between the words, lines of
 * commands above declarations, and what can be folded. Between two answers all of it moves with the text.
 */
import { foldService } from "@codemirror/language";
import { LSPPlugin } from "@codemirror/lsp-client";
import { type Extension, StateEffect, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import type {
  CodeLens,
  FoldingRange,
  InlayHint,
  SemanticTokens,
  SemanticTokensLegend,
} from "vscode-languageserver-protocol";
import { later } from "../page.ts";
import { ask, offsetOf, rangeOf } from "./ask.ts";
import { HintWidget, type Lens, LensWidget } from "./widgets.ts";

/** What a lens's command means here: the page's panes. */
export type RunCommand = (command: string, entry: string) => void;

interface Annotations {
  readonly colours: DecorationSet;
  readonly hints: DecorationSet;
  readonly lenses: DecorationSet;
  /** Ends of foldable stretches, by the start of their first line. */
  readonly folds: ReadonlyMap<number, { readonly from: number; readonly to: number }>;
}

const none: Annotations = {
  colours: Decoration.none,
  hints: Decoration.none,
  lenses: Decoration.none,
  folds: new Map(),
};

const annotate = StateEffect.define<Annotations>();

const annotations = StateField.define<Annotations>({
  create: () => none,
  update: (known, transaction) => {
    for (const effect of transaction.effects) if (effect.is(annotate)) return effect.value;
    if (!transaction.docChanged) return known;
    const { changes } = transaction;
    return {
      colours: known.colours.map(changes),
      hints: known.hints.map(changes),
      lenses: known.lenses.map(changes),
      // Where a line begins is known again with the next answer.
      folds: none.folds,
    };
  },
  provide: (field) => [
    EditorView.decorations.from(field, ({ colours }) => colours),
    EditorView.decorations.from(field, ({ hints }) => hints),
    EditorView.decorations.from(field, ({ lenses }) => lenses),
    foldService.of((state, start) => state.field(field).folds.get(start) ?? null),
  ],
});

/** For the gutter that shows them. */
export function foldingChanged({ startState, state }: ViewUpdate): boolean {
  return startState.field(annotations, false)?.folds !== state.field(annotations, false)?.folds;
}

const restMs = 150;

/** Asks when the view is made and after each rest. Without commands there are no lenses. */
export function annotated(run: RunCommand | undefined, fail: (error: unknown) => void): Extension {
  const plugin = ViewPlugin.define((view) => {
    const show = (found: Annotations | undefined): void => {
      if (found !== undefined) view.dispatch({ effects: annotate.of(found) });
    };
    const look = later<void>(restMs, () => void annotationsOf(view, run).then(show, fail));
    look();
    return {
      update: ({ docChanged }: ViewUpdate) => {
        if (docChanged) look();
      },
    };
  });
  return [annotations, plugin];
}

async function annotationsOf(
  view: EditorView,
  run: RunCommand | undefined,
): Promise<Annotations | undefined> {
  const { doc } = view.state;
  const range = rangeOf(doc, 0, doc.length);
  const [tokens, hints, lenses, folds] = await Promise.all([
    ask<SemanticTokens>(view, "textDocument/semanticTokens/full"),
    ask<readonly InlayHint[]>(view, "textDocument/inlayHint", { range }),
    run === undefined ? [] : lensesOf(view),
    ask<readonly FoldingRange[]>(view, "textDocument/foldingRange"),
  ]);
  if (tokens === undefined || hints === undefined || lenses === undefined || folds === undefined)
    return undefined;
  // Not all came at once, and the text may have changed before the last.
  if (view.state.doc !== doc) return undefined;
  return {
    colours: coloursOf(doc, tokens, legendOf(view)),
    hints: hintsOf(doc, hints),
    lenses: run === undefined ? Decoration.none : lensLines(doc, lenses, run),
    folds: foldsOf(doc, folds),
  };
}

// ---------------------------------------------------------------- colours

function legendOf(view: EditorView): SemanticTokensLegend | undefined {
  return LSPPlugin.get(view)?.client.serverCapabilities?.semanticTokensProvider?.legend;
}

/** Five numbers a token; its place is relative to the one before. */
function coloursOf(
  doc: Text,
  { data }: SemanticTokens,
  legend: SemanticTokensLegend | undefined,
): DecorationSet {
  const marks = [];
  let [line, character] = [0, 0];
  for (let at = 0; at + 4 < data.length; at += 5) {
    const [lines = 0, characters = 0, length = 0, type = 0] = data.slice(at, at + 5);
    character = lines === 0 ? character + characters : characters;
    line += lines;
    const from = offsetOf(doc, { line, character });
    const to = Math.min(from + length, doc.length);
    if (from < to) marks.push(markOf(legend?.tokenTypes[type] ?? "").range(from, to));
  }
  return Decoration.set(marks);
}

const marks = new Map<string, Decoration>();

function markOf(type: string): Decoration {
  const known = marks.get(type) ?? Decoration.mark({ class: `cm-margo-${type}` });
  marks.set(type, known);
  return known;
}

// ---------------------------------------------------------------- hints and lenses

function hintsOf(doc: Text, hints: readonly InlayHint[]): DecorationSet {
  const widgets = hints.map(({ position, label, paddingLeft, paddingRight }) => {
    const text = typeof label === "string" ? label : label.map(({ value }) => value).join("");
    const blank = paddingLeft === true ? "before" : paddingRight === true ? "after" : "none";
    const widget = new HintWidget(text, blank);
    return Decoration.widget({ widget, side: 1 }).range(offsetOf(doc, position));
  });
  return Decoration.set(widgets, true);
}

/** With their sizes, which the server counts when it is asked for each. */
async function lensesOf(view: EditorView): Promise<readonly CodeLens[] | undefined> {
  const lenses = await ask<readonly CodeLens[]>(view, "textDocument/codeLens");
  if (lenses === undefined) return undefined;
  const resolved = await Promise.all(
    lenses.map((lens) =>
      lens.command === undefined ? ask<CodeLens>(view, "codeLens/resolve", { ...lens }) : lens,
    ),
  );
  return resolved.flatMap((lens) => lens ?? []);
}

function lensLines(doc: Text, lenses: readonly CodeLens[], run: RunCommand): DecorationSet {
  const byLine = new Map<number, readonly Lens[]>();
  for (const { range, command } of lenses) {
    if (command === undefined) continue;
    const { from } = doc.lineAt(offsetOf(doc, range.start));
    const lens = { title: command.title, command: command.command, entry: String(command.arguments?.[1]) };
    byLine.set(from, [...(byLine.get(from) ?? []), lens]);
  }
  const widgets = [...byLine].map(([from, ofLine]) =>
    Decoration.widget({ widget: new LensWidget(ofLine, run), block: true, side: -1 }).range(from),
  );
  return Decoration.set(widgets, true);
}

// ---------------------------------------------------------------- folds

function foldsOf(doc: Text, ranges: readonly FoldingRange[]): Annotations["folds"] {
  return new Map(
    ranges.flatMap(({ startLine, endLine }) => {
      if (endLine >= doc.lines || endLine <= startLine) return [];
      const [first, last] = [doc.line(startLine + 1), doc.line(endLine + 1)];
      return [[first.from, { from: first.to, to: last.to }] as const];
    }),
  );
}

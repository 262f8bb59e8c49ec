/** What a text looks like, in the protocol's words: folds, growing selections, outlines, hints and links. */
import {
  type DocumentLink,
  type DocumentLinkParams,
  type DocumentSymbol,
  type DocumentSymbolParams,
  type FoldingRange,
  FoldingRangeKind,
  type FoldingRangeParams,
  type InlayHint,
  InlayHintKind,
  type InlayHintParams,
  type SelectionRange,
  type SelectionRangeParams,
  type SymbolInformation,
  SymbolKind,
  type WorkspaceSymbol,
  type WorkspaceSymbolParams,
} from "vscode-languageserver";
import { isLibrary } from "../../compiler/check/workspace.ts";
import { positionAt } from "../../compiler/syntax/source.ts";
import { foldsOf } from "../ide/folding.ts";
import { inlayHints } from "../ide/inlay-hints.ts";
import { linksOf } from "../ide/links.ts";
import { type OutlineEntry, findDeclarations, outlineOf } from "../ide/outline.ts";
import { selectionsAt } from "../ide/selection.ts";
import { type Asked, type Session, askedOf, locationOf, offsetOf, rangeOf, uriOf } from "./session.ts";

// ---------------------------------------------------------------- structure

const foldKinds = {
  code: undefined,
  comment: FoldingRangeKind.Comment,
  imports: FoldingRangeKind.Imports,
} as const;

export function folds(session: Session, { textDocument }: FoldingRangeParams): FoldingRange[] {
  return foldsOf(askedOf(session, textDocument).analysis).map(({ startLine, endLine, kind }) => {
    const lspKind = foldKinds[kind];
    return { startLine, endLine, ...(lspKind === undefined ? {} : { kind: lspKind }) };
  });
}

export function selections(
  session: Session,
  { textDocument, positions }: SelectionRangeParams,
): SelectionRange[] {
  const asked = askedOf(session, textDocument);
  return positions.map((position) => {
    const offset = offsetOf(asked, position);
    const [first, ...larger] = selectionsAt(asked.analysis, offset).toReversed();
    const whole: SelectionRange = { range: rangeOf(asked.analysis, first ?? { start: offset, end: offset }) };
    return larger.reduce((parent, one) => ({ range: rangeOf(asked.analysis, one), parent }), whole);
  });
}

/** How declarations and what they hold are shown in lists. */
export const symbolKinds: { readonly [K in OutlineEntry["kind"]]: SymbolKind } = {
  import: SymbolKind.Module,
  fn: SymbolKind.Function,
  layer: SymbolKind.Class,
  model: SymbolKind.Class,
  margin: SymbolKind.Class,
  loss: SymbolKind.Class,
  optimizer: SymbolKind.Class,
  train: SymbolKind.Event,
  let: SymbolKind.Constant,
  setting: SymbolKind.Property,
  input: SymbolKind.Variable,
  param: SymbolKind.Field,
  state: SymbolKind.Field,
  result: SymbolKind.Property,
};

/** A tree for clients that can show one, else the declarations with their places. */
export function documentSymbols(
  session: Session,
  { textDocument }: DocumentSymbolParams,
): DocumentSymbol[] | SymbolInformation[] {
  const asked = askedOf(session, textDocument);
  const outline = outlineOf(asked.analysis.module);
  if (session.client.textDocument?.documentSymbol?.hierarchicalDocumentSymbolSupport === true)
    return outline.map((entry) => symbolOf(asked, entry));
  return outline.flatMap(({ name, kind, whole }) => {
    const location = locationOf(session, asked, whole);
    return location === undefined ? [] : [{ name, kind: symbolKinds[kind], location }];
  });
}

function symbolOf(
  asked: Asked,
  { name, kind, detail, whole, selection, children }: OutlineEntry,
): DocumentSymbol {
  return {
    name,
    kind: symbolKinds[kind],
    detail: `${kind} ${detail}`.trimEnd(),
    range: rangeOf(asked.analysis, whole),
    selectionRange: rangeOf(asked.analysis, selection),
    children: children.map((child) => symbolOf(asked, child)),
  };
}

/** In the workspaces of the documents that are open. They share the library, which is told once. */
export function workspaceSymbols(session: Session, { query }: WorkspaceSymbolParams): WorkspaceSymbol[] {
  const found = new Map<string, WorkspaceSymbol>();
  for (const [root, documents] of session.workspaces)
    for (const { name, kind, file, span } of findDeclarations(documents, query)) {
      const analysis = documents.analysis(file);
      if (analysis === undefined) continue;
      const location = { uri: uriOf(session, root, file), range: rangeOf(analysis, span) };
      const container = isLibrary(file) ? { containerName: file } : {};
      found.set(`${location.uri}:${span.start}`, { name, kind: symbolKinds[kind], location, ...container });
    }
  return [...found.values()];
}

// ---------------------------------------------------------------- hints and links

export function hints(session: Session, { textDocument, range }: InlayHintParams): InlayHint[] {
  const asked = askedOf(session, textDocument);
  const within = { start: offsetOf(asked, range?.start), end: offsetOf(asked, range?.end) };
  const { shapes, settingNames } = session.settings.inlayHints;
  return inlayHints(asked.documents, asked.analysis, within)
    .filter(({ kind }) => (kind === "shape" ? shapes : settingNames))
    .map(({ offset, text, kind, blank }) => ({
      position: positionAt(asked.analysis.source, offset),
      label: text,
      kind: kind === "shape" ? InlayHintKind.Type : InlayHintKind.Parameter,
      paddingLeft: blank === "before",
      paddingRight: blank === "after",
    }));
}

/** Imports, and data that is there: a link that leads nowhere helps nobody. */
export function links(session: Session, { textDocument }: DocumentLinkParams): DocumentLink[] {
  const asked = askedOf(session, textDocument);
  const { file } = asked.analysis;
  const folder = file.includes("/") ? file.slice(0, file.lastIndexOf("/") + 1) : "";
  return linksOf(asked.analysis).flatMap((link) => {
    const named = link.kind === "module" ? link.file : `${folder}${link.path}`;
    const isThere =
      link.kind === "module"
        ? asked.documents.analysis(named) !== undefined
        : session.environment.exists(asked.root, named);
    if (!isThere) return [];
    return [{ range: rangeOf(asked.analysis, link.span), target: uriOf(session, asked.root, named) }];
  });
}

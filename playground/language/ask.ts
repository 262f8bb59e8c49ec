/**
 * Questions to the language server about the text as it stands. An answer about an older text is dropped: whoever asked
 * will ask again, since the text has changed. Places come back as offsets.
 */
import { LSPPlugin } from "@codemirror/lsp-client";
import type { Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { Position, Range } from "vscode-languageserver-protocol";

/** Undefined where the text has changed meanwhile, or the server does not know the document. */
export async function ask<Result>(
  view: EditorView,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): Promise<Result | undefined> {
  const plugin = LSPPlugin.get(view);
  if (plugin === null) return undefined;
  const { doc } = view.state;
  plugin.client.sync();
  const textDocument = { uri: plugin.uri };
  const result = await plugin.client.request<unknown, Result | null>(method, { textDocument, ...params });
  return view.state.doc === doc ? (result ?? undefined) : undefined;
}

export function positionOf(doc: Text, offset: number): Position {
  const line = doc.lineAt(offset);
  return { line: line.number - 1, character: offset - line.from };
}

export function rangeOf(doc: Text, from: number, to: number): Range {
  return { start: positionOf(doc, from), end: positionOf(doc, to) };
}

/** Never behind the end of the text. */
export function offsetOf(doc: Text, { line, character }: Position): number {
  if (line >= doc.lines) return doc.length;
  const found = doc.line(line + 1);
  return Math.min(found.from + character, found.to);
}

/** One request of every kind that the server answers, and whether an answer is one that the protocol allows. */
import type { Position } from "vscode-languageserver";
import type { Message } from "./client.ts";
import { isError, results } from "./guards.ts";

/** Each request as an editor would make it, at `dense` of a document. */
export function requestsAt(
  folder: string,
  uri: string,
  place: Position,
): readonly (readonly [string, unknown])[] {
  const textDocument = { uri };
  const range = { start: { line: 0, character: 0 }, end: place };
  const options = { tabSize: 2, insertSpaces: true };
  const here = { textDocument, position: place };
  const data = { root: folder, file: "std/layers", name: "dense" };
  const item = { name: "dense", kind: 5, uri, range, selectionRange: range, data };
  const requests: Readonly<Record<string, unknown>> = {
    "textDocument/diagnostic": { textDocument },
    "textDocument/hover": here,
    "textDocument/completion": here,
    "completionItem/resolve": { label: "dense", data },
    "textDocument/signatureHelp": here,
    "textDocument/rename": { ...here, newName: "layer_of_two" },
    "textDocument/prepareRename": here,
    "textDocument/definition": here,
    "textDocument/references": { ...here, context: { includeDeclaration: true } },
    "textDocument/documentHighlight": here,
    "textDocument/prepareCallHierarchy": here,
    "callHierarchy/incomingCalls": { item },
    "callHierarchy/outgoingCalls": { item },
    "textDocument/semanticTokens/full": { textDocument },
    "textDocument/semanticTokens/full/delta": { textDocument, previousResultId: "1" },
    "textDocument/semanticTokens/range": { textDocument, range },
    "textDocument/foldingRange": { textDocument },
    "textDocument/selectionRange": { textDocument, positions: [place] },
    "textDocument/documentSymbol": { textDocument },
    "workspace/symbol": { query: "net" },
    "textDocument/inlayHint": { textDocument, range },
    "textDocument/documentLink": { textDocument },
    "textDocument/formatting": { textDocument, options },
    "textDocument/rangeFormatting": { textDocument, range, options },
    "textDocument/codeAction": { textDocument, range, context: { diagnostics: [], only: ["", "source"] } },
    "workspace/willRenameFiles": { files: [{ oldUri: uri, newUri: `${uri}.margo` }] },
    "textDocument/codeLens": { textDocument },
    "codeLens/resolve": { range, data: { uri, entry: "Net" } },
    "workspace/executeCommand": { command: "margo.view", arguments: [uri, "Net", "ir"] },
    "workspace/textDocumentContent": { uri: `margo-view:/plan/Net?${encodeURIComponent(uri)}` },
  };
  return Object.entries(requests);
}

/** A result of the request's type, or an error in the protocol's words; never a bug of ours. */
export function problemOf(method: string, { result, error }: Message): string | undefined {
  if (error !== undefined)
    return isError(error) && error.code !== -32603 ? undefined : `${method}: ${JSON.stringify(error)}`;
  return results[method]?.(result) === true ? undefined : `${method}: ${JSON.stringify(result)}`;
}

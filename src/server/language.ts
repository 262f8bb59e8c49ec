/** Hover, completion, signature help and rename in the protocol's words. */
import {
  type CompletionItem,
  CompletionItemKind,
  type CompletionList,
  type CompletionParams,
  type Hover,
  type HoverParams,
  InsertTextFormat,
  LSPErrorCodes,
  type MarkupContent,
  MarkupKind,
  type PrepareRenameParams,
  type Range,
  type RenameParams,
  ResponseError,
  type SignatureHelp,
  type SignatureHelpParams,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver";
import type { TextEdit as Edit } from "../../compiler/errors/diagnostic.ts";
import { type Choice, type ChoiceKind, completionAt } from "../ide/completion.ts";
import { docOf } from "../ide/completion-names.ts";
import { hoverAt } from "../ide/hover.ts";
import { prepareRename, rename } from "../ide/rename.ts";
import { signatureAt } from "../ide/signature-help.ts";
import { type Asked, type Session, askedOf, documentsOf, offsetOf, rangeOf } from "./session.ts";
import { workspaceEdit } from "./actions.ts";

export function hover(session: Session, { textDocument, position }: HoverParams): Hover | null {
  const asked = askedOf(session, textDocument);
  const found = hoverAt(asked.documents, asked.analysis, offsetOf(asked, position));
  if (found === undefined) return null;
  const code = `\`\`\`margo\n${found.code}\n\`\`\``;
  const formats = session.client.textDocument?.hover?.contentFormat;
  return {
    contents: markup([code, ...found.notes].join("\n\n"), formats),
    range: rangeOf(asked.analysis, found.span),
  };
}

/** As Markdown where the client knows it or says nothing; else its words without the marks. */
function markup(text: string, formats: readonly MarkupKind[] | undefined): MarkupContent {
  if (formats?.includes(MarkupKind.Markdown) ?? true) return { kind: MarkupKind.Markdown, value: text };
  return { kind: MarkupKind.PlainText, value: text.replaceAll(/^```.*\n?/gm, "").replaceAll("`", "") };
}

// ---------------------------------------------------------------- completion

export function completion(session: Session, { textDocument, position }: CompletionParams): CompletionList {
  const asked = askedOf(session, textDocument);
  const { typed, choices } = completionAt(asked.documents, asked.analysis, offsetOf(asked, position));
  const range = rangeOf(asked.analysis, typed);
  const items = choices.map((choice, index) => itemOf(session, asked, choice, { range, index }));
  return { isIncomplete: false, items };
}

function itemOf(
  session: Session,
  asked: Asked,
  choice: Choice,
  { range, index }: { readonly range: Range; readonly index: number },
): CompletionItem {
  const { label, kind, detail, doc, filter, insert, edits, source } = choice;
  const canSnippet = session.client.textDocument?.completion?.completionItem?.snippetSupport === true;
  const isSnippet = choice.isSnippet === true && canSnippet;
  const newText = choice.isSnippet === true && !canSnippet ? label : (insert ?? label);
  return {
    label,
    kind: itemKinds[kind],
    sortText: String(index).padStart(5, "0"),
    textEdit: { range, newText },
    ...(filter === undefined ? {} : { filterText: filter }),
    ...(isSnippet ? { insertTextFormat: InsertTextFormat.Snippet } : {}),
    ...(detail === undefined ? {} : { detail }),
    ...(doc === undefined ? {} : { documentation: markup(doc, docFormats(session)) }),
    ...(edits === undefined ? {} : { additionalTextEdits: edits.map((edit) => editOf(asked, edit)) }),
    ...(source === undefined ? {} : { data: { root: asked.root, ...source } }),
  };
}

const itemKinds: { readonly [K in ChoiceKind]: CompletionItemKind } = {
  keyword: CompletionItemKind.Keyword,
  snippet: CompletionItemKind.Snippet,
  function: CompletionItemKind.Function,
  class: CompletionItemKind.Class,
  variable: CompletionItemKind.Variable,
  property: CompletionItemKind.Property,
  constant: CompletionItemKind.Constant,
  type: CompletionItemKind.TypeParameter,
  file: CompletionItemKind.File,
  value: CompletionItemKind.Value,
};

/** Docs are looked up when somebody looks at an item: lists are long. */
export function resolveCompletion(session: Session, item: CompletionItem): CompletionItem {
  const { root, file, name } = Object(item.data);
  if (typeof root !== "string" || typeof file !== "string" || typeof name !== "string") return item;
  if (!session.workspaces.has(root)) return item;
  const doc = docOf(documentsOf(session, root), { file, name });
  return doc === undefined ? item : { ...item, documentation: markup(doc, docFormats(session)) };
}

function docFormats({ client }: Session): readonly MarkupKind[] | undefined {
  return client.textDocument?.completion?.completionItem?.documentationFormat;
}

// ---------------------------------------------------------------- signature help

export function signatureHelp(
  session: Session,
  { textDocument, position }: SignatureHelpParams,
): SignatureHelp | null {
  const asked = askedOf(session, textDocument);
  const found = signatureAt(asked.documents, asked.analysis, offsetOf(asked, position));
  if (found === undefined) return null;
  const { label, doc, parameters, active } = found;
  const formats = session.client.textDocument?.signatureHelp?.signatureInformation?.documentationFormat;
  const documentation = doc === undefined ? {} : { documentation: markup(doc, formats) };
  // One past the last where nothing fits: editors mark nothing then.
  const activeParameter = active ?? parameters.length;
  const signature = { label, ...documentation, parameters: parameters.map((one) => ({ label: one })) };
  return { signatures: [signature], activeSignature: 0, activeParameter };
}

// ---------------------------------------------------------------- rename

export function prepare(
  session: Session,
  { textDocument, position }: PrepareRenameParams,
): { range: Range; placeholder: string } {
  const asked = askedOf(session, textDocument);
  const prepared = prepareRename(asked.documents, asked.analysis, offsetOf(asked, position));
  if ("refusal" in prepared) throw refused(prepared.refusal);
  return { range: rangeOf(asked.analysis, prepared.span), placeholder: prepared.name };
}

export function renameAll(
  session: Session,
  { textDocument, position, newName }: RenameParams,
): WorkspaceEdit {
  const asked = askedOf(session, textDocument);
  const renaming = rename(asked.documents, asked.analysis, offsetOf(asked, position), newName);
  if ("refusal" in renaming) throw refused(renaming.refusal);
  return workspaceEdit(session, asked.root, asked.documents, renaming.edits);
}

function refused(reason: string): ResponseError {
  return new ResponseError(LSPErrorCodes.RequestFailed, reason);
}

function editOf({ documents, analysis }: Asked, { span, newText }: Edit): TextEdit {
  return { range: rangeOf(documents.analysis(span.file) ?? analysis, span), newText };
}

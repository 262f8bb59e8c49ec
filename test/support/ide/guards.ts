/**
 * The protocol's types as checks at run time: the guards that come with the types where there are some, and the rest
 * written from the specification of LSP 3.18. One table says what each request may be answered with.
 */
import {
  CodeAction,
  CodeLens,
  Diagnostic,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  Hover,
  InlayHint,
  Location,
  LocationLink,
  MarkupContent,
  Range,
  SelectionRange,
  SemanticTokens,
  TextEdit,
  WorkspaceEdit,
} from "vscode-languageserver";

export type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isCount: Check = (value) => typeof value === "number" && Number.isInteger(value) && value >= 0;
const isFlag: Check = (value) => typeof value === "boolean";
const either =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value));
const exactly =
  (wanted: unknown): Check =>
  (value) =>
    value === wanted;
const absent: Check = exactly(undefined);
const optional = (check: Check): Check => either(absent, check);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((one) => check(one));
const record =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(fields).every(([name, check]) => check(Reflect.get(value, name)));

const isMarkup = either(isText, (value) => MarkupContent.is(value));

const isCompletionItem = record({
  label: isText,
  kind: optional(isCount),
  detail: optional(isText),
  documentation: optional(isMarkup),
  sortText: optional(isText),
  insertTextFormat: optional(either(exactly(1), exactly(2))),
  textEdit: optional((value) => TextEdit.is(value)),
  additionalTextEdits: optional(listOf((value) => TextEdit.is(value))),
});

const isSignature = record({
  label: isText,
  documentation: optional(isMarkup),
  parameters: optional(listOf(record({ label: either(isText, listOf(isCount)) }))),
});

const isReport = either(
  record({ kind: exactly("full"), items: listOf((value) => Diagnostic.is(value)) }),
  record({ kind: exactly("unchanged"), resultId: isText }),
);

const isPlace: Check = (value) => Location.is(value);
const isRange: Check = (value) => Range.is(value);

const isCallItem = record({
  name: isText,
  kind: isCount,
  detail: optional(isText),
  uri: isText,
  range: isRange,
  selectionRange: isRange,
});

/** What each request is answered with when all is well; `null` where the protocol allows nothing. */
export const results: Readonly<Record<string, Check>> = {
  "textDocument/diagnostic": isReport,
  "textDocument/hover": either(exactly(null), (value) => Hover.is(value)),
  "textDocument/completion": record({ isIncomplete: isFlag, items: listOf(isCompletionItem) }),
  "completionItem/resolve": isCompletionItem,
  "textDocument/signatureHelp": either(
    exactly(null),
    record({
      signatures: listOf(isSignature),
      activeSignature: optional(isCount),
      activeParameter: optional(isCount),
    }),
  ),
  "textDocument/rename": (value) => WorkspaceEdit.is(value),
  "textDocument/prepareRename": record({ range: isRange, placeholder: isText }),
  "textDocument/definition": either(
    exactly(null),
    isPlace,
    listOf((value) => LocationLink.is(value)),
  ),
  "textDocument/references": listOf(isPlace),
  "textDocument/documentHighlight": listOf(record({ range: isRange, kind: isCount })),
  "textDocument/prepareCallHierarchy": either(exactly(null), listOf(isCallItem)),
  "callHierarchy/incomingCalls": either(
    exactly(null),
    listOf(record({ from: isCallItem, fromRanges: listOf(isRange) })),
  ),
  "callHierarchy/outgoingCalls": either(
    exactly(null),
    listOf(record({ to: isCallItem, fromRanges: listOf(isRange) })),
  ),
  "textDocument/semanticTokens/full": (value) => SemanticTokens.is(value),
  "textDocument/semanticTokens/full/delta": either(
    (value) => SemanticTokens.is(value),
    record({
      resultId: optional(isText),
      edits: listOf(record({ start: isCount, deleteCount: isCount, data: optional(listOf(isCount)) })),
    }),
  ),
  "textDocument/semanticTokens/range": (value) => SemanticTokens.is(value),
  "textDocument/foldingRange": listOf((value) => FoldingRange.is(value)),
  "textDocument/selectionRange": listOf((value) => SelectionRange.is(value)),
  "textDocument/documentSymbol": listOf((value) => DocumentSymbol.is(value)),
  "workspace/symbol": listOf(record({ name: isText, kind: isCount, location: isPlace })),
  "textDocument/inlayHint": listOf((value) => InlayHint.is(value)),
  "textDocument/documentLink": listOf((value) => DocumentLink.is(value)),
  "textDocument/formatting": listOf((value) => TextEdit.is(value)),
  "textDocument/rangeFormatting": listOf((value) => TextEdit.is(value)),
  "textDocument/codeAction": listOf((value) => CodeAction.is(value)),
  "workspace/willRenameFiles": either(exactly(null), (value) => WorkspaceEdit.is(value)),
  "textDocument/codeLens": listOf((value) => CodeLens.is(value)),
  "codeLens/resolve": (value) => CodeLens.is(value),
  "workspace/executeCommand": record({ title: isText, language: isText, text: isText }),
  "workspace/textDocumentContent": record({ text: isText }),
};

/** What the server may send of its own accord. */
export const notifications: Readonly<Record<string, Check>> = {
  "textDocument/publishDiagnostics": record({
    uri: isText,
    diagnostics: listOf((value) => Diagnostic.is(value)),
  }),
  "client/registerCapability": record({ registrations: listOf(record({ id: isText, method: isText })) }),
  "workspace/configuration": record({ items: listOf(record({ section: isText })) }),
  "workspace/diagnostic/refresh": either(absent, exactly(null)),
  "workspace/inlayHint/refresh": either(absent, exactly(null)),
  "workspace/codeLens/refresh": either(absent, exactly(null)),
  "workspace/textDocumentContent/refresh": record({ uri: isText }),
};

/** An error of the protocol: a code and words. */
export const isError: Check = record({
  code: (value) => typeof value === "number" && Number.isInteger(value),
  message: isText,
});

/** Every kind of request that the server answers, one line each. */
import {
  CallHierarchyIncomingCallsRequest,
  CallHierarchyOutgoingCallsRequest,
  CallHierarchyPrepareRequest,
  CodeActionRequest,
  CodeLensRequest,
  CodeLensResolveRequest,
  CompletionRequest,
  CompletionResolveRequest,
  DefinitionRequest,
  DocumentDiagnosticRequest,
  DocumentFormattingRequest,
  DocumentHighlightRequest,
  DocumentLinkRequest,
  DocumentRangeFormattingRequest,
  DocumentSymbolRequest,
  ExecuteCommandRequest,
  FileOperationPatternKind,
  FoldingRangeRequest,
  HoverRequest,
  InlayHintRequest,
  PrepareRenameRequest,
  ReferencesRequest,
  RenameRequest,
  SelectionRangeRequest,
  SemanticTokensDeltaRequest,
  SemanticTokensRangeRequest,
  SemanticTokensRequest,
  TextDocumentContentRequest,
  SignatureHelpRequest,
  WillRenameFilesRequest,
  WorkspaceSymbolRequest,
} from "vscode-languageserver";
import { codeActionKinds, codeActions, willRename } from "./actions.ts";
import { incoming, outgoing, prepareCalls } from "./calls.ts";
import { changesOfTokens, legend, tokensOfDocument, tokensOfRange } from "./colours.ts";
import { pullDiagnostics } from "./diagnostics.ts";
import { type Feature, feature } from "./feature.ts";
import { formatting, rangeFormatting } from "./formatting.ts";
import { executeCommand, lenses, resolveLens, viewCommand, viewContent, viewScheme } from "./lenses.ts";
import { completion, hover, prepare, renameAll, resolveCompletion, signatureHelp } from "./language.ts";
import { definition, highlights, references } from "./navigation.ts";
import { documentSymbols, folds, hints, links, selections, workspaceSymbols } from "./tree.ts";

const pull = { diagnosticProvider: { interFileDependencies: true, workspaceDiagnostics: false } };
const colours = { semanticTokensProvider: { legend, full: { delta: true }, range: true } };
const views = { workspace: { textDocumentContent: { schemes: [viewScheme] } } };
const margoFiles = { scheme: "file", pattern: { glob: "**/*.margo" } };
/** Whoever watches files is told of a folder that goes, but not of what was in it. */
const folders = { scheme: "file", pattern: { glob: "**/*", matches: FileOperationPatternKind.folder } };
const renames = {
  workspace: {
    fileOperations: {
      willRename: { filters: [margoFiles, folders] },
      didRename: { filters: [folders] },
      didDelete: { filters: [folders] },
    },
  },
};

const choices = {
  completionProvider: { triggerCharacters: [">", ".", "/", '"', "~"], resolveProvider: true },
};
const calls = { signatureHelpProvider: { triggerCharacters: ["(", ","], retriggerCharacters: [":"] } };

export const features: readonly Feature[] = [
  feature(DocumentDiagnosticRequest.type, pull, pullDiagnostics),
  feature(HoverRequest.type, { hoverProvider: true }, hover),
  feature(CompletionRequest.type, choices, completion),
  feature(CompletionResolveRequest.type, {}, resolveCompletion),
  feature(SignatureHelpRequest.type, calls, signatureHelp),
  feature(RenameRequest.type, { renameProvider: { prepareProvider: true } }, renameAll),
  feature(PrepareRenameRequest.type, {}, prepare),
  feature(DefinitionRequest.type, { definitionProvider: true }, definition),
  feature(ReferencesRequest.type, { referencesProvider: true }, references),
  feature(DocumentHighlightRequest.type, { documentHighlightProvider: true }, highlights),
  feature(CallHierarchyPrepareRequest.type, { callHierarchyProvider: true }, prepareCalls),
  feature(CallHierarchyIncomingCallsRequest.type, {}, incoming),
  feature(CallHierarchyOutgoingCallsRequest.type, {}, outgoing),
  feature(SemanticTokensRequest.type, colours, tokensOfDocument),
  feature(SemanticTokensDeltaRequest.type, {}, changesOfTokens),
  feature(SemanticTokensRangeRequest.type, {}, tokensOfRange),
  feature(FoldingRangeRequest.type, { foldingRangeProvider: true }, folds),
  feature(SelectionRangeRequest.type, { selectionRangeProvider: true }, selections),
  feature(DocumentSymbolRequest.type, { documentSymbolProvider: true }, documentSymbols),
  feature(WorkspaceSymbolRequest.type, { workspaceSymbolProvider: true }, workspaceSymbols),
  feature(InlayHintRequest.type, { inlayHintProvider: true }, hints),
  feature(DocumentLinkRequest.type, { documentLinkProvider: { resolveProvider: false } }, links),
  feature(DocumentFormattingRequest.type, { documentFormattingProvider: true }, formatting),
  feature(DocumentRangeFormattingRequest.type, { documentRangeFormattingProvider: true }, rangeFormatting),
  feature(CodeActionRequest.type, { codeActionProvider: { codeActionKinds } }, codeActions),
  feature(WillRenameFilesRequest.type, renames, willRename),
  feature(CodeLensRequest.type, { codeLensProvider: { resolveProvider: true } }, lenses),
  feature(CodeLensResolveRequest.type, {}, resolveLens),
  feature(
    ExecuteCommandRequest.type,
    { executeCommandProvider: { commands: [viewCommand] } },
    executeCommand,
  ),
  feature(TextDocumentContentRequest.type, views, viewContent),
];

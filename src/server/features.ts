/** Every kind of request that the server answers, one line each. */
import {
  DefinitionRequest,
  DocumentDiagnosticRequest,
  DocumentHighlightRequest,
  ReferencesRequest,
} from "vscode-languageserver";
import { pullDiagnostics } from "./diagnostics.ts";
import { type Feature, feature } from "./feature.ts";
import { definition, highlights, references } from "./navigation.ts";

const pull = { diagnosticProvider: { interFileDependencies: true, workspaceDiagnostics: false } };

export const features: readonly Feature[] = [
  feature(DocumentDiagnosticRequest.type, pull, pullDiagnostics),
  feature(DefinitionRequest.type, { definitionProvider: true }, definition),
  feature(ReferencesRequest.type, { referencesProvider: true }, references),
  feature(DocumentHighlightRequest.type, { documentHighlightProvider: true }, highlights),
];

/** Definition, references and highlights in the protocol's words. */
import {
  type DefinitionParams,
  type DocumentHighlight,
  DocumentHighlightKind,
  type DocumentHighlightParams,
  type Location,
  type LocationLink,
  type ReferenceParams,
} from "vscode-languageserver";
import { definitionAt, highlightsAt, referencesAt } from "../ide/definition.ts";
import { type Session, askedOf, locationOf, offsetOf, rangeOf, workspacesUsing } from "./session.ts";

export function definition(
  session: Session,
  { textDocument, position }: DefinitionParams,
): Location | LocationLink[] | null {
  const asked = askedOf(session, textDocument);
  const found = definitionAt(asked.documents, asked.analysis, offsetOf(asked, position));
  const target = found === undefined ? undefined : locationOf(session, asked, found.whole);
  const name = found === undefined ? undefined : locationOf(session, asked, found.name);
  if (found === undefined || target === undefined || name === undefined) return null;
  if (session.client.textDocument?.definition?.linkSupport !== true) return name;
  return [
    {
      originSelectionRange: rangeOf(asked.analysis, found.from),
      targetUri: target.uri,
      targetRange: target.range,
      targetSelectionRange: name.range,
    },
  ];
}

export function references(
  session: Session,
  { textDocument, position, context }: ReferenceParams,
): Location[] {
  const asked = askedOf(session, textDocument);
  const offset = offsetOf(asked, position);
  const { file, module } = asked.analysis;
  const found = new Map<string, Location>();
  for (const [root, documents] of workspacesUsing(session, asked.root, file)) {
    const analysis = documents.analysis(file);
    // Another workspace may read the library as it is on disk, where the offset means something else.
    if (analysis?.module.text !== module.text) continue;
    for (const { span, role } of referencesAt(documents, analysis, offset)) {
      const location = locationOf(session, { ...asked, root, documents }, span);
      const isWanted = role !== "declaration" || context?.includeDeclaration !== false;
      if (location !== undefined && isWanted) found.set(`${location.uri}:${span.start}`, location);
    }
  }
  return [...found.values()];
}

export function highlights(
  session: Session,
  { textDocument, position }: DocumentHighlightParams,
): DocumentHighlight[] {
  const asked = askedOf(session, textDocument);
  return highlightsAt(asked.documents, asked.analysis, offsetOf(asked, position)).map(({ span, role }) => ({
    range: rangeOf(asked.analysis, span),
    kind: role === "read" ? DocumentHighlightKind.Read : DocumentHighlightKind.Write,
  }));
}

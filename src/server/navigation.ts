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
import { type Session, askedOf, locationOf, offsetOf, rangeOf } from "./session.ts";

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
  const found = referencesAt(asked.documents, asked.analysis, offsetOf(asked, position));
  const wanted =
    context?.includeDeclaration === false ? found.filter(({ role }) => role !== "declaration") : found;
  return wanted.flatMap(({ span }) => locationOf(session, asked, span) ?? []);
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

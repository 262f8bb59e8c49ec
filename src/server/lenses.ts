/**
 * Lenses and what their commands show, in the protocol's words. The commands themselves are the client's, which knows
 * where to put a picture; `margo.view` and documents of the scheme `margo-view` give it what there is to show.
 */
import {
  type CodeLens,
  type CodeLensParams,
  ErrorCodes,
  type ExecuteCommandParams,
  LSPErrorCodes,
  ResponseError,
  type TextDocumentContentParams,
  TextDocumentContentRefreshRequest,
  type TextDocumentContentResult,
} from "vscode-languageserver";
import { sizeOfEntry, sizeText } from "../ide/entry-size.ts";
import { lensesOf } from "../ide/lenses.ts";
import type { ViewKind } from "../ide/views.ts";
import { type Session, askPolitely, askedOf, perSession, rangeOf } from "./session.ts";

export const viewCommand = "margo.view";
export const viewScheme = "margo-view";

/** Sizes are counted when a lens comes into sight. */
export function lenses(session: Session, { textDocument }: CodeLensParams): CodeLens[] {
  if (!session.settings.codeLens) return [];
  const { analysis, uri } = askedOf(session, textDocument);
  return lensesOf(analysis).map(({ start, end, entry, what }) => {
    const range = rangeOf(analysis, { start, end });
    if (what.kind === "size") return { range, data: { uri, entry } };
    return { range, command: { title: what.title, command: what.command, arguments: [uri, entry] } };
  });
}

export function resolveLens(session: Session, lens: CodeLens): CodeLens {
  const [uri, entry] = [textIn(lens.data, "uri"), textIn(lens.data, "entry")];
  if (uri === undefined || entry === undefined) return lens;
  const { documents, analysis } = askedOf(session, { uri });
  const size = sizeOfEntry(documents, analysis.file, entry);
  const title = size === undefined ? "its size shows once it checks" : sizeText(size);
  // A command without a name is shown and does nothing.
  return { ...lens, command: { title, command: "" } };
}

/** `margo.view` with a document, an entry, what to show of it and, for `ir`, a stage. */
export async function executeCommand(session: Session, params: ExecuteCommandParams): Promise<unknown> {
  if (params.command !== viewCommand)
    throw new ResponseError(ErrorCodes.InvalidParams, `there is no command ${params.command}`);
  const [uri, entry, what, stage] = (params.arguments ?? []).map(String);
  if (uri === undefined || entry === undefined || what === undefined)
    throw new ResponseError(
      ErrorCodes.InvalidParams,
      `${viewCommand} takes a document, an entry and what to show`,
    );
  return view(session, uri, { entry, what, stage });
}

/** `margo-view:/WHAT/ENTRY/STAGE/TITLE?URI`; the title is for tabs, and it and the stage may be left out. */
export async function viewContent(
  session: Session,
  { uri }: TextDocumentContentParams,
): Promise<TextDocumentContentResult> {
  const [, path = "", query = ""] = new RegExp(`^${viewScheme}:/([^?]*)\\?(.*)$`).exec(uri) ?? [];
  const [what, entry, stage] = path.split("/").map(decoded);
  if (what === undefined || entry === undefined)
    throw new ResponseError(ErrorCodes.InvalidParams, `${uri} names nothing to show`);
  remembered(session).uris.add(uri);
  return view(session, decoded(query), { what, entry, stage: stage === "" ? undefined : stage });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ResponseError(ErrorCodes.InvalidParams, `${text} is not percent-encoded text`);
  }
}

/** The documents of views that a client has looked at since it was last told to look again. */
interface Remembered {
  readonly uris: Set<string>;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const remembered = perSession((): Remembered => ({ uris: new Set(), timer: undefined }));

/** A view takes a whole compilation, so it is made anew when typing pauses. */
const pauseBeforeViews = 300;

/**
 * A text has changed, and views with it: the client is told to ask again for those that it has asked for. One that is
 * closed by now is not asked for and so forgotten.
 */
export function refreshViews(session: Session): void {
  const known = remembered(session);
  if (known.uris.size === 0) return;
  clearTimeout(known.timer);
  known.timer = setTimeout(() => {
    const uris = [...known.uris];
    known.uris.clear();
    for (const uri of uris)
      askPolitely(session.connection.sendRequest(TextDocumentContentRefreshRequest.type, { uri }));
  }, pauseBeforeViews);
}

async function view(
  session: Session,
  uri: string,
  {
    entry,
    what,
    stage,
  }: { readonly entry: string; readonly what: string; readonly stage: string | undefined },
): Promise<{ readonly title: string; readonly language: string; readonly text: string }> {
  const { documents, analysis } = askedOf(session, { uri });
  // The compiler's passes and code generators are loaded when somebody wants to see what they do.
  const { viewKinds, viewOf } = await import("../ide/views.ts");
  const isKind = (text: string): text is ViewKind => viewKinds.some((kind) => kind === text);
  if (!isKind(what))
    throw new ResponseError(ErrorCodes.InvalidParams, `${what} cannot be shown; ${viewKinds.join(", ")} can`);
  const more = stage === undefined ? {} : { stage };
  const shown = await viewOf(documents, { file: analysis.file, entry, what, ...more });
  if (shown.kind === "refused") throw new ResponseError(LSPErrorCodes.RequestFailed, shown.reason);
  const { title, language, text } = shown;
  return { title, language, text };
}

function textIn(data: unknown, name: string): string | undefined {
  const value: unknown = typeof data === "object" && data !== null ? Reflect.get(data, name) : undefined;
  return typeof value === "string" ? value : undefined;
}

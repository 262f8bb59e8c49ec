/**
 * What a request cannot be answered without. Clients are programs, and programs have bugs: what they leave out or get wrong is told
 * them in the protocol's words. Places are not looked at here but where they are turned into offsets.
 */

type Shape = (value: unknown) => boolean;

const isText: Shape = (value) => typeof value === "string";
const isList: Shape = (value) => Array.isArray(value);
const isMoves: Shape = (value) =>
  Array.isArray(value) &&
  value.every((one) => isText(fieldOf(one, "oldUri")) && isText(fieldOf(one, "newUri")));

/** What prepareCallHierarchy has given: clients send it back whole. */
const isItem: Shape = (value) =>
  ["root", "file", "name"].every((name) => isText(fieldOf(fieldOf(value, "data"), name)));

/** Besides the document of everything that begins with `textDocument/`. */
const needs: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  "textDocument/rename": { newName: isText },
  "textDocument/selectionRange": { positions: isList },
  "callHierarchy/incomingCalls": { item: isItem },
  "callHierarchy/outgoingCalls": { item: isItem },
  "workspace/symbol": { query: isText },
  "workspace/willRenameFiles": { files: isMoves },
  "workspace/executeCommand": { command: isText },
  "workspace/textDocumentContent": { uri: isText },
};

/** What is wrong with a request's parameters, in words; undefined if nothing is. */
export function faultIn(method: string, params: unknown): string | undefined {
  if (typeof params !== "object" || params === null) return `${method} needs parameters`;
  if (method.startsWith("textDocument/") && uriIn(params) === undefined)
    return `${method} needs a textDocument with its uri`;
  const wrong = Object.entries(needs[method] ?? {}).find(([name, fits]) => !fits(fieldOf(params, name)));
  return wrong === undefined ? undefined : `${method} needs ${wrong[0]}`;
}

/** The document that a request is about. */
export function uriIn(params: unknown): string | undefined {
  const uri = fieldOf(fieldOf(params, "textDocument"), "uri");
  return typeof uri === "string" ? uri : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

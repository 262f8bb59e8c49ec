/**
 * Shapes of LSP 3.18, as far as the server sends them: each checks a value and names the first place that is wrong. Every
 * message that leaves the server in a test goes through here, so a misspelt field or a stray `undefined` shows.
 */
import type { Message } from "./client.ts";

/** Undefined where the value fits, else what is wrong with it. */
type Shape = (value: unknown, at: string) => string | undefined;

const is =
  (type: "string" | "number" | "boolean"): Shape =>
  (value, at) =>
    typeof value === type ? undefined : `${at} is no ${type}`;
const text = is("string");
const flag = is("boolean");
const whole: Shape = (value, at) =>
  Number.isInteger(value) && Number(value) >= 0 ? undefined : `${at} is no whole number from 0`;
const anything: Shape = () => undefined;

const list =
  (item: Shape): Shape =>
  (value, at) =>
    Array.isArray(value)
      ? value.map((one, index) => item(one, `${at}[${index}]`)).find((wrong) => wrong !== undefined)
      : `${at} is no list`;

const either =
  (...shapes: readonly Shape[]): Shape =>
  (value, at) => {
    const wrongs = shapes.map((shape) => shape(value, at));
    return wrongs.includes(undefined) ? undefined : wrongs.join(", or ");
  };

const nothing: Shape = (value, at) => (value === null ? undefined : `${at} is not null`);
const orNull = (shape: Shape): Shape => either(nothing, shape);

/** No field but these; those with `?` may be missing. */
const record =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return `${at} is no object`;
    const known = new Map(Object.entries(fields).map(([name, shape]) => [name.replace("?", ""), shape]));
    for (const name of Object.keys(value)) if (!known.has(name)) return `${at} has a field ${name}`;
    for (const [name, shape] of Object.entries(fields)) {
      const plain = name.replace("?", "");
      const field: unknown = Reflect.get(value, plain);
      if (field === undefined && name.endsWith("?")) continue;
      const wrong = shape(field, `${at}.${plain}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };

const mapOf =
  (shape: Shape): Shape =>
  (value, at) =>
    typeof value === "object" && value !== null
      ? Object.entries(value)
          .map(([key, one]) => shape(one, `${at}.${key}`))
          .find((wrong) => wrong !== undefined)
      : `${at} is no object`;

const position = record({ line: whole, character: whole });
const range: Shape = (value, at) => {
  const wrong = record({ start: position, end: position })(value, at);
  if (wrong !== undefined) return wrong;
  const { start, end } = Object(value);
  const isForward = start.line < end.line || (start.line === end.line && start.character <= end.character);
  return isForward ? undefined : `${at} ends before it starts`;
};
const location = record({ uri: text, range });
const markup = record({ kind: text, value: text });
const textEdit = record({ range, newText: text });
const workspaceEdit = record({ changes: mapOf(list(textEdit)) });
const diagnostic = record({
  range,
  severity: whole,
  code: text,
  source: text,
  message: text,
  "codeDescription?": record({ href: text }),
  "relatedInformation?": list(record({ location, message: text })),
  "tags?": list(whole),
  "data?": anything,
});
const completionItem = record({
  label: text,
  kind: whole,
  sortText: text,
  textEdit,
  "insertTextFormat?": whole,
  "detail?": text,
  "documentation?": markup,
  "additionalTextEdits?": list(textEdit),
  "data?": anything,
});
const signature = record({
  label: text,
  "documentation?": markup,
  parameters: list(record({ label: text })),
});
const symbol: Shape = (value, at) =>
  record({
    name: text,
    "detail?": text,
    kind: whole,
    range,
    selectionRange: range,
    "children?": list(symbol),
    "tags?": list(whole),
  })(value, at);
const selection: Shape = (value, at) => record({ range, "parent?": selection })(value, at);

/** What answers each request. */
const results: Readonly<Record<string, Shape>> = {
  initialize: record({ capabilities: anything, serverInfo: record({ name: text, "version?": text }) }),
  shutdown: nothing,
  "textDocument/hover": orNull(record({ contents: markup, range })),
  "textDocument/completion": record({ isIncomplete: flag, items: list(completionItem) }),
  "completionItem/resolve": completionItem,
  "textDocument/signatureHelp": orNull(
    record({ signatures: list(signature), activeSignature: whole, activeParameter: whole }),
  ),
  "textDocument/definition": orNull(location),
  "textDocument/references": list(location),
  "textDocument/documentHighlight": list(record({ range, kind: whole })),
  "textDocument/prepareRename": record({ range, placeholder: text }),
  "textDocument/rename": workspaceEdit,
  "textDocument/diagnostic": either(
    record({ kind: text, resultId: text, items: list(diagnostic) }),
    record({ kind: text, resultId: text }),
  ),
  "textDocument/documentSymbol": list(symbol),
  "textDocument/foldingRange": list(
    record({
      startLine: whole,
      endLine: whole,
      "startCharacter?": whole,
      "endCharacter?": whole,
      "kind?": text,
      "collapsedText?": text,
    }),
  ),
  "textDocument/selectionRange": list(selection),
  "textDocument/semanticTokens/full": record({ data: list(whole), "resultId?": text }),
  "textDocument/semanticTokens/range": record({ data: list(whole), "resultId?": text }),
};

const notifications: Readonly<Record<string, Shape>> = {
  "textDocument/publishDiagnostics": record({ uri: text, "version?": whole, diagnostics: list(diagnostic) }),
  "window/logMessage": record({ type: whole, message: text }),
  "$/progress": record({ token: anything, value: anything }),
};

/** What is wrong with a message from the server; `method` is that of the request that it answers. */
export function wrongWith(message: Message, method: string | undefined): string | undefined {
  if (message.jsonrpc !== "2.0") return "jsonrpc is not 2.0";
  if (message.method !== undefined) {
    const shape = notifications[message.method];
    return shape === undefined ? `nobody expects ${message.method}` : shape(message.params, message.method);
  }
  if (message.error !== undefined)
    return record({ code: is("number"), message: text, "data?": anything })(message.error, "error");
  if (method === undefined) return "it answers nothing that was asked";
  return results[method]?.(message.result, method);
}

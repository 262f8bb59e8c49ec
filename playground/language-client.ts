/**
 * CodeMirror as a client of the language server: completion, hover, signatures, rename, definition, references and the
 * formatter come from it. Marks under the text do not: the page asks the compiler itself for those, with their fixes.
 */
import {
  LSPClient,
  type Transport,
  findReferencesKeymap,
  formatDocument,
  formatKeymap,
  hoverTooltips,
  jumpToDefinitionKeymap,
  renameKeymap,
  serverCompletion,
  signatureHelp,
} from "@codemirror/lsp-client";
import type { Extension } from "@codemirror/state";
import { type EditorView, keymap } from "@codemirror/view";
import { mainFile } from "./main-file.ts";

export interface LanguageClient {
  readonly extension: Extension;
  readonly format: (view: EditorView) => void;
}

/** A server that does not start leaves an editor without it, and the reason for who asks. */
export function startLanguageClient(onFailure: (reason: string) => void): LanguageClient {
  const worker = new Worker(new URL("./language.worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("error", ({ message }) => onFailure(`The language server stopped: ${message}`));
  const keys = [...formatKeymap, ...renameKeymap, ...jumpToDefinitionKeymap, ...findReferencesKeymap];
  const client = new LSPClient({
    rootUri: "file:///",
    timeout: 10_000,
    sanitizeHTML,
    extensions: [serverCompletion(), hoverTooltips(), signatureHelp(), keymap.of(keys)],
  }).connect(transportOf(worker));
  return {
    extension: client.plugin(`file:///${mainFile}`, "margo"),
    format: (view) => void formatDocument(view),
  };
}

/** The client speaks text, the worker objects. */
function transportOf(worker: Worker): Transport {
  const handlers = new Map<(text: string) => void, (event: MessageEvent<unknown>) => void>();
  return {
    send: (text) => worker.postMessage(JSON.parse(text)),
    subscribe: (handler) => {
      const listener = ({ data }: MessageEvent<unknown>): void => handler(JSON.stringify(data));
      handlers.set(handler, listener);
      worker.addEventListener("message", listener);
    },
    unsubscribe: (handler) => {
      const listener = handlers.get(handler);
      if (listener !== undefined) worker.removeEventListener("message", listener);
      handlers.delete(handler);
    },
  };
}

const plainElements =
  "p,br,em,strong,code,pre,ul,ol,li,h1,h2,h3,h4,hr,span,a,table,thead,tbody,tr,th,td,blockquote";

/** Documentation is Markdown out of somebody's source: what is left of it are words and their shape. */
function sanitizeHTML(html: string): string {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const found of body.querySelectorAll("*")) {
    if (!found.matches(plainElements)) {
      found.remove();
      continue;
    }
    for (const { name } of [...found.attributes])
      if (name !== "class" && !(name === "href" && /^https?:/.test(found.getAttribute("href") ?? "")))
        found.removeAttribute(name);
  }
  return body.innerHTML;
}

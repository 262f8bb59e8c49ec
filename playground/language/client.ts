/**
 * CodeMirror as a client of the language server, which is where everything about the text comes from: problems and what
 * mends them, completion, hover, signatures, colours, hints, lenses, names, folds and the formatter.
 */
import {
  type Transport,
  findReferencesKeymap,
  hoverTooltips,
  renameKeymap,
  signatureHelp,
} from "@codemirror/lsp-client";
import type { Extension } from "@codemirror/state";
import { type EditorView, keymap } from "@codemirror/view";
import { mainFile } from "../main-file.ts";
import { annotated } from "./annotations.ts";
import { commandKeys, formatAll } from "./commands.ts";
import { completion } from "./completion.ts";
import { definitions } from "./definition.ts";
import { highlighted } from "./highlights.ts";
import { menu } from "./menu.ts";
import { PageClient } from "./page-client.ts";
import { type Problem, problems } from "./problems.ts";
import { resultPanel, showResult } from "./result-panel.ts";
import { type LibraryView, PageWorkspace } from "./workspace.ts";

export interface LanguageClient {
  /** For the file that is edited. */
  readonly extension: Extension;
  /** For a module of the library: what reads, and nothing that writes. */
  readonly reading: (file: string) => Extension;
  readonly format: (view: EditorView) => void;
  /** Analytic against numeric gradients of an entry, shown below the editor. */
  readonly checkGradients: (view: EditorView, entry: string) => Promise<void>;
}

export interface PageOfClient {
  readonly library: LibraryView;
  /** The problems of the text as it stands. */
  readonly onProblems: (found: readonly Problem[]) => void;
  /** A command of a lens. */
  readonly onCommand: (command: string, entry: string) => void;
  /** A server that does not start or fails leaves an editor without it, and this reason. */
  readonly onFailure: (reason: string) => void;
}

export function startLanguageClient(page: PageOfClient): LanguageClient {
  const worker = new Worker(new URL("../language.worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("error", ({ message }) =>
    page.onFailure(`The language server stopped: ${message}`),
  );
  const fail = (error: unknown): void => page.onFailure(`The language server failed: ${wordsOf(error)}`);
  const client = new PageClient({
    rootUri: "file:///",
    timeout: 10_000,
    sanitizeHTML,
    workspace: (made) => new PageWorkspace(made, page.library),
    extensions: [hoverTooltips(), definitions(), keymap.of(findReferencesKeymap)],
  }).connect(transportOf(worker));
  const writing = [
    ...[completion(), signatureHelp(), problems(page.onProblems, fail)],
    ...[annotated(page.onCommand, fail), highlighted(fail), menu, resultPanel],
    keymap.of([...renameKeymap, ...commandKeys(fail)]),
  ];
  return {
    extension: [client.plugin(uriOf(mainFile), "margo"), writing],
    reading: (file) => [client.plugin(uriOf(file), "margo"), annotated(undefined, fail)],
    format: (view) => void formatAll(view).catch(fail),
    checkGradients: async (view, entry) => {
      const request = { command: "margo.view", arguments: [uriOf(mainFile), entry, "gradcheck"] };
      client.sync();
      try {
        const shown = await client.request<unknown, Shown>("workspace/executeCommand", request);
        showResult(view, shown.title, shown.text);
      } catch (error) {
        showResult(view, `gradients of ${entry}`, wordsOf(error));
      }
    },
  };
}

interface Shown {
  readonly title: string;
  readonly text: string;
}

function uriOf(file: string): string {
  return `file:///${file}`;
}

/** Errors of the server are plain data. */
function wordsOf(error: unknown): string {
  const message: unknown =
    typeof error === "object" && error !== null ? Reflect.get(error, "message") : undefined;
  return typeof message === "string" ? message : String(error);
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

/**
 * The client library's client, but for two things: a question that an edit has overtaken is answered by nothing instead of
 * an error, since whoever asked has a newer text to ask about; and it remembers the items of the last completion.
 */
import { LSPClient } from "@codemirror/lsp-client";
import type { CompletionItem, CompletionList } from "vscode-languageserver-protocol";

export class PageClient extends LSPClient {
  /** In the order of the choices that the library makes of them. */
  offered: readonly CompletionItem[] = [];

  override async request<Params, Result>(method: string, params: Params): Promise<Result> {
    try {
      const result = await super.request<Params, Result>(method, params);
      if (method === "textDocument/completion") this.offered = isList(result) ? result.items : [];
      return result;
    } catch (error) {
      if (isOvertaken(error)) return nothing<Result>();
      throw error;
    }
  }
}

/** Every question that an edit can overtake may be answered by null in the protocol, and the library expects it. */
function nothing<Result>(): Result {
  return null as Result;
}

function isList(result: unknown): result is CompletionList {
  return typeof result === "object" && result !== null && "items" in result && Array.isArray(result.items);
}

/** The protocol's codes for a cancelled request and for a text that has changed since. */
const overtaken: readonly unknown[] = [-32800, -32801];

function isOvertaken(error: unknown): boolean {
  const code: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
  return overtaken.includes(code);
}

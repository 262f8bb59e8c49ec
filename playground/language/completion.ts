/**
 * Completion by the language server, with what each choice means. The server looks that up when somebody looks at a choice,
 * which the client library does not ask for: so the items of the last answer are kept beside the choices made of them.
 */
import type { Completion, CompletionSource } from "@codemirror/autocomplete";
import { LSPPlugin, serverCompletionSource } from "@codemirror/lsp-client";
import { EditorState, type Extension } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { CompletionItem } from "vscode-languageserver-protocol";
import { make } from "../page.ts";
import { PageClient } from "./page-client.ts";

export function completion(): Extension {
  return EditorState.languageData.of(() => [{ autocomplete: source }]);
}

const source: CompletionSource = async (context) => {
  const { view } = context;
  const result = await serverCompletionSource(context);
  const client = view === undefined ? undefined : LSPPlugin.get(view)?.client;
  if (result === null || view === undefined || !(client instanceof PageClient)) return result;
  // One choice an item, in their order.
  const { offered } = client;
  const options = result.options.map((option, at) => explained(view, client, option, offered[at]));
  return { ...result, options };
};

function explained(
  view: EditorView,
  client: PageClient,
  option: Completion,
  item: CompletionItem | undefined,
): Completion {
  if (option.info !== undefined || item?.data === undefined) return option;
  return {
    ...option,
    info: async () => {
      const { documentation } = await client.request<CompletionItem, CompletionItem>(
        "completionItem/resolve",
        item,
      );
      const html = documentation === undefined ? undefined : LSPPlugin.get(view)?.docToHTML(documentation);
      if (html === undefined) return null;
      const shown = make("div", { class: "cm-lsp-documentation cm-lsp-completion-documentation" });
      // The client library has made it plain elements.
      shown.innerHTML = html;
      return shown;
    },
  };
}

/**
 * The files of the page as the client library wants them: the one that is edited, and while somebody looks at it one module
 * of the library, to read. Where a view of it stands is the editor's business.
 */
import { type LSPClient, LSPPlugin, Workspace, type WorkspaceFile } from "@codemirror/lsp-client";
import type { ChangeSet, Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";

/** Shows a module of the library; undefined where there is none of that name. */
export interface LibraryView {
  readonly open: (file: string) => Promise<EditorView | undefined>;
  /** Back to the file that is edited. */
  readonly close: () => void;
}

interface OpenFile extends WorkspaceFile {
  readonly view: EditorView;
}

export class PageWorkspace extends Workspace {
  override files: OpenFile[] = [];
  readonly #library: LibraryView;
  #version = 0;

  constructor(client: LSPClient, library: LibraryView) {
    super(client);
    this.#library = library;
  }

  override syncFiles(): { file: WorkspaceFile; prevDoc: Text; changes: ChangeSet }[] {
    return this.files.flatMap((file) => {
      const plugin = LSPPlugin.get(file.view);
      if (plugin === null || plugin.unsyncedChanges.empty) return [];
      const update = { file, prevDoc: file.doc, changes: plugin.unsyncedChanges };
      file.doc = file.view.state.doc;
      file.version = ++this.#version;
      plugin.clear();
      return [update];
    });
  }

  override openFile(uri: string, languageId: string, view: EditorView): void {
    const { doc } = view.state;
    const file: OpenFile = { uri, languageId, version: ++this.#version, doc, view, getView: () => view };
    this.files.push(file);
    this.client.didOpen(file);
  }

  override closeFile(uri: string): void {
    this.files = this.files.filter((file) => file.uri !== uri);
    this.client.didClose(uri);
  }

  /** `file:///std/layers` is the module `std/layers`. */
  override async displayFile(uri: string): Promise<EditorView | null> {
    const known = this.files.find((file) => file.uri === uri);
    if (known !== undefined) {
      if (known === this.files[0]) this.#library.close();
      return known.view;
    }
    return (await this.#library.open(decodeURIComponent(uri.replace(/^file:\/\/\//, "")))) ?? null;
  }
}

/**
 * What the functions of the editor look at: the files of one workspace, open buffers in front of those on disk. An
 * `Analysis` is all that is known about one version of a file: its words, its tree, its names, its mistakes and types.
 * Each part is made when it is first asked for and kept until a text changes that it depends on.
 */
import type { IToken } from "chevrotain";
import { type CheckResult, type SourceHost, checkFileIn } from "../../compiler/check/index.ts";
import {
  type LoadedModule,
  type Workspace,
  isLibrary,
  loadModule,
  openLastingWorkspace,
  unreadModule,
} from "../../compiler/check/workspace.ts";
import { fileTooLarge } from "../../compiler/errors/syntax.ts";
import { type SourceText, sourceText } from "../../compiler/syntax/source.ts";
import { tokenize } from "../../grammar/tokens.ts";
import { type Occurrence, occurrencesOf } from "./names.ts";

/** How the editor sees a workspace: its files can be listed. */
export interface DocumentHost extends SourceHost {
  /** Names of the .margo files of the workspace. */
  files(): readonly string[];
  /** What is in a folder of the workspace, folders with a `/` at their end; nothing where files cannot be listed. */
  entries?(folder: string): readonly string[];
}

export interface Analysis {
  readonly file: string;
  readonly source: SourceText;
  /** The tree and what parsing reported. */
  readonly module: LoadedModule;
  /** Words and comments as the lexer sees them, in the order of the text. */
  readonly words: Words;
  /** Every name in the text with what it stands for, in the order of the text. */
  readonly names: readonly Occurrence[];
  /** Mistakes of the file and of what it imports, and the type of each expression. */
  readonly check: CheckResult;
  /** The type of the expression that fills a stretch of the text, as the checker found it last. */
  readonly typeOf: (start: number, end: number) => string | undefined;
}

export interface Words {
  readonly tokens: readonly IToken[];
  readonly comments: readonly IToken[];
}

/** The state of an editing session: texts come in, analyses come out. */
export class Documents {
  readonly #host: DocumentHost;
  readonly #open = new Map<string, string>();
  readonly #analyses = new Map<string, Analysis>();
  readonly workspace: Workspace;
  #revision = 0;

  constructor(host: DocumentHost) {
    this.#host = host;
    this.workspace = openLastingWorkspace({
      read: (file) => this.#open.get(file) ?? host.read(file),
      library: () => host.library?.() ?? [],
    });
  }

  /** Grows whenever a text changes. */
  get revision(): number {
    return this.#revision;
  }

  /** An open buffer's text, which counts instead of the file's on disk. */
  setText(file: string, text: string): void {
    if (this.#open.get(file) === text) return;
    this.#open.set(file, text);
    this.#forget(file);
  }

  close(file: string): void {
    if (this.#open.delete(file)) this.#forget(file);
  }

  /** A file was written, made or removed by somebody else, or a folder with all that lies in it. */
  changedOnDisk(path: string): void {
    const below = [...this.workspace.modules.keys()].filter((file) => file.startsWith(`${path}/`));
    for (const file of [path, ...below]) if (!this.#open.has(file)) this.#forget(file);
  }

  isOpen(file: string): boolean {
    return this.#open.has(file);
  }

  openFiles(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** All files of the workspace, the library's left out. */
  files(): readonly string[] {
    return [...new Set([...this.#open.keys(), ...this.#host.files()])].filter((file) => !isLibrary(file));
  }

  /** Names in a folder of the workspace, folders with a `/` at their end. */
  entriesOf(folder: string): readonly string[] {
    return this.#host.entries?.(folder) ?? [];
  }

  library(): readonly string[] {
    return this.#host.library?.() ?? [];
  }

  /** Whether a file's text can hold a name at all; θ and π are written in two ways. */
  mentions(file: string, name: string): boolean {
    if (/theta|pi/.test(name)) return true;
    return this.#textOf(file)?.includes(name) ?? false;
  }

  #textOf(file: string): string | undefined {
    return this.workspace.modules.get(file)?.text ?? this.workspace.host.read(file);
  }

  /** Whether an editor would have to wait for whatever it asks about the file. */
  isTooLarge(file: string): boolean {
    return (this.#textOf(file)?.length ?? 0) > largestAnalysed;
  }

  /** Undefined where there is no such file. */
  analysis(file: string): Analysis | undefined {
    if (this.isTooLarge(file)) return this.#unread(file);
    const module = loadModule(this.workspace, file);
    if (module === undefined) return undefined;
    const known = this.#analyses.get(file);
    if (known?.module === module) return known;
    const made = this.#analyse(module);
    this.#analyses.set(file, made);
    return made;
  }

  #forget(file: string): void {
    this.#revision++;
    this.workspace.modules.delete(file);
  }

  #unread(file: string): Analysis {
    const known = this.#analyses.get(file);
    const text = this.#textOf(file) ?? "";
    if (known?.module.text === text) return known;
    const made = unreadAnalysis(file, text);
    this.#analyses.set(file, made);
    return made;
  }

  #analyse(module: LoadedModule): Analysis {
    const { file, text } = module;
    const source = once(() => sourceText(file, text));
    const words = once(() => wordsOf(text));
    const names = once(() => occurrencesOf(module));
    let checked: { readonly revision: number; readonly result: Checked } | undefined;
    const check = (): Checked => {
      if (checked?.revision !== this.#revision)
        checked = { revision: this.#revision, result: withTypes(checkFileIn(this.workspace, file)) };
      return checked.result;
    };
    return {
      file,
      module,
      get source() {
        return source();
      },
      get words() {
        return words();
      },
      get names() {
        return names();
      },
      get check() {
        return check().check;
      },
      typeOf: (start, end) => check().types().get(`${start}:${end}`),
    };
  }
}

/** In UTF-16 code units: some ten thousand lines, which take a tenth of a second after each edit. */
export const largestAnalysed = 200_000;

/** Nothing but what to do about it. */
function unreadAnalysis(file: string, text: string): Analysis {
  const start = { file, start: 0, end: 0 };
  const told = fileTooLarge.report({ span: start, length: text.length, most: largestAnalysed });
  const source = once(() => sourceText(file, text));
  return {
    file,
    get source() {
      return source();
    },
    module: unreadModule(file, text),
    words: { tokens: [], comments: [] },
    names: [],
    check: { diagnostics: [{ ...told, severity: "warning" }], types: [], entries: [] },
    typeOf: () => undefined,
  };
}

interface Checked {
  readonly check: CheckResult;
  readonly types: () => ReadonlyMap<string, string>;
}

function withTypes(check: CheckResult): Checked {
  return {
    check,
    types: once(() => new Map(check.types.map(({ span, text }) => [`${span.start}:${span.end}`, text]))),
  };
}

function wordsOf(text: string): Words {
  const { tokens, groups } = tokenize(text);
  return { tokens, comments: groups["comments"] ?? [] };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/**
 * Loads tfjs with one of its two CPU backends. The backend is chosen by name, never by what happens to be
 * there: `wasm` is the fast one (SIMD, one thread unless the program has registered it with more), `cpu` the plain
 * JavaScript one that works everywhere. In Node the .wasm files are found beside the installed package; a page says
 * where they are.
 */
import * as tf from "@tensorflow/tfjs-core";

/** WebAssembly, which is the faster one, or plain JavaScript, which runs everywhere. */
export type BackendName = "wasm" | "cpu";

/** Where the WebAssembly backend lies. */
export interface BackendOptions {
  /** Folder or URL of tfjs-backend-wasm's .wasm files, ending in a slash, or the URL of each by its name. */
  readonly wasmPath?: string | Readonly<Record<string, string>>;
}

/** All backends, the faster first. */
export const backendNames: readonly BackendName[] = ["wasm", "cpu"];

/** Makes `name` the active backend. Throws with the reason when it cannot start. */
export async function loadBackend(name: BackendName, options: BackendOptions = {}): Promise<void> {
  // tfjs prints advice about other packages once it finds itself in Node.
  tf.env().set("IS_TEST", true);
  if (name === "wasm") {
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    // A page's threads would need headers that few hosts send.
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    if (options.wasmPath !== undefined) wasm.setWasmPaths(wasmFiles(options.wasmPath));
  } else await import("@tensorflow/tfjs-backend-cpu");
  const listeners = processListeners();
  const started = await tf.setBackend(name);
  dropNewListeners(listeners);
  if (!started) throw new Error(`the tfjs backend ${name} did not start on this machine`);
  await tf.ready();
}

/** tfjs wants a place for its threaded file too, which is never fetched here. */
function wasmFiles(path: NonNullable<BackendOptions["wasmPath"]>): string | Record<string, string> {
  return typeof path === "string" ? path : { "tfjs-backend-wasm-threaded-simd.wasm": "", ...path };
}

export interface StartedBackend {
  readonly backend: BackendName;
  /** Why the faster one did not start. */
  readonly reason?: string;
}

/** The wasm backend where it starts, else the plain one. Throws when neither does. */
export async function startBackend(options: BackendOptions = {}): Promise<StartedBackend> {
  try {
    await loadBackend("wasm", options);
    return { backend: "wasm" };
  } catch (error) {
    const reason = `WebAssembly did not start: ${reasonOf(error)}`;
    await loadBackend("cpu", options).catch((second: unknown) => {
      const plain = `Plain JavaScript neither: ${reasonOf(second)}`;
      throw new Error(`tfjs has no backend here. ${reason}. ${plain}`, { cause: error });
    });
    return { backend: "cpu", reason };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the active backend offers, for people. */
export async function describeBackend(): Promise<string> {
  const name = tf.getBackend();
  if (name !== "wasm") return `tfjs ${tf.version_core}, backend ${name}`;
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  const { getThreadsCount } = await import("@tensorflow/tfjs-backend-wasm");
  const threads = getThreadsCount();
  const told = [simd === true ? "SIMD" : "no SIMD", threads === 1 ? "one thread" : `${threads} threads`];
  return `tfjs ${tf.version_core}, backend wasm, ${told.join(", ")}`;
}

/** What is used of Node's `process`, where there is one. */
interface ListeningProcess {
  listeners(event: string): readonly unknown[];
  removeListener(event: string, listener: unknown): unknown;
}

const faultEvents = ["uncaughtException", "unhandledRejection"] as const;

function nodeProcess(): ListeningProcess | undefined {
  return (globalThis as { readonly process?: Partial<ListeningProcess> }).process?.listeners === undefined
    ? undefined
    : (globalThis as unknown as { readonly process: ListeningProcess }).process;
}

function processListeners(): ReadonlySet<unknown> {
  return new Set(faultEvents.flatMap((event) => nodeProcess()?.listeners(event) ?? []));
}

/** The wasm module makes itself the handler of every error of the process and answers with its own source text. */
function dropNewListeners(known: ReadonlySet<unknown>): void {
  const process = nodeProcess();
  for (const event of faultEvents)
    for (const listener of process?.listeners(event) ?? [])
      if (!known.has(listener)) process?.removeListener(event, listener);
}

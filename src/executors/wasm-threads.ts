/**
 * Threads for tfjs's WebAssembly backend in Node. tfjs itself starts its threaded build in pages only: there its pool comes
 * from a blob and the number of cores from `navigator`. Here the build's own file is loaded with a `require` of ours, which
 * hands it workers that Node can start and the number of threads that was asked for; kernels and backend are tfjs's own.
 * XNNPACK splits a product by the places of its result, so the numbers are those of one thread, bit by bit.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { compileFunction } from "node:vm";
import { Worker } from "node:worker_threads";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { simdModule } from "../../runtime/tfjs/simd.ts";
import { createThreadPool, loopNames, poolMemory } from "../../runtime/tfjs/thread-pool.ts";
import { startLoopWorkers } from "./loop-workers.ts";

/** tfjs's own factory, which starts one thread. */
let withOneThread: ReturnType<typeof tf.findBackendFactory> | undefined;

/**
 * From here on the backend `wasm` starts with so many threads. One that runs already stays as it is, since executors hold tensors
 * on it: `note` hears how many it has. It also hears why threads do not start; there is one then.
 */
export async function useThreads(threads: number, note: (text: string) => void): Promise<void> {
  const { BackendWasm, getThreadsCount } = await import("@tensorflow/tfjs-backend-wasm");
  if (tf.findBackend("wasm") !== null) {
    const running = getThreadsCount();
    if (running !== threads)
      note(`shares tfjs with what runs in this process: threads are ${running}, not ${threads}`);
    return;
  }
  const own = (withOneThread ??= tf.findBackendFactory("wasm"));
  tf.removeBackend("wasm");
  if (threads === 1) return void tf.registerBackend("wasm", own);
  tf.registerBackend("wasm", async () => {
    try {
      const module = await instantiate(threads);
      return withPool(new BackendWasm(module), module.wasmMemory, threads);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      note(`has one thread, since of ${threads} not all start: ${reason}`);
      return own();
    }
  });
}

/** With as many threads for the loops of ours, which `heapOfActiveBackend` finds in the backend. */
function withPool(backend: BackendWasm, heap: WebAssembly.Memory, threads: number): BackendWasm {
  const module = simdModule(heap);
  if (module === undefined) return backend;
  const memory = poolMemory();
  const workers = startLoopWorkers(threads - 1, module, heap, memory);
  const dispose = backend.dispose.bind(backend);
  return Object.assign(backend, {
    pool: createThreadPool(memory, loopNames(module), threads),
    dispose: () => {
      for (const worker of workers) void worker.terminate();
      dispose();
    },
  });
}

/** What tfjs's backend is made of: Emscripten's module, and its functions by the names that the backend calls. */
type BackendModule = ConstructorParameters<typeof BackendWasm>[0] & {
  readonly wasmMemory: WebAssembly.Memory;
  readonly cwrap: (name: string, result: "number" | null, parameters: readonly "number"[]) => unknown;
};

type ModuleFactory = (options: Readonly<Record<string, unknown>>) => Promise<BackendModule>;

const require = createRequire(import.meta.url);
const build = "tfjs-backend-wasm-threaded-simd";

async function instantiate(threads: number): Promise<BackendModule> {
  const folder = join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "wasm-out");
  const file = join(folder, `${build}.js`);
  const workers = workersOf(workerScript(folder), threads - 1);
  const factory = loadCommonJs(file, {
    worker_threads: { Worker: workers.Worker },
    // The build takes half of the processors for cores, and a thread for each core.
    os: { cpus: () => Array<object>(2 * threads).fill({}) },
  }) as ModuleFactory;
  const module = await workers.whole(() =>
    factory({ locateFile: (name: string) => join(folder, name), mainScriptUrlOrBlob: file }),
  );
  const start = module.cwrap("init", null, []) as () => void;
  module.tfjs = {
    init: start,
    // Its pool is there already; a number asked for here would make a second one beside it.
    initWithThreadsCount: start,
    getThreadsCount: module.cwrap("get_threads_count", "number", []),
    registerTensor: module.cwrap("register_tensor", null, ["number", "number", "number"]),
    disposeData: module.cwrap("dispose_data", null, ["number"]),
    dispose: module.cwrap("dispose", null, []),
  } as BackendModule["tfjs"];
  return module;
}

/** What a worker runs. It lies as a string in a file of its own, whose line breaks are meant to be read once more. */
function workerScript(folder: string): string {
  const { wasmWorkerContents } = require(join(folder, `${build}.worker.js`)) as {
    readonly wasmWorkerContents: string;
  };
  return `globalThis.__dirname = ${JSON.stringify(folder)};\n${wasmWorkerContents.replaceAll("\n", "\\n")}`;
}

/** A CommonJS file, with some of the modules that it requires replaced. */
function loadCommonJs(file: string, replaced: Readonly<Record<string, unknown>>): unknown {
  const module = { exports: {} as unknown };
  // The build makes `Worker` a name of the whole process, and reads it there: it gets a `global` of its own.
  const own = { ...(replaced["worker_threads"] as object) };
  const values = {
    require: (name: string) => replaced[name] ?? require(name),
    module,
    exports: module.exports,
    __filename: file,
    __dirname: dirname(file),
    global: own,
    ...own,
  };
  const run = compileFunction(readFileSync(file, "utf8"), Object.keys(values), { filename: file });
  (run as (...values: readonly unknown[]) => void)(...Object.values(values));
  return module.exports;
}

/** The build makes so many workers, waits until each says that it is loaded, and runs the last ones. */
const workersOfBuild = 8;

/** Workers for the build, of which only those that will run are real. */
function workersOf(script: string, running: number) {
  const started: Worker[] = [];
  let made = 0;
  let fail: (error: unknown) => void;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  const startWorker = (): Worker => {
    // Flags of this process, such as loaders of other languages, are none of a worker's business.
    const worker = new Worker(script, { eval: true, execArgv: [] });
    worker.once("error", fail);
    worker.once("exit", () => fail(new Error("a worker ended before it was loaded")));
    const { on } = worker;
    return Object.assign(worker, {
      // What the build does about an error is to throw it once more, at the process.
      on: (event: string, listener: (...values: unknown[]) => void) =>
        event === "error" ? worker : on.call(worker, event, listener),
      // The build lets it go once it is loaded and holds it again when it runs: a thread would keep the process for ever.
      ref: () => undefined,
    });
  };
  return {
    /** Called with `new`, which gives what it returns. */
    Worker: function () {
      made++;
      if (made <= workersOfBuild - running) return idleWorker();
      const worker = startWorker();
      started.push(worker);
      return worker;
    },
    /** What `make` gives once all have loaded; none is left where one has not. */
    async whole<T>(make: () => Promise<T>): Promise<T> {
      failed.catch(() => undefined);
      try {
        return await Promise.race([make(), failed]);
      } catch (error) {
        for (const worker of started) void worker.terminate();
        throw error;
      }
    },
  };
}

interface Message {
  readonly cmd: string;
}

function idleWorker() {
  let listen: ((message: Message) => void) | undefined;
  const nothing = (): void => undefined;
  return {
    on: (event: string, listener: (message: Message) => void) => {
      if (event === "message") listen = listener;
    },
    postMessage: ({ cmd }: Message) => {
      if (cmd === "load") listen?.({ cmd: "loaded" });
    },
    ref: nothing,
    unref: nothing,
    terminate: nothing,
  };
}

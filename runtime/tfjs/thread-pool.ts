/**
 * Loops of `simd.ts` on several threads that share the heap. Work is a list of calls of one loop, and parts of it that touch
 * nothing in common: a part makes all calls, in order, with its own numbers added to their arguments. Whoever is free takes
 * the next part, the asking thread too, so threads that start late or never cost nothing, and which thread took what changes
 * no number. `src/executors/loop-workers.ts` is the other side.
 */

/** Arguments of a call, or what a part adds to them. */
export type Arguments = readonly number[];
export type PooledLoop = (...values: Arguments) => void;

export interface ThreadPool {
  /** Threads that work, with the one that asks. */
  readonly threads: number;
  /** Returns when every part has made every call. */
  readonly run: (
    loop: string,
    own: PooledLoop,
    calls: readonly Arguments[],
    parts: readonly Arguments[],
  ) => void;
}

/** What the threads tell each other, in memory that they share. */
export interface PoolMemory {
  /** By `slots`. Parts are counted up for ever, so that a thread that wakes late never takes one twice. */
  readonly state: Int32Array;
  /** Which loop, how many calls of how many arguments, the calls, and then the parts. */
  readonly plan: Int32Array;
}

/** Wakes by a new number; the next part to take, the one behind the last, how many are done, and the first of this plan. */
export const slots = { wake: 0, next: 1, end: 2, done: 3, first: 4 } as const;

const planHead = 3;
const planSize = 2 ** 16;

export function poolMemory(): PoolMemory {
  const shared = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * length));
  return { state: shared(Object.keys(slots).length), plan: shared(planSize) };
}

/** Every thread knows a loop by its place in this list. */
export function loopNames(module: WebAssembly.Module): readonly string[] {
  return WebAssembly.Module.exports(module).map(({ name }) => name);
}

export function createThreadPool(
  { state, plan }: PoolMemory,
  loops: readonly string[],
  threads: number,
): ThreadPool {
  const runPlanned = (
    loop: string,
    own: PooledLoop,
    calls: readonly Arguments[],
    parts: readonly Arguments[],
  ): void => {
    const numbers = [
      loops.indexOf(loop),
      calls.length,
      parts[0]?.length ?? 0,
      ...calls.flat(),
      ...parts.flat(),
    ];
    plan.set(numbers);
    const first = Atomics.load(state, slots.end);
    Atomics.store(state, slots.first, first);
    Atomics.store(state, slots.end, (first + parts.length) | 0);
    Atomics.add(state, slots.wake, 1);
    Atomics.notify(state, slots.wake);
    for (;;) {
      const next = Atomics.load(state, slots.next);
      if (next === Atomics.load(state, slots.end)) break;
      if (Atomics.compareExchange(state, slots.next, next, (next + 1) | 0) !== next) continue;
      const part = parts[(next - first) | 0] ?? [];
      for (const call of calls) own(...call.map((value, at) => value + (part[at] ?? 0)));
      Atomics.add(state, slots.done, 1);
    }
    for (;;) {
      const done = Atomics.load(state, slots.done);
      if (done === Atomics.load(state, slots.end)) return;
      Atomics.wait(state, slots.done, done);
    }
  };
  return {
    threads,
    run(loop, own, calls, parts) {
      const width = parts[0]?.length ?? 1;
      const most = Math.floor((planSize - planHead) / width) - parts.length;
      for (let from = 0; from < calls.length; from += most)
        runPlanned(loop, own, calls.slice(from, from + most), parts);
    },
  };
}

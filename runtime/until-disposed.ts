/**
 * An executor that says so when it is used after `dispose`, or while. What a backend or a driver throws then speaks of
 * its own insides, so whatever fails once the executor is disposed fails for that reason.
 */
import type { Executor } from "./program.ts";

/** Every call after `dispose`, and every one that is under way then, is rejected with an Error that says so. */
export function untilDisposed(executor: Executor): Executor {
  const { info, start, recover } = executor;
  let isDisposed = false;
  const throwIfDisposed = (): void => {
    if (isDisposed)
      throw new Error(`${info.name} was disposed, and its variables with it: open it again to use it`);
  };
  const guarded =
    <Given extends readonly unknown[], Result>(run: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      throwIfDisposed();
      // Memory that is freed meanwhile may be read as zeros, so no result is handed out either.
      return run(...given).finally(throwIfDisposed);
    };
  return {
    ...executor,
    initialize: guarded(executor.initialize),
    call: guarded(executor.call),
    read: guarded(executor.read),
    write: guarded(executor.write),
    ...(start === undefined
      ? {}
      : {
          start: guarded(async (...call: Parameters<typeof start>) => ({
            outputs: guarded((await start(...call)).outputs),
          })),
        }),
    ...(recover === undefined ? {} : { recover: guarded(recover) }),
    dispose: () => {
      if (!isDisposed) executor.dispose();
      isDisposed = true;
    },
  };
}

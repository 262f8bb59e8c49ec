/**
 * Ctrl-C and a polite kill as an abort signal: the first one lets the work write its checkpoint, the
 * second ends the process at once. The exit code is the shell's convention, 128 and the signal's number.
 */

export interface Interruption {
  readonly signal: AbortSignal;
  /** 130 after Ctrl-C, 143 after SIGTERM, undefined where neither came. */
  readonly exitCode: () => number | undefined;
  /** Stops listening. */
  readonly release: () => void;
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  let code: number | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    const next = name === "SIGINT" ? exitCodes.SIGINT : exitCodes.SIGTERM;
    if (code !== undefined) process.exit(next);
    code = next;
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    exitCode: () => code,
    release: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}

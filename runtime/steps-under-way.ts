/**
 * The steps that a device has taken and whose results are not back yet. They come back in blocks: while one block is
 * on its way to the host, the device works on the next, so it never waits for the loop. A block lasts about a tenth of
 * a second, so that progress and interruption are as quick as a slow device allows. Over an executor that has run a
 * call when it returns, a block is one step.
 */
import type { StepResult } from "./trainer.ts";

interface Step {
  /** Counts from 1. */
  readonly step: number;
  readonly epoch: number;
  /** Rows of the dataset. */
  readonly rows: readonly number[];
}

export interface FinishedStep extends Step {
  readonly result: StepResult;
}

interface StartedStep extends Step {
  readonly result: () => Promise<StepResult>;
}

export interface StepsUnderWay {
  /** Adds a step and returns those that are finished, oldest first. */
  readonly add: (step: StartedStep) => Promise<readonly FinishedStep[]>;
  /** Waits for all. */
  readonly finish: () => Promise<readonly FinishedStep[]>;
}

const blockMilliseconds = 100;
const largestBlock = 32;

export function createStepsUnderWay(overlapping: boolean): StepsUnderWay {
  const closed: Promise<readonly FinishedStep[]>[] = [];
  let open: StartedStep[] = [];
  let size = 1;
  let lastBack = performance.now();
  const close = (): void => {
    const results = Promise.all(open.map(async (step) => ({ ...step, result: await step.result() })));
    // A lost device rejects every block; the first that is waited for says so.
    results.catch(() => undefined);
    closed.push(results);
    open = [];
  };
  const takeBlock = async (): Promise<readonly FinishedStep[]> => {
    const steps = (await closed.shift()) ?? [];
    const now = performance.now();
    const each = (now - lastBack) / Math.max(1, steps.length);
    lastBack = now;
    if (overlapping) size = Math.max(1, Math.min(largestBlock, Math.floor(blockMilliseconds / each)));
    return steps;
  };
  return {
    add: async (step) => {
      open.push(step);
      if (open.length < size) return [];
      close();
      return closed.length < (overlapping ? 2 : 1) ? [] : takeBlock();
    },
    finish: async () => {
      if (open.length > 0) close();
      const finished: FinishedStep[] = [];
      while (closed.length > 0) finished.push(...(await takeBlock()));
      return finished;
    },
  };
}

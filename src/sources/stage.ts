/**
 * Which part of Margo is at work. A bug throws; the door catches it once and can then say where it
 * happened, because whoever called that part had named it.
 */

export async function atStage<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && !stages.has(error)) stages.set(error, name);
    throw error;
  }
}

/** The innermost stage that an error came out of. */
export function stageOf(error: unknown): string | undefined {
  return error instanceof Error ? stages.get(error) : undefined;
}

const stages = new WeakMap<Error, string>();

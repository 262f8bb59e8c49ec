/**
 * Turns the text of an emitted tfjs module into the module, in Node, without eval: the text has no imports,
 * so a `data:` URL is all the loader needs.
 */
import type { EmittedModule } from "../../runtime/tfjs/executor.ts";

/** Throws when the text is no module of this shape: a bug in the code generator. */
export async function loadTfjsModule(text: string): Promise<EmittedModule> {
  const loaded: unknown = await import(`data:text/javascript;charset=utf-8,${encodeURIComponent(text)}`);
  if (!isEmittedModule(loaded)) throw new Error("the emitted module lacks its exports info and functions");
  return loaded;
}

function isEmittedModule(value: unknown): value is EmittedModule {
  return typeof value === "object" && value !== null && "info" in value && "functions" in value;
}

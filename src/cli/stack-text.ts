/** Where an error came from, in few enough lines to send on. */

/** An emitted module is loaded from a `data:` URL, which a stack repeats as a whole: its line and column say enough. */
export function stackText(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return stack.replace(/data:([\w/]{0,20})[^\s,]*,\S*?((?::\d+){0,2}\)?)(?=\s|$)/g, "data:$1…$2");
}

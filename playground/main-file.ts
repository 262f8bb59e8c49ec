/** The one file that is edited: its name, and lines of its text. */
export const mainFile = "main.margo";

/** Counted from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split(/\r\n|\n|\r/).length;
}

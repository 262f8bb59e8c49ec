/**
 * What the commands say: data on standard output, everything else on standard error. Nothing is written
 * halfway: output is awaited, and a reader that has gone away (`margo … | head`) ends the command quietly.
 */
import { cyan, red } from "./colors.ts";

/** What the shell is told: 0 fine, 1 the source, data or check is at fault, 2 usage, environment or a bug. */
export type ExitCode = number;

export const exitFine = 0;
export const exitFault = 1;
export const exitUsage = 2;

/** Writes data; resolves when the reader has taken it. */
export function writeOut(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** One line for the person at the terminal. */
export function say(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** A fault that no source line owns: what is wrong, and what to do about it. */
export function complain(message: string, help?: string): void {
  complainAs("error", message, help);
}

/** The same for a fault that the documents list. */
export function complainWithCode(code: string, message: string, help: string): void {
  complainAs(`error[${code}]`, message, help);
}

function complainAs(head: string, message: string, help: string | undefined): void {
  say(`${paint(red, head)}: ${message}`);
  if (help !== undefined) say(`  ${paint(cyan, "help")}: ${help}`);
}

export type Paint = (text: string) => string;

/** Colours only where a person reads them. */
export function paint(color: Paint, text: string): string {
  return colored(process.stderr) ? color(text) : text;
}

/** NO_COLOR and FORCE_COLOR as https://no-color.org and Node have them. */
export function colored(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return stream.isTTY === true && TERM !== "dumb";
}

/** Moving progress only where it can move. */
export function animated(): boolean {
  return process.stderr.isTTY === true && process.env["TERM"] !== "dumb" && process.env["CI"] === undefined;
}

/** `margo lsp --stdio`: the language server, until the editor says goodbye. */
import { serveStdio } from "../server/node.ts";
import { type ExitCode, exitFine } from "./terminal.ts";

/** The connection ends the process itself: at `exit`, when the editor dies, when the pipe closes. */
export function lsp(): Promise<ExitCode> {
  serveStdio();
  return new Promise((resolve) => process.once("exit", () => resolve(exitFine)));
}

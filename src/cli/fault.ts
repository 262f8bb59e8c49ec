/** How faults of data and of runs are told: alone, or under the line of the source that named the data. */
import type { Span } from "../../compiler/errors/span.ts";
import type { RuntimeFault } from "../../runtime/errors.ts";
import type { Source } from "../sources/source.ts";
import { settingTexts, tell } from "./source.ts";
import { complainWithCode } from "./terminal.ts";

export function tellFault(fault: RuntimeFault): void {
  complainWithCode(fault.code, messageOf(fault), fault.help);
}

/** The same as a diagnostic of the source, or of a setting from the command line. */
export function tellFaultAt(
  source: Source,
  span: Span,
  fault: RuntimeFault,
  settings: Readonly<Record<string, string>>,
): void {
  const { code, help } = fault;
  const told = { code, severity: "error", message: messageOf(fault), span, labels: [], help } as const;
  tell(source, [told], settingTexts(settings));
}

function messageOf({ message, file, row }: RuntimeFault): string {
  const where = [file, row === undefined ? undefined : `row ${row}`].filter((part) => part !== undefined);
  const isSaid = where.length === 0 || message.includes(where[0] ?? "");
  return isSaid ? message : `${message} (${where.join(", ")})`;
}

/** How faults of data and of runs are told; they have no source line to show. */
import type { RuntimeFault } from "../../runtime/errors.ts";
import { complain } from "./terminal.ts";

export function tellFault({ code, message, help, file, row }: RuntimeFault): void {
  const where = [file, row === undefined ? undefined : `row ${row}`].filter((part) => part !== undefined);
  const place = where.length === 0 || message.includes(where[0] ?? "") ? "" : ` (${where.join(", ")})`;
  complain(`[${code}] ${message}${place}`, help);
}

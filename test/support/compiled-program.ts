/** What the bundler plugin exports, recognised among values of unknown modules. */
import type { CompiledProgram } from "../../runtime/open-program.ts";

export function isCompiledProgram(value: unknown): value is CompiledProgram {
  return typeof value === "object" && value !== null && "name" in value && "modules" in value;
}

/** Where Margo keeps what it can make again: measured tiles, decoded images. */
import { homedir } from "node:os";
import { join } from "node:path";

/** `MARGO_CACHE`, or the place where caches of the system are. */
export function cacheFolder(): string {
  const { env, platform } = process;
  const folder =
    platform === "win32"
      ? (env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"))
      : (env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"));
  return env["MARGO_CACHE"] ?? join(folder, "margo");
}

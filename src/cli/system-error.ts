/** What the operating system refused, in words: a missing file, a full disk, a folder without rights. */

export interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
}

export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}

export function systemErrorText({ code, path, message, syscall }: SystemError): string {
  const reason = reasons[code];
  if (reason === undefined) return message;
  const place = path === undefined ? (writing.has(syscall) ? " the output" : "") : ` ${shown(path)}`;
  const verb = writing.has(syscall) ? "write" : "open";
  return `cannot ${code === "ENOSPC" || code === "EROFS" ? "write" : verb}${place}: ${reason}`;
}

/** The way out. */
export function systemErrorHelp({ code, syscall }: SystemError): string {
  return helps[code] ?? (writing.has(syscall) ? "choose another place to write to" : "check the path");
}

/** The name that the user knows, not the temporary one beside it. */
function shown(path: string): string {
  return path.replace(/\.([^/\\]+)\.\d+\.\d+\.tmp$/, "$1");
}

const writing = new Set(["write", "mkdir", "rename", "ftruncate", "fsync", "unlink"]);

const helps: Readonly<Record<string, string>> = {
  EACCES: "check the rights of the file and of its folder",
  EPERM: "check the rights of the file and of its folder",
  EISDIR: "give the path of a file",
  ENOSPC: "free some space, or write to another disk; earlier files are whole",
  EDQUOT: "free some space, or write to another disk; earlier files are whole",
  EFBIG: "write to a place that takes larger files; earlier files are whole",
  EROFS: "write to another disk",
};

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "part of the path is a file, not a folder",
  EEXIST: "there is a file where a folder is needed",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  EFBIG: "the file is too large",
  EIO: "the disk reported an error",
};

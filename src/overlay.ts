/**
 * A file with a few declarations added at its end, as the compiler sees it: how an expression from the command
 * line gets to use every name that the file declares or imports. The file itself is not touched.
 */
import type { SourceHost } from "../compiler/check/workspace.ts";

/** Spans in the file's own text stay right, since the addition follows it. */
export function withAddition(host: SourceHost, file: string, addition: string): SourceHost {
  return {
    ...host,
    read: (name) => {
      const text = host.read(name);
      return name === file && text !== undefined ? `${text}\n${addition}\n` : text;
    },
  };
}

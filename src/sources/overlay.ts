/**
 * Files as the compiler sees them and as they are not on the disk: with a few declarations added at the end, which is
 * how an expression from the command line gets to use every name that a file declares or imports; or as they were
 * when a run began. The files themselves are not touched.
 */
import type { SourceHost } from "../../compiler/check/workspace.ts";

/** Files as they were: what is kept of them goes before what is there now. */
export function withTexts(host: SourceHost, texts: Readonly<Record<string, string>>): SourceHost {
  return { ...host, read: (name) => (Object.hasOwn(texts, name) ? texts[name] : host.read(name)) };
}

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

/**
 * The events of a run on disk, a line of JSON each. A run of days leaves more of them than a text can be long, so they are
 * read line by line, and only those that are wanted are kept.
 */
import { bytesOf } from "../../runtime/readable-bytes.ts";
import { openToRead } from "../data/byte-source.ts";

export type Metric = Readonly<Record<string, unknown>>;

/** The events in order; a line that a crash cut short is passed over. Throws Node's system error. */
export function* metricsIn(file: string): Generator<Metric> {
  for (const line of linesIn(file)) {
    const value = parsed(line);
    if (isRecord(value)) yield value;
  }
}

/** Events as the bytes of such a file, some thousand at a time. */
export function* metricBytes(metrics: Iterable<Metric>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let lines: string[] = [];
  for (const metric of metrics) {
    if (lines.push(`${JSON.stringify(metric)}\n`) < linesTogether) continue;
    yield encoder.encode(lines.join(""));
    lines = [];
  }
  yield encoder.encode(lines.join(""));
}

const linesTogether = 5000;
const blockBytes = 2 ** 22;

function* linesIn(file: string): Generator<string> {
  const { source, close } = openToRead(file, file);
  const decoder = new TextDecoder();
  let open = "";
  try {
    for (let from = 0; from < source.size; from += blockBytes) {
      const bytes = bytesOf(source, from, from + blockBytes);
      const lines = (open + decoder.decode(bytes, { stream: true })).split("\n");
      open = lines.pop() ?? "";
      yield* lines;
    }
    yield open;
  } finally {
    close();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Metric {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

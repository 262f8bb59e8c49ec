/**
 * Finds a key that one JSON object holds twice, which JSON.parse would pass over in silence. The text
 * has been parsed already, so this only follows strings and brackets.
 */

/** The first key that is repeated within its object. */
export function repeatedKey(json: string): string | undefined {
  const objects: (Set<string> | undefined)[] = [];
  for (const token of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/gs)) {
    const [text, colon] = token;
    if (text === "{") objects.push(new Set());
    else if (text === "[") objects.push(undefined);
    else if (text === "}" || text === "]") objects.pop();
    else if (colon !== undefined) {
      const key: unknown = JSON.parse(text.slice(0, -colon.length));
      const keys = objects.at(-1);
      if (typeof key !== "string" || keys === undefined) continue;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

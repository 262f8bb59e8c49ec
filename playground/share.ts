/**
 * A text in the hash of a URL: deflated, in the base64 of URLs, after `#text=`. The hash never reaches a server. A link is
 * data and nothing more: it is unpacked up to a limit, shown as text, and nothing runs until somebody presses Train.
 */

/** As the compiler takes at most; a hash that unpacks to more is refused while it unpacks. */
export const mostCharacters = 200_000;

const key = "text=";

export async function hashOf(text: string): Promise<string> {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return `#${key}${btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

export type Shared =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "unreadable"; readonly reason: string };

export async function sharedText(hash: string): Promise<Shared> {
  if (!hash.startsWith(`#${key}`)) return { kind: "none" };
  const packed = hash.slice(key.length + 1);
  if (!/^[\w-]+$/.test(packed)) return unreadable("it has characters that no link has");
  try {
    const binary = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return await unpacked(bytes);
  } catch {
    return unreadable("it is cut off or changed");
  }
}

async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<Shared> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.pipeThrough(new TextDecoderStream("utf-8", { fatal: true })).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value;
    if (text.length > mostCharacters) {
      void reader.cancel();
      return unreadable(`it unpacks to more than ${mostCharacters.toLocaleString("en")} characters`);
    }
  }
  return { kind: "text", text };
}

function unreadable(reason: string): Shared {
  return { kind: "unreadable", reason };
}

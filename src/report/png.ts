/** Bytes of pixels as a PNG image in a `data:` address, for pages that load nothing. */
import { encode } from "fast-png";

/** Pixels row after row, of one byte (grey) or three (colour). */
export function pngAddress(data: Uint8Array, height: number, width: number, channels: 1 | 3): string {
  const file = encode({ data, height, width, channels });
  return `data:image/png;base64,${Buffer.from(file).toString("base64")}`;
}

/** Bytes of pixels as a PNG image in a `data:` address, for pages that load nothing. */
import { crc32, deflateSync } from "node:zlib";

/** Pixels row after row, of one byte (grey) or three (colour). */
export function pngAddress(pixels: Uint8Array, height: number, width: number, channels: 1 | 3): string {
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  // Eight bits a channel; the rest is compression, filter and interlacing, of which there is one each.
  size.set([8, channels === 1 ? 0 : 2], 8);
  const line = width * channels;
  // Each line begins with its filter, none.
  const lines = Array.from({ length: height }, (_, row) =>
    Buffer.concat([Buffer.of(0), pixels.subarray(row * line, (row + 1) * line)]),
  );
  const file = Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", size),
    chunk("IDAT", deflateSync(Buffer.concat(lines))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return `data:image/png;base64,${file.toString("base64")}`;
}

function chunk(name: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}

/**
 * The numbers of a PNG's pixels: positions in its palette, or greys. What decodes images for training makes colours of
 * them, and two positions may have one colour.
 */
import { decode, hasPngSignature } from "fast-png";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { bytesInMemory } from "./byte-source.ts";
import { dataFaults } from "./faults.ts";
import { type DataFile, systemReason, unpackedLimit } from "./files.ts";
import { otherKind } from "./signatures.ts";

/** A number a pixel, row after row. */
export interface PngLabels {
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
}

export function readPngLabels(file: DataFile): PngLabels | RuntimeFault {
  const { name, bytes } = file;
  if (!hasPngSignature(bytes))
    return otherKind(
      bytesInMemory(file),
      "PNG",
      "it does not begin as PNG files do",
      "masks are PNG files: their numbers are kept as they are",
    );
  const png = decoded(name, bytes);
  if (isFault(png)) return png;
  const { width, height, depth, channels, data } = png;
  const refuse = (reason: string) =>
    dataFaults.badFile(
      name,
      "mask",
      reason,
      "save it as PNG with a palette, or grey of 8 bits, one number a class",
    );
  if (channels !== 1) return refuse("its pixels are colours, not numbers of classes");
  if (!(data instanceof Uint8Array)) return refuse(`its pixels have ${depth} bits`);
  return { height, width, data: depth === 8 ? data : unpacked(data, width, height, depth) };
}

function decoded(name: string, bytes: Uint8Array): ReturnType<typeof decode> | RuntimeFault {
  const refuse = (reason: string) => dataFaults.badFile(name, "PNG", reason);
  if (bytes.length < headerEnd) return refuse("its header is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pixels = view.getUint32(widthAt) * view.getUint32(widthAt + 4);
  if (pixels > unpackedLimit) return dataFaults.tooLarge(name, pixels, unpackedLimit);
  try {
    return decode(bytes);
  } catch (error) {
    return refuse(`it is damaged or cut off (${systemReason(error)})`);
  }
}

/** Where a PNG has its width, with the height behind it, and where its header ends. */
const [widthAt, headerEnd] = [16, 33] as const;

/** One byte a pixel of several: the first is in the highest bits, and each line begins with a byte. */
function unpacked(packed: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const perByte = 8 / depth;
  const line = Math.ceil(width / perByte);
  const data = new Uint8Array(height * width);
  for (let pixel = 0; pixel < data.length; pixel++) {
    const x = pixel % width;
    const byte = packed[Math.floor(pixel / width) * line + Math.floor(x / perByte)] ?? 0;
    data[pixel] = (byte >> (8 - depth * ((x % perByte) + 1))) & (2 ** depth - 1);
  }
  return data;
}

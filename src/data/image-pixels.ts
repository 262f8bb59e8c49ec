/** The pixels of an image file at the size and with the channels that are asked for. Decoding and scaling are sharp's work. */
import type { Sharp, default as SharpModule } from "sharp";
import { type RuntimeFault } from "../../runtime/errors.ts";
import type { DataSource } from "../../runtime/program.ts";
import { dataFaults } from "./faults.ts";
import { systemReason } from "./files.ts";
import type { ImageOptions } from "./images.ts";

/** A file under the name that faults give it. */
export interface ImageFile {
  readonly name: string;
  readonly path: string;
}

/** What a row is made of. */
export type ImageShape = readonly [height: number, width: number, channels: 1 | 3 | 4];

export type SharpLibrary = typeof SharpModule;

export async function loadSharp(folder: string): Promise<SharpLibrary | RuntimeFault> {
  try {
    return (await import("sharp")).default;
  } catch (error) {
    return dataFaults.noSharp(folder, systemReason(error).split("\n")[0] ?? "");
  }
}

/** What the settings say; what they leave open is as in the first image. */
export async function shapeOf(
  sharp: SharpLibrary,
  source: DataSource,
  { name, path }: ImageFile,
  { size, channels }: ImageOptions,
): Promise<ImageShape | RuntimeFault> {
  const whole = size?.every((length) => Number.isInteger(length) && length >= 1) ?? true;
  if (size !== undefined && (size.length > 2 || !whole))
    return dataFaults.badOption(
      source.reader,
      "size",
      "a whole number of pixels, or a height and a width",
      size,
    );
  if (channels !== undefined && channels !== 1 && channels !== 3 && channels !== 4)
    return dataFaults.badOption(source.reader, "channels", "1, 3 or 4", channels);
  const [height, width = height] = size ?? [];
  if (height !== undefined && width !== undefined && channels !== undefined) return [height, width, channels];
  try {
    const { autoOrient, space, hasAlpha } = await sharp(path).metadata();
    const own = space === "b-w" || space === "grey16" ? 1 : hasAlpha === true ? 4 : 3;
    return [height ?? autoOrient.height, width ?? autoOrient.width, channels ?? own];
  } catch (error) {
    return dataFaults.badFile(name, "image", systemReason(error));
  }
}

export async function decode(
  sharp: SharpLibrary,
  { name, path }: ImageFile,
  [height, width, channels]: ImageShape,
  { size, fit }: ImageOptions,
): Promise<Uint8Array | RuntimeFault> {
  try {
    const upright = sharp(path).autoOrient();
    const sized =
      size === undefined
        ? upright
        : upright.resize({ height, width, fit: fit ?? "cover", background: white });
    const { data, info } = await withChannels(sized, channels).raw({ depth: "uchar" }).toBuffer({
      resolveWithObject: true,
    });
    return info.height === height && info.width === width
      ? data
      : dataFaults.imageSize(name, [info.height, info.width], [height, width]);
  } catch (error) {
    return dataFaults.badFile(name, "image", systemReason(error));
  }
}

const white = "#ffffff";

function withChannels(image: Sharp, channels: 1 | 3 | 4): Sharp {
  if (channels === 4) return image.toColourspace("srgb").ensureAlpha();
  const opaque = image.flatten({ background: white });
  return channels === 1 ? opaque.greyscale() : opaque.toColourspace("srgb");
}

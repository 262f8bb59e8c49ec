/**
 * Masks beside images: for each image a PNG of its name, whose pixels are the numbers of classes. They are brought to one
 * size as the images are, without mixing any two, and kept in memory as bytes.
 */
import { existsSync } from "node:fs";
import { extname, join } from "node:path";
import type { Labels } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { DataSource } from "../../runtime/program.ts";
import { dataFaults } from "./faults.ts";
import { openFile } from "./files.ts";
import type { ImageFile, ImageShape, SharpLibrary } from "./image-pixels.ts";
import type { ImageOptions } from "./images.ts";
import { numberedClasses } from "./labels.ts";
import { readPngLabels } from "./png-labels.ts";
import { type DataContext, resolveData } from "./resolve.ts";

/** What is wrong with the settings of a source that names masks. */
export function maskSettingsFault(
  { reader }: DataSource,
  { classes, ignore, fit, size }: ImageOptions,
): RuntimeFault | undefined {
  if (classes === undefined)
    return dataFaults.missingOption(reader, "classes", "masks do not say how many there are");
  if (size === undefined || fit !== "contain") return undefined;
  if (ignore === undefined)
    return dataFaults.missingOption(
      reader,
      "ignore",
      'fit: "contain" leaves room around masks that is no class',
    );
  return ignore >= 0 && ignore <= 255
    ? undefined
    : dataFaults.badOption(reader, "ignore", 'a number from 0 to 255 beside fit: "contain"', ignore);
}

/** A class for each pixel, i32[images, height, width]. */
export async function readMasks(
  sharp: SharpLibrary,
  folder: string,
  images: readonly ImageFile[],
  [height, width]: ImageShape,
  options: ImageOptions,
  context: DataContext,
): Promise<Labels | RuntimeFault> {
  const { classes = 1, ignore } = options;
  const size = height * width;
  const data = new Uint8Array(images.length * size);
  for (const [row, image] of images.entries()) {
    if (context.signal?.aborted === true) return dataFaults.interrupted();
    const mask = await maskOf(sharp, folder, image, [height, width], options, context);
    if (isFault(mask)) return mask;
    const range = { classes, ...(ignore === undefined ? {} : { ignore }) };
    const read = numberedClasses(mask.name, { labels: mask.data, shape: [1, height, width] }, range);
    if (isFault(read)) return read;
    data.set(mask.data, row * size);
  }
  return {
    dtype: "i32",
    shape: [images.length, height, width],
    data,
    classes,
    ...(ignore === undefined ? {} : { ignore }),
  };
}

interface Mask {
  readonly name: string;
  readonly data: Uint8Array;
}

async function maskOf(
  sharp: SharpLibrary,
  folder: string,
  image: ImageFile,
  [height, width]: readonly [number, number],
  { size, fit, ignore }: ImageOptions,
  context: DataContext,
): Promise<Mask | RuntimeFault> {
  const stem = image.path.slice(0, -extname(image.path).length).split(/[\\/]/).at(-1) ?? "";
  const name = `${folder}/${stem}.png`;
  const root = resolveData(folder, context);
  if (isFault(root)) return root;
  if (!existsSync(join(root, `${stem}.png`))) return dataFaults.noMask(image.name, name);
  const file = openFile(name, context);
  if (isFault(file)) return file;
  const mask = readPngLabels(file);
  if (isFault(mask)) return mask;
  const { autoOrient } = await sharp(image.path).metadata();
  if (autoOrient.height !== mask.height || autoOrient.width !== mask.width)
    return dataFaults.maskSize(name, [mask.height, mask.width], [autoOrient.height, autoOrient.width]);
  if (size === undefined) return { name, data: mask.data };
  const background = { r: ignore ?? 0, g: ignore ?? 0, b: ignore ?? 0 };
  const sized = sharp(mask.data, { raw: { height: mask.height, width: mask.width, channels: 1 } })
    .resize({ height, width, fit: fit ?? "cover", kernel: "nearest", background })
    .toColourspace("b-w");
  return { name, data: await sized.raw({ depth: "uchar" }).toBuffer() };
}

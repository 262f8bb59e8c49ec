/**
 * Folders of images, one a class, as rows of bytes: every image at one size, with as many channels as asked for. Decoding
 * and scaling are sharp's work; it is loaded when somebody reads images.
 */
import { constants } from "node:buffer";
import { lstatSync, readdirSync } from "node:fs";
import { totalmem } from "node:os";
import { extname, join } from "node:path";
import type { Sharp, default as SharpModule } from "sharp";
import { spreadPlaces } from "../../runtime/batches.ts";
import type { Dataset } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { DataSource } from "../../runtime/program.ts";
import { type NamedSamples, chooseSamples, classOptions } from "./classes.ts";
import { dataFaults } from "./faults.ts";
import { isFolder, systemReason } from "./files.ts";
import { type OptionKinds, type OptionsOf, normalisation, normalisationOf } from "./options.ts";
import { type DataContext, resolveData } from "./resolve.ts";

export const imageOptions = {
  size: {
    kind: "numbers",
    doc: "height and width that images are brought to, or one number for both; without it all must be of one size",
  },
  channels: {
    kind: "count",
    doc: "1 (grey), 3 (colour) or 4 (colour and opacity); that of the first image without it. Under 1 and 3 what is transparent is white",
  },
  fit: {
    kind: "fit",
    doc: 'how an image of other proportions fills the size: "cover" cuts its edges off, "contain" puts it on white, "fill" stretches it; "cover" without it',
  },
  fewest: { kind: "count", doc: "classes with fewer images are left out; 1 without it" },
  ...classOptions,
  ...normalisation,
} as const satisfies OptionKinds;

export type ImageOptions = OptionsOf<typeof imageOptions>;

export async function readImages(
  source: DataSource,
  folder: string,
  options: ImageOptions,
  context: DataContext,
): Promise<Dataset | RuntimeFault> {
  const found = imagesByClass(folder, context);
  if (isFault(found)) return found;
  const chosen = chooseSamples(folder, found, options, options.fewest ?? 1);
  if (isFault(chosen)) return chosen;
  const { rows, classNames } = chosen;
  const places = spreadPlaces(rows.length, context.limit ?? rows.length);
  const taken = places.flatMap((place) => rows[place] ?? []);
  const [first] = taken;
  if (first === undefined) return dataFaults.noImages(folder, "all of them are held out, or none is");
  const sharp = await loadSharp(folder);
  if (isFault(sharp)) return sharp;
  const shape = await shapeOf(sharp, source, first.sample, options);
  if (isFault(shape)) return shape;
  const scale = normalisationOf(source, options, shape, 255);
  if (isFault(scale)) return scale;
  const data = await decodeAll(
    sharp,
    taken.map(({ sample }) => sample),
    shape,
    options,
    context,
  );
  if (isFault(data)) return data;
  return {
    source: folder,
    features: { dtype: "f32", shape: [taken.length, ...shape], data, ...scale },
    labels: { dtype: "i32", shape: [taken.length], data: Int32Array.from(taken, ({ label }) => label) },
    classes: classNames.length,
    classNames,
  };
}

/** A file under the name that faults give it. */
interface ImageFile {
  readonly name: string;
  readonly path: string;
}

/** What a row is made of. */
type ImageShape = readonly [height: number, width: number, channels: 1 | 3 | 4];

const extensions = new Set([
  ".png",
  ".jpg",
  ".jpeg",
  ".webp",
  ".avif",
  ".heif",
  ".tif",
  ".tiff",
  ".gif",
  ".svg",
]);

function imagesByClass(
  folder: string,
  context: DataContext,
): readonly NamedSamples<ImageFile>[] | RuntimeFault {
  const classes = entriesOf(folder, context);
  if (isFault(classes)) return classes;
  const collected: NamedSamples<ImageFile>[] = [];
  for (const { name, path, file } of classes) {
    if (path === undefined) continue;
    const entries = entriesOf(file, context);
    if (isFault(entries)) return entries;
    const samples = entries.filter((entry) => entry.path === undefined && isImage(entry.name));
    if (samples.length === 0) continue;
    collected.push({
      name,
      samples: samples.map((entry) => ({ name: entry.file, path: join(path, entry.name) })),
    });
  }
  if (collected.length > 0) return collected;
  const loose = classes.some((entry) => entry.path === undefined && isImage(entry.name));
  return dataFaults.noImages(
    folder,
    loose
      ? "its images lie in no folders of their classes"
      : `none of its folders has an image (${[...extensions].join(", ")})`,
  );
}

function isImage(name: string): boolean {
  return extensions.has(extname(name).toLowerCase());
}

interface Entry {
  readonly name: string;
  /** As the source would name it. */
  readonly file: string;
  /** Where it is, for folders. */
  readonly path: string | undefined;
}

/** What lies in a folder, by name; hidden files are passed over. Links are followed as far as the workspace goes. */
function entriesOf(folder: string, context: DataContext): readonly Entry[] | RuntimeFault {
  const path = resolveData(folder, context);
  if (isFault(path)) return path;
  if (!isFolder(path)) return dataFaults.noImages(folder, "it is a file");
  try {
    const entries: Entry[] = [];
    for (const name of readdirSync(path).sort()) {
      if (name.startsWith(".")) continue;
      const file = `${folder}/${name}`;
      const isLink = lstatSync(join(path, name)).isSymbolicLink();
      const real = isLink ? resolveData(file, context) : join(path, name);
      if (isFault(real)) return real;
      entries.push({ name, file, path: isFolder(real) ? real : undefined });
    }
    return entries;
  } catch (error) {
    return dataFaults.unreadable(folder, systemReason(error));
  }
}

type SharpLibrary = typeof SharpModule;

async function loadSharp(folder: string): Promise<SharpLibrary | RuntimeFault> {
  try {
    return (await import("sharp")).default;
  } catch (error) {
    return dataFaults.noSharp(folder, systemReason(error).split("\n")[0] ?? "");
  }
}

/** What the settings say; what they leave open is as in the first image. */
async function shapeOf(
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

/** Images that are decoded at a time: sharp's threads have work while one waits for the disk. */
const lanes = 8;

async function decodeAll(
  sharp: SharpLibrary,
  files: readonly ImageFile[],
  shape: ImageShape,
  options: ImageOptions,
  { onRead }: DataContext,
): Promise<Uint8Array | RuntimeFault> {
  const size = shape[0] * shape[1] * shape[2];
  const [bytes, limit] = [files.length * size, Math.min(totalmem() * 0.75, constants.MAX_LENGTH)];
  if (bytes > limit) return dataFaults.tooManyImages(files.length, shape, bytes, limit);
  const data = new Uint8Array(bytes);
  let [next, done] = [0, 0];
  let fault: RuntimeFault | undefined;
  const work = async (): Promise<void> => {
    for (let row = next++; row < files.length && fault === undefined; row = next++) {
      const file = files[row];
      const pixels = file === undefined ? undefined : await decode(sharp, file, shape, options);
      if (isFault(pixels)) fault ??= pixels;
      else if (pixels !== undefined) data.set(pixels, row * size);
      onRead?.(++done, files.length);
    }
  };
  await Promise.all(Array.from({ length: lanes }, work));
  return fault ?? data;
}

async function decode(
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

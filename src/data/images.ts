/** Folders of images, one a class or beside a folder of masks, as rows of bytes: every image at one size, with as many channels as asked for. */
import { lstatSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { spreadPlaces } from "../../runtime/batches.ts";
import type { Dataset } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { DataSource } from "../../runtime/program.ts";
import { type NamedSamples, chooseSamples, namedLabels, partOf } from "./classes.ts";
import { dataFaults } from "./faults.ts";
import { isFolder, systemReason } from "./files.ts";
import { type ImageFile, decode, loadSharp, shapeOf } from "./image-pixels.ts";
import { storePixels } from "./image-store.ts";
import { maskSettingsFault, readMasks } from "./masks.ts";
import { type OptionsOf, normalisationOf } from "./options.ts";
import { type DataContext, resolveData } from "./resolve.ts";
import { classOptions, type readerOptions } from "./settings.ts";

export type ImageOptions = OptionsOf<typeof readerOptions.images>;

export async function readImages(
  source: DataSource,
  folder: string,
  options: ImageOptions,
  context: DataContext,
): Promise<Dataset | RuntimeFault> {
  const found = imagesByClass(folder, context);
  if (isFault(found)) return found;
  const [, masks] = source.files;
  const chosen =
    masks !== undefined
      ? masked(source, folder, found, options)
      : "loose" in found
        ? unlabelled(folder, found.loose, options)
        : chosenOf(source, folder, found, options);
  if (isFault(chosen)) return chosen;
  const { files, labels, classNames } = chosen;
  const { limit = files.length, choose } = context;
  const places =
    choose === undefined || labels === undefined || limit >= files.length
      ? spreadPlaces(files.length, limit)
      : choose(labels, limit);
  const taken = places.flatMap((place) => files[place] ?? []);
  const [first] = taken;
  if (first === undefined) return dataFaults.noRows(`${folder}, as \`part\` and \`holdout\` divide it,`);
  const sharp = await loadSharp(folder);
  if (isFault(sharp)) return sharp;
  const shape = await shapeOf(sharp, source, first, options);
  if (isFault(shape)) return shape;
  const scale = normalisationOf(source, options, shape, 255);
  if (isFault(scale)) return scale;
  const pixels = await storePixels(
    taken,
    shape,
    options.size === undefined ? "as they are" : (options.fit ?? "cover"),
    (file) => decode(sharp, file, shape, options),
    context,
  );
  if (isFault(pixels)) return pixels;
  const maps =
    masks === undefined ? undefined : await readMasks(sharp, masks, taken, shape, options, context);
  if (isFault(maps)) return maps;
  const named =
    labels &&
    namedLabels(
      places.map((place) => labels[place] ?? 0),
      classNames,
    );
  return {
    source: folder,
    features: [{ dtype: "f32", shape: [taken.length, ...shape], ...pixels, ...scale }],
    labels: [maps ?? named ?? []].flat(),
    rowNames: taken.map(({ name }) => name),
  };
}

interface ChosenImages {
  readonly files: readonly ImageFile[];
  readonly labels?: readonly number[];
  readonly classNames: readonly string[];
}

function chosenOf(
  { reader }: DataSource,
  folder: string,
  found: readonly NamedSamples<ImageFile>[],
  options: ImageOptions,
): ChosenImages | RuntimeFault {
  if (options.ignore !== undefined)
    return dataFaults.badOption(reader, "ignore", "left out without masks", options.ignore);
  const chosen = chooseSamples(folder, found, options, options.fewest ?? 1);
  if (isFault(chosen)) return chosen;
  const { rows, classNames } = chosen;
  return { files: rows.map(({ sample }) => sample), labels: rows.map(({ label }) => label), classNames };
}

/** Images whose labels are masks lie in one folder, and are held out as those of one class are. */
function masked(
  source: DataSource,
  folder: string,
  found: FoundImages,
  options: ImageOptions,
): ChosenImages | RuntimeFault {
  const wrong = ["first", "fewest"].find((name) => name in options);
  if (wrong !== undefined)
    return dataFaults.badOption(source.reader, wrong, "left out beside masks", source.options[wrong]);
  const fault = maskSettingsFault(source, options);
  if (fault !== undefined) return fault;
  return "loose" in found
    ? { files: partOf(found.loose, options), classNames: [] }
    : dataFaults.noImages(folder, "they lie in folders of classes, and images with masks in one folder");
}

/** Images in no folders of classes have no labels. What chooses among classes has no meaning then. */
function unlabelled(
  folder: string,
  files: readonly ImageFile[],
  options: ImageOptions,
): ChosenImages | RuntimeFault {
  const asked = [...Object.keys(classOptions), "fewest", "ignore"].filter((name) => name in options);
  return asked.length === 0
    ? { files, classNames: [] }
    : dataFaults.noImages(
        folder,
        `its images lie in no folders of their classes, and the source speaks of ${asked.join(", ")}`,
      );
}

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

/** By the folders of their classes, or in none. */
type FoundImages = readonly NamedSamples<ImageFile>[] | { readonly loose: readonly ImageFile[] };

function imagesByClass(folder: string, context: DataContext): FoundImages | RuntimeFault {
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
  const root = resolveData(folder, context);
  const loose = classes.filter((entry) => entry.path === undefined && isImage(entry.name));
  if (loose.length > 0 && !isFault(root))
    return { loose: loose.map(({ name, file }) => ({ name: file, path: join(root, name) })) };
  return dataFaults.noImages(folder, `none of its folders has an image (${[...extensions].join(", ")})`);
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

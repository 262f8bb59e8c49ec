/**
 * Labelled texts as dense vectors: a folder with one file a class (HTML paragraphs, or plain text with
 * blank lines between paragraphs), or a JSON object of lists. Each sample is a paragraph; its character
 * n-grams are hashed into a vector of square roots of counts with length 1, so a language becomes a
 * direction.
 */
import { readdirSync } from "node:fs";
import { extname, join } from "node:path";
import type { Dataset } from "../../runtime/dataset.ts";
import type { DataSource } from "../../runtime/program.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { type NamedSamples, chooseSamples, namedLabels } from "./classes.ts";
import { dataFaults } from "./faults.ts";
import { type DataFile, isFolder, openFile, systemReason } from "./files.ts";
import { brokenJson, parseJson } from "./json.ts";
import type { OptionsOf } from "./options.ts";
import { type DataContext, resolveData } from "./resolve.ts";
import type { readerOptions } from "./settings.ts";
import { utf8Text } from "./signatures.ts";

export type TextOptions = OptionsOf<typeof readerOptions.text>;

export function readTexts(
  source: DataSource,
  name: string,
  options: TextOptions,
  context: DataContext,
): Dataset | RuntimeFault {
  const path = resolveData(name, context);
  if (isFault(path)) return path;
  const collected = isFolder(path) ? folderTexts(name, path, context) : jsonTexts(name, context);
  return isFault(collected) ? collected : textDataset(source, name, collected, options);
}

/** Samples of the classes that the settings choose, as rows of a dataset. */
export function textDataset(
  source: DataSource,
  name: string,
  collected: readonly NamedSamples<string>[],
  options: TextOptions,
): Dataset | RuntimeFault {
  const { size = 1024, ngrams = 3, paragraphs = 1 } = options;
  if (ngrams > 8) return dataFaults.badOption(source.reader, "ngrams", "at most 8", ngrams);
  const usable = collected.map((entry) => ({
    name: entry.name,
    samples: samplesOf(entry.samples, options),
  }));
  const chosen = chooseSamples(name, usable, options, paragraphs);
  if (isFault(chosen)) return chosen;
  const { rows, classNames } = chosen;
  if (rows.length === 0) return dataFaults.noTexts(name, "no sample is long enough, or all are held out");
  const data = new Float32Array(rows.length * size);
  for (const [row, { sample }] of rows.entries())
    hashText(sample, ngrams, data.subarray(row * size, (row + 1) * size));
  return {
    source: name,
    features: [{ dtype: "f32", shape: [rows.length, size], data, mean: [0], std: [1] }],
    labels: [
      namedLabels(
        rows.map(({ label }) => label),
        classNames,
      ),
    ],
  };
}

/**
 * Adds the n-grams of a text to a vector: FNV-1a of the code points picks the place; then √count, and
 * length 1. Case is folded and white space counts as one space at the ends and between words.
 */
export function hashText(text: string, longest: number, vector: Float32Array): void {
  const points = Array.from(
    ` ${text.normalize("NFC").toLowerCase().replace(/\s+/gu, " ").trim()} `,
    (c) => c.codePointAt(0) ?? 0,
  );
  for (let begin = 0; begin < points.length; begin++) {
    let hash = 0x811c9dc5;
    for (let at = begin; at < Math.min(begin + longest, points.length); at++) {
      hash = mix(hash, points[at] ?? 0);
      const place = (hash >>> 0) % vector.length;
      vector[place] = (vector[place] ?? 0) + 1;
    }
  }
  let square = 0;
  for (const count of vector) square += count;
  if (square === 0) return;
  for (let i = 0; i < vector.length; i++) vector[i] = Math.sqrt((vector[i] ?? 0) / square);
}

function mix(hash: number, point: number): number {
  let mixed = hash;
  for (let shift = 0; shift < 24; shift += 8)
    mixed = Math.imul(mixed ^ ((point >>> shift) & 255), 0x01000193);
  return mixed;
}

function samplesOf(texts: readonly string[], { characters = 20, window }: TextOptions): readonly string[] {
  const samples = window === undefined ? texts : texts.flatMap((text) => windows(text, window));
  return samples.filter((text) => text.length >= characters);
}

function windows(text: string, length: number): readonly string[] {
  const points = [...text];
  const count = Math.ceil(points.length / length);
  return Array.from({ length: count }, (_, at) => points.slice(at * length, (at + 1) * length).join(""));
}

function folderTexts(
  name: string,
  path: string,
  context: DataContext,
): readonly NamedSamples<string>[] | RuntimeFault {
  let files: readonly string[];
  try {
    files = readdirSync(path)
      .filter((file) => paragraphsOf(extname(file)) !== undefined)
      .sort();
  } catch (error) {
    return dataFaults.unreadable(name, systemReason(error));
  }
  if (files.length === 0) return dataFaults.noTexts(name, "the folder has no .html or .txt files");
  const collected: NamedSamples<string>[] = [];
  for (const file of files) {
    const opened = openFile(name.startsWith("npm:") ? `${name}/${file}` : join(name, file), context);
    if (isFault(opened)) return opened;
    const text = utf8Text(opened, "text");
    if (isFault(text)) return text;
    const split = paragraphsOf(extname(file));
    collected.push({ name: file.slice(0, -extname(file).length), samples: split?.(text) ?? [] });
  }
  return collected;
}

function paragraphsOf(extension: string): ((text: string) => readonly string[]) | undefined {
  if (extension === ".html") return htmlParagraphs;
  return extension === ".txt" ? (text) => text.split(/\r?\n\s*\r?\n/u).map((part) => part.trim()) : undefined;
}

/** The text of each `<p>`; tags inside go, the five entities of XML and numbered ones are decoded. */
export function htmlParagraphs(html: string): readonly string[] {
  return Array.from(html.matchAll(/<p\b[^>]*>(.*?)<\/p>/gsu), ([, inner = ""]) =>
    inner
      .replace(/<[^>]*>/gu, " ")
      .replace(/&(#x[\da-f]{1,6}|#\d{1,7}|amp|lt|gt|quot|apos);/giu, (whole, entity: string) =>
        decodeEntity(whole, entity),
      )
      .replace(/\s+/gu, " ")
      .trim(),
  );
}

function decodeEntity(whole: string, entity: string): string {
  if (!entity.startsWith("#")) return namedEntities.get(entity.toLowerCase()) ?? whole;
  const point = /^#x/i.test(entity) ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
  return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
}

const namedEntities = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

function jsonTexts(name: string, context: DataContext): readonly NamedSamples<string>[] | RuntimeFault {
  const opened: DataFile | RuntimeFault = openFile(name, context);
  if (isFault(opened)) return opened;
  const text = utf8Text(opened, "JSON");
  if (isFault(text)) return text;
  const parsed = parseJson(text);
  if ("reason" in parsed) return dataFaults.badFile(name, "JSON", parsed.reason, brokenJson);
  const { value } = parsed;
  const refuse = (reason: string) =>
    dataFaults.badFile(
      name,
      "JSON",
      reason,
      'write {"english": ["a text", …], "german": ["ein Text", …], …}',
    );
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return refuse("it is not an object of class names and lists of texts");
  const collected: NamedSamples<string>[] = [];
  for (const [label, texts] of Object.entries(value)) {
    if (!isTextList(texts)) return refuse(`${JSON.stringify(label)} is not a list of texts`);
    collected.push({ name: label, samples: texts });
  }
  return collected;
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

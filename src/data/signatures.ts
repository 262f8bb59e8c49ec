/**
 * Files that are not what a reader takes them for: said with what they really are where their first bytes tell it, or
 * that they are no UTF-8 text, instead of the guess that they are cut off.
 */
import { isUtf8 } from "node:buffer";
import type { RuntimeFault } from "../../runtime/errors.ts";
import { bytesOf } from "../../runtime/readable-bytes.ts";
import { type ByteSource, bytesInMemory } from "./byte-source.ts";
import { dataFaults } from "./faults.ts";
import type { DataFile } from "./files.ts";

/** For a file that does not begin as its format does; `reason` and `help` are for one of no known kind. */
export function otherKind(source: ByteSource, format: string, reason: string, help?: string): RuntimeFault {
  const { name } = source;
  const bytes = bytesOf(source, 0, longestSign);
  const kind = kinds.find(({ begins }) => begins.every((byte, at) => bytes[at] === byte));
  return kind === undefined
    ? dataFaults.badFile(name, format, reason, help)
    : dataFaults.badFile(name, format, `it is ${kind.what}`, kind.help);
}

/** Guessed letters would be other names and other texts, so nothing but UTF-8 is taken. */
export function utf8Text(file: DataFile, format: string): string | RuntimeFault {
  const { name, bytes } = file;
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    return dataFaults.badFile(name, format, "it is UTF-16 text, not UTF-8", "save it as UTF-8");
  const text = new TextDecoder().decode(bytes);
  if (isUtf8(bytes) && !text.includes("\0")) return text;
  const line = text.slice(0, text.search(/[\0\ufffd]/)).split("\n").length;
  return otherKind(
    bytesInMemory(file),
    format,
    `line ${line} is not UTF-8 text`,
    "save it as UTF-8: it may be in Latin-1, in UTF-16 or no text at all",
  );
}

interface Kind {
  readonly begins: readonly number[];
  readonly what: string;
  readonly help: string;
}

const saveAsTable = "save what it holds as npz, CSV or JSON";
const giveFolder = 'images are read from folders: images("…")';

const kinds: readonly Kind[] = [
  {
    begins: [...letters("PK"), 3, 4],
    what: "a zip archive, as npz and xlsx files are",
    help: "read an npz archive with npz(…), save a spreadsheet as CSV, and unpack any other archive",
  },
  { begins: [0x93, ...letters("NUMPY")], what: "one NumPy array (npy)", help: "read it with npy(…)" },
  { begins: [0x89, ...letters("PNG")], what: "a PNG image", help: giveFolder },
  { begins: [0xff, 0xd8, 0xff], what: "a JPEG image", help: giveFolder },
  { begins: [0x89, ...letters("HDF")], what: "an HDF5 file", help: saveAsTable },
  { begins: letters("PAR1"), what: "a Parquet file", help: saveAsTable },
  { begins: letters("ARROW1"), what: "an Arrow file", help: saveAsTable },
  { begins: letters("SQLite format 3"), what: "an SQLite database", help: saveAsTable },
];

const longestSign = Math.max(...kinds.map(({ begins }) => begins.length));

function letters(text: string): readonly number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}

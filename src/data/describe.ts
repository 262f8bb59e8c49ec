/** The readers' table as the page docs/data.md; a test keeps the two the same. */
import { type DataReader, dataReaders } from "./index.ts";
import { kindWords } from "./settings.ts";

export function describeReaders(): string {
  const readers: readonly (readonly [string, DataReader])[] = Object.entries(dataReaders);
  return (
    [
      opening,
      labels,
      several,
      ...readers.map(([name, reader]) => describeReader(name, reader)),
      closing,
    ].join("\n\n") + "\n"
  );
}

const opening = `# Data

A \`train\` names its rows with a reader: files first, settings by name. Features go to the model, labels to the
loss. Paths are relative to the .margo file and stay inside the workspace; \`npm:package/path\` is a file of an
installed package. Rows and classes count from 0. Features keep the type of the file in memory and become
\`(value - mean) / std\` as a batch is gathered; bytes are divided by 255 unless \`std\` says otherwise. Rows may be
flat or lack axes of size 1; any other shape than the model's is an error that names both.

Features of npy, npz and IDX files that would take more than a quarter of the memory stay in their file, of any size, and are read
from there row by row; of several readers each may take its share of that quarter. What is packed (gzip, \`np.savez_compressed\`) is unpacked into memory, up to 4 GiB.`;

const labels = `## Labels

Without \`classes\` labels are values, numbers for a loss on values. With \`classes: C\` they are classes, and it is the same
in every reader that takes them from a file:

- Where all labels are numbers, they are the numbers of the classes: whole (\`2.0\` is 2) and 0…C-1. A fraction, a negative
  number, \`nan\`, or C and more is an error that names the row. Labels that other tools count from 1 must be made to
  count from 0 in the file: subtract 1 from each. Numbers in quotes are numbers too.
- Where at least one label is no number, all are names. There must be C different ones; they are numbered from 0 in the order
  of their characters' codes, so \`Z\` comes before \`a\` and \`10\` before \`2\`.
- In arrays (\`idx\`, \`npy\`, \`npz\`), and where \`images\` has a folder of masks, a row may have several labels, as a mask has one for each pixel: i32[N, H, W]. \`ignore: 255\` lets
  them have that number where there is no class; a loss takes such labels as \`y: i32[N, ...]\` ([losses.md](losses.md#label-maps)).

\`text\` and \`images\` take classes from names of files, keys and folders. Those are always names, in the same order, also where
they look like numbers.`;

const several = `## Several arrays of a row

Models that take several inputs, and losses that take several labels, get them from one archive or one table, in the order in which they are named:

\`\`\`margo fragment
npz("pairs.npz", x: ["image", "text"], y: ["same", "sure"], classes: 2)
csv("shop.csv", label: ["product", "weight"], classes: 500)
\`\`\`

\`x\` has an array for each input of the models, and \`y\` or \`label\` one for each input of the loss that is no output of a model. \`classes\` says how many
classes the first labels have, \`[500, 12]\` of two of them; those after them are values. \`mean\` and \`std\` are those of all arrays.

## Several readers side by side

Where the parts of a row lie in several places, \`data\`, \`validation\` and \`verification\` are lists of readers:

\`\`\`margo fragment
data = [images("photos", size: [64, 64], classes: 20), npz("captions.npz", x: "tokens", y: "weight")]
\`\`\`

- The n-th row of each reader belongs to the n-th of the others; other numbers of rows are an error. Tables and arrays have the order of the
  file. Images are sorted by the name of their folder, then by their own, both by the codes of the characters: \`10.png\` comes before
  \`2.png\`, and \`Z\` before \`a\`; \`margo embed\` writes the names in that order. Texts are sorted by class. What \`part\`, \`first\` or
  \`fewest\` leaves out has no row.
- The features go to the inputs of the models in the order of the readers, and so do the labels to the inputs of the loss.
- In a list a reader gives the labels that it speaks of, with \`y\`, \`label\`, \`classes\` or a second file, and no others: the folders of images without
  \`classes\` are only their order, and every column of a table without \`label\` or \`classes\` is a feature. \`text\` always gives its classes.
- \`--limit\` and the verification choose among whole rows, so all images of a list are read, though only some of them are wanted.

In a page or a service \`sideBySide\` puts datasets of the same rows together ([page.md](page.md#a-run)).`;

const closing = `Every mistake in a file is reported with the file, the place in it, the reason and a way out: a header that is cut
off or claims more than there is, a number that is not finite or beyond 1e18 after \`mean\` and \`std\` (f32 cannot sum such
squares), a label outside the classes, rows that differ in length, text that is not UTF-8, a file of another kind. Classes of
\`validation\` must have the names of those that are trained.`;

function describeReader(name: string, { doc, example, options }: DataReader): string {
  const settings = Object.entries(options).map(
    ([option, { kind, doc: text }]) => `- \`${option}\` (${kindWords[kind]}): ${text}`,
  );
  return [`## ${name}`, doc, `\`\`\`margo fragment\n${example}\n\`\`\``, settings.join("\n")].join("\n\n");
}

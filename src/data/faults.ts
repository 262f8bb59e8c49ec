/**
 * The words for everything that can be wrong with data: one entry a fault, facts in, sentence out. Every
 * one names the file and the place in it, the reason, and a way out.
 */
import { type RuntimeFault, fault } from "../../runtime/errors.ts";

const list = (names: readonly string[]) => (names.length === 0 ? "none" : names.join(", "));
export const dataFaults = {
  notFound: (file: string, near: readonly string[]) =>
    fault(
      "M0701",
      `there is no file or folder ${file}`,
      near.length === 0
        ? "check the path: it is relative to the .margo file"
        : `beside it are ${near.join(", ")}`,
      { file },
    ),
  outside: (file: string, root: string) =>
    fault(
      "M0702",
      `${file} leads out of ${root}`,
      "move the data under the workspace, or into an installed package",
      {
        file,
      },
    ),
  noPackage: (file: string, name: string) =>
    fault("M0703", `the package ${name} is not installed here`, `install it: npm install ${name}`, { file }),
  badName: (file: string, reason: string) =>
    fault(
      "M0704",
      `${JSON.stringify(file)} is no name of a data file: ${reason}`,
      'write a relative path, or "npm:package/path/in/it"',
      {
        file,
      },
    ),
  unreadable: (file: string, reason: string) =>
    fault("M0705", `cannot read ${file}: ${reason}`, "check that you may read it", { file }),
  folder: (file: string) =>
    fault(
      "M0746",
      `${file} is a folder, and a file is read here`,
      `name a file in it; folders of images are read by images(${JSON.stringify(file)}), folders of texts by text(${JSON.stringify(file)})`,
      { file },
    ),
  unknownReader: (name: string, known: readonly string[]) =>
    fault("M0706", `there is no data reader "${name}"`, `readers are ${known.join(", ")}`),
  fileCount: (reader: string, wanted: string, given: number) =>
    fault("M0707", `${reader} takes ${wanted}, not ${given}`, "see docs/data.md for what each reader takes"),
  unknownOption: (reader: string, name: string, known: readonly string[]) =>
    fault("M0708", `${reader} has no setting "${name}"`, `its settings are ${list(known)}`),
  badOption: (reader: string, name: string, wanted: string, given: unknown) =>
    fault(
      "M0709",
      `${name} of ${reader} is ${JSON.stringify(given)}, but it must be ${wanted}`,
      `change ${name} in the source, or leave it out`,
    ),
  missingOption: (reader: string, name: string, why: string) =>
    fault("M0760", `${reader} has no ${name}, and ${why}`, `write ${name}: … in the source`),
  badFile: (
    file: string,
    format: string,
    reason: string,
    help = "it may be cut off or of another kind; take another copy of it",
  ) => fault("M0710", `${file} is no whole ${format} file: ${reason}`, help, { file }),
  unsupported: (file: string, what: string, known: readonly string[]) =>
    fault(
      "M0711",
      `${file} holds ${what}, which is not supported`,
      `convert it to one of ${known.join(", ")}`,
      { file },
    ),
  rowsDiffer: (file: string, features: number, labels: number) =>
    fault(
      "M0712",
      `${file} has ${features} rows, but there are ${labels} labels`,
      "give files that belong together",
      { file },
    ),
  saidLabels: (file: string) =>
    fault(
      "M0764",
      `${file} has no labels, but classes: … speaks of some`,
      "name the file of the labels behind that of the features, or leave classes out",
      { file },
    ),
  noRows: (file: string) =>
    fault("M0713", `${file} has no rows`, "give a data file with at least one row", { file }),
  /** `place` says where in the file, and the value is as the file has it. */
  beyondF32: (file: string, row: number, place: string, value: string) =>
    fault(
      "M0742",
      `${place} of ${file} is ${value}, which is too large for f32 (at most 3.4e38)`,
      "correct the row (rows count from 0), or divide the numbers in the file",
      { file, row },
    ),
  oneNumber: (file: string) =>
    fault(
      "M0743",
      `${file} is one number, not a list of rows`,
      "give an array whose first axis counts the rows",
      { file },
    ),
  emptyRows: (file: string, shape: readonly number[]) =>
    fault(
      "M0744",
      `${file} has shape [${shape.join(", ")}]: its rows hold no numbers`,
      "give an array with at least one number a row",
      { file },
    ),
  badCell: (file: string, row: number, place: string, text: string) =>
    fault(
      "M0715",
      text.trim() === ""
        ? `${place} of ${file} is empty`
        : `${place} of ${file} is ${JSON.stringify(text)}, not a number`,
      "remove the row, fill the value in, or leave the column out with columns: [...]",
      { file, row },
    ),
  badLabel: (file: string, row: number, place: string, text: string) =>
    fault(
      "M0747",
      `the label in ${place} of ${file} is ${JSON.stringify(text)}, not a number`,
      "write classes: … where labels are names of classes, or name another column with label: …",
      { file, row },
    ),
  onlyLabel: (file: string, column: string) =>
    fault(
      "M0748",
      `${file} has no column besides the label "${column}"`,
      "give a file with columns of numbers, or name the label with label: … and the features with columns: [...]; cells of CSV are set apart by commas, semicolons, tabs or |",
      { file },
    ),
  labelAmongColumns: (file: string, column: string) =>
    fault(
      "M0749",
      `"${column}" of ${file} is the label and among the columns of features: the model would read the answer`,
      "leave it out of columns: [...], or name another column with label: …",
      { file },
    ),
  raggedRow: (file: string, row: number, place: string, found: number, wanted: number) =>
    fault(
      "M0716",
      `${place} of ${file} has ${found} cells, the others have ${wanted}`,
      "mend the row, or quote cells that hold a comma",
      { file, row },
    ),
  noColumn: (file: string, name: string, columns: readonly string[]) =>
    fault("M0717", `${file} has no column "${name}"`, `its columns are ${list(columns)}`, { file }),
  classCount: (file: string, wanted: number, found: number, names: readonly string[]) =>
    fault(
      "M0718",
      `${file} has ${found} classes, but the source says classes: ${wanted}`,
      `write classes: ${found}${names.length > 0 ? ` (${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""})` : ""}`,
      { file },
    ),
  strangeClass: (file: string, name: string, trained: string) =>
    fault(
      "M0755",
      `"${name}" is a class of ${file}, but not of ${trained}`,
      "validation takes rows of the classes that are trained; rows of others are for verification = …",
      { file },
    ),
  labelsFromOne: (file: string, classes: number) =>
    fault(
      "M0745",
      `the labels of ${file} are 1…${classes}, but labels count from 0: with ${classes} classes they are 0…${classes - 1}`,
      "subtract 1 from every label in the file, or write the classes as names",
      { file },
    ),
  noArray: (file: string, name: string, names: readonly string[]) =>
    fault("M0726", `${file} has no array "${name}"`, `its arrays are ${list(names)}`, { file }),
  tooLarge: (file: string, bytes: number, limit: number) =>
    fault(
      "M0727",
      `${file} unpacks to ${bytes} bytes, more than the limit of ${limit}`,
      "split it, or unpack it and use the files inside",
      {
        file,
      },
    ),
  beyondMemory: (file: string, bytes: number) =>
    fault(
      "M0752",
      `${file} takes ${mebibytes(bytes)} MiB, too many for the memory at once`,
      "split it, or save its rows as npy: of that format and of IDX, unpacked, larger files are read row by row",
      { file },
    ),
  columnsTooLarge: (file: string) =>
    fault(
      "M0753",
      `${file} is in Fortran order, whole columns one after the other, and too large to be turned around in memory`,
      "save it row by row: np.save(file, np.ascontiguousarray(x))",
      { file },
    ),
  noTexts: (file: string, reason: string) =>
    fault(
      "M0728",
      `${file} gives no rows: ${reason}`,
      "lower `paragraphs` or `characters`, or give longer texts",
      { file },
    ),
  tooFewSamples: (file: string, fewest: number) =>
    fault(
      "M0741",
      `no class of ${file} has ${fewest} samples`,
      "lower the number of samples that a class must have, or give more of them",
      { file },
    ),
  firstPast: (file: string, first: number, classes: number) =>
    fault(
      "M0739",
      `${file} has ${classes} classes, and first: ${first} begins behind them`,
      `the first class to take is one of 1 to ${classes}`,
      { file },
    ),
  noImages: (folder: string, reason: string) =>
    fault(
      "M0735",
      `${folder} gives no images: ${reason}`,
      "images lie in a folder for each class: faces/anna/1.png, faces/ben/1.png",
      { file: folder },
    ),
  imageSize: (file: string, [height, width]: readonly number[], wanted: readonly number[]) =>
    fault(
      "M0736",
      `${file} is ${height} pixels high and ${width} wide, the first image ${wanted.join(" and ")}`,
      `give all of them one size: size: [${wanted.join(", ")}]`,
      { file },
    ),
  noMask: (image: string, mask: string) =>
    fault(
      "M0758",
      `${image} has no mask: there is no ${mask}`,
      "each image has a PNG of its name in the folder of masks",
      {
        file: mask,
      },
    ),
  maskSize: (file: string, [height, width]: readonly number[], image: readonly number[]) =>
    fault(
      "M0759",
      `${file} is ${height} pixels high and ${width} wide, its image ${image.join(" and ")}`,
      "give a mask of the size of its image, turned as the image is shown",
      { file },
    ),
  noRoom: (file: string, bytes: number, reason: string) =>
    fault(
      "M0737",
      `${mebibytes(bytes)} MiB of decoded images are too many for memory, and ${file} cannot hold them: ${reason}`,
      "free some space, set MARGO_CACHE to a folder with more, give a smaller size: … or fewer classes: …, or take some of the rows with --limit",
      { file },
    ),
  interrupted: () => fault("M0740", "stopped before the first step", "nothing was trained or written"),
  noSharp: (folder: string, reason: string) =>
    fault(
      "M0738",
      `the images in ${folder} are read by the npm package sharp, which does not load here: ${reason}`,
      "npm install sharp",
      { file: folder },
    ),
  noClasses: (file: string) =>
    fault(
      "M0733",
      `${file} names no classes, and verification compares rows by their classes`,
      "say how many classes its labels name: classes: …",
      { file },
    ),
  noPairs: (file: string, rows: number, classes: number) =>
    fault(
      "M0734",
      classes < 2
        ? `all ${rows} rows of ${file} are of one class: no two can be told apart`
        : `each of the ${rows} rows of ${file} is alone in its class: no two belong together`,
      "verification wants at least two classes, and two rows in one of them",
      { file },
    ),
} as const satisfies Record<string, (...facts: never[]) => RuntimeFault>;

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}

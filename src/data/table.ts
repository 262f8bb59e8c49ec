/**
 * Rows of named cells, from CSV or JSON, as a dataset: numeric columns are features, others may be labels.
 */
import { saysLabels } from "../../compiler/check/builtins/data.ts";
import type { Dataset, Labels } from "../../runtime/dataset.ts";
import type { DataSource } from "../../runtime/program.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import { isDecimal, isNoNumber, textClasses } from "./labels.ts";
import { unusableFaults, whyUnusable } from "./numbers.ts";
import { type Normalisation, type OptionsOf, normalisationOf } from "./options.ts";
import type { DataContext } from "./resolve.ts";
import type { readerOptions } from "./settings.ts";

export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
}

export interface TableRow {
  /** Where it begins in the file, counted from 1, where rows have lines of their own. */
  readonly line?: number;
  readonly cells: readonly string[];
}

export function tableDataset(
  source: DataSource,
  table: Table,
  options: OptionsOf<typeof readerOptions.json>,
  { isBeside }: DataContext,
): Dataset | RuntimeFault {
  const { name, columns, rows } = table;
  if (rows.length === 0) return dataFaults.noRows(name);
  for (const [row, { line, cells }] of rows.entries())
    if (cells.length !== columns.length)
      return dataFaults.raggedRow(name, row, rowWords(row, line), cells.length, columns.length);
  const isLabelled = isBeside !== true || saysLabels(source);
  const labelled = columnsAt(table, options.label ?? (isLabelled ? [-1] : []));
  if (isFault(labelled)) return labelled;
  const chosen = featureColumns(table, labelled, options.columns);
  if (isFault(chosen)) return chosen;
  const labels = labelsOf(source, table, labelled, { chosen, classes: options.classes ?? [] });
  if (isFault(labels)) return labels;
  const scale = normalisationOf(source, options, [chosen.length], 1);
  if (isFault(scale)) return scale;
  const values = numbersOf(table, chosen, scale);
  if (isFault(values)) return values;
  const shape = [rows.length, chosen.length];
  return { source: name, features: [{ dtype: "f32", shape, data: values, ...scale }], labels };
}

/** A column of labels each, the first as many as there are numbers of classes as classes, the others as values. */
function labelsOf(
  { reader }: DataSource,
  table: Table,
  columns: readonly number[],
  { chosen, classes }: { readonly chosen: readonly number[]; readonly classes: readonly number[] },
): readonly Labels[] | RuntimeFault {
  if (classes.length > columns.length)
    return dataFaults.badOption(
      reader,
      "classes",
      `no more numbers than there are labels (${columns.length})`,
      classes,
    );
  const labels: Labels[] = [];
  for (const [at, column] of columns.entries()) {
    const count = classes[at];
    // Values may be features as well, as where a model learns to repeat its input.
    if (count !== undefined && chosen.includes(column))
      return dataFaults.labelAmongColumns(table.name, table.columns[column] ?? "");
    const read = count === undefined ? labelValues(table, column) : labelClasses(table, column, count);
    if (isFault(read)) return read;
    labels.push(read);
  }
  return labels;
}

function columnAt({ name, columns }: Table, column: string | number): number | RuntimeFault {
  const at =
    typeof column === "string" ? columns.indexOf(column) : column < 0 ? columns.length + column : column;
  return at >= 0 && at < columns.length ? at : dataFaults.noColumn(name, String(column), columns);
}

function columnsAt(table: Table, named: readonly (string | number)[]): readonly number[] | RuntimeFault {
  const found: number[] = [];
  for (const column of named) {
    const at = columnAt(table, column);
    if (isFault(at)) return at;
    found.push(at);
  }
  return found;
}

function featureColumns(
  table: Table,
  labels: readonly number[],
  named: readonly (string | number)[] | undefined,
): readonly number[] | RuntimeFault {
  if (named !== undefined) return columnsAt(table, named);
  const others = table.columns.map((_, at) => at).filter((at) => !labels.includes(at));
  const [label = 0] = labels;
  return others.length > 0 ? others : dataFaults.onlyLabel(table.name, table.columns[label] ?? "");
}

function numbersOf(
  table: Table,
  chosen: readonly number[],
  { mean, std }: Normalisation,
): Float32Array | RuntimeFault {
  const values = new Float32Array(table.rows.length * chosen.length);
  for (let row = 0; row < table.rows.length; row++)
    for (const [at, column] of chosen.entries()) {
      const value = numberAt(table, row, column, mean[at % mean.length] ?? 0, std[at % std.length] ?? 1);
      if (isFault(value)) return value;
      values[row * chosen.length + at] = value;
    }
  return values;
}

/** A number in decimal notation that can be trained on; anything else is a fault that names the cell. */
function numberAt(
  table: Table,
  row: number,
  column: number,
  mean: number,
  std: number,
): number | RuntimeFault {
  const text = table.rows[row]?.cells[column] ?? "";
  if (!isDecimal(text)) return badCell(table, row, column);
  const value = Number(text);
  const why = whyUnusable(value, mean, std);
  if (why === undefined) return value;
  // A number that is written in digits is finite, however large.
  const words = unusableFaults[why === "not finite" ? "beyond f32" : why];
  return words(table.name, row, placeOf(table, row, column), text.trim());
}

function labelValues(table: Table, label: number): Labels | RuntimeFault {
  const word = table.rows.findIndex(({ cells }) => isWord(cells[label] ?? ""));
  if (word >= 0)
    return dataFaults.badLabel(
      table.name,
      word,
      placeOf(table, word, label),
      table.rows[word]?.cells[label] ?? "",
    );
  const data = numbersOf(table, [label], { mean: [0], std: [1] });
  return isFault(data) ? data : { dtype: "f32", shape: [data.length], data };
}

/** Neither a number nor a missing one. */
function isWord(text: string): boolean {
  const word = text.trim();
  return word !== "" && !isDecimal(word) && !isNoNumber(word);
}

function labelClasses(table: Table, label: number, classes: number): Labels | RuntimeFault {
  const texts = table.rows.map(({ cells }) => (cells[label] ?? "").trim());
  const empty = texts.indexOf("");
  return empty < 0 ? textClasses(table.name, texts, classes) : badCell(table, empty, label);
}

function rowWords(row: number, line: number | undefined): string {
  return line === undefined ? `row ${row}` : `row ${row} (line ${line})`;
}

function placeOf({ columns, rows }: Table, row: number, column: number): string {
  return `column "${columns[column] ?? column}" of ${rowWords(row, rows[row]?.line)}`;
}

function badCell(table: Table, row: number, column: number): RuntimeFault {
  return dataFaults.badCell(
    table.name,
    row,
    placeOf(table, row, column),
    table.rows[row]?.cells[column] ?? "",
  );
}

/**
 * Rows of named cells, from CSV or JSON, as a dataset: numeric columns are features, one column may be
 * the label. Class names are the label column's distinct texts in code-unit order, so the numbering never
 * depends on the order of rows.
 */
import { labelRangeFault } from "../../runtime/check-rows.ts";
import type { Dataset } from "../../runtime/dataset.ts";
import type { DataSource, HostTensor } from "../../runtime/program.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import { type OptionKinds, type OptionsOf, normalisation, normalisationOf } from "./options.ts";

export const tableOptions = {
  label: {
    kind: "name",
    doc: "the label's column: a name, or a position (negative from the end); -1 without it",
  },
  columns: { kind: "names", doc: "the feature columns; all others by default" },
  classes: { kind: "count", doc: "how many classes the label names; without it labels are values" },
  ...normalisation,
} as const satisfies OptionKinds;

export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
}

export interface TableRow {
  /** In the file, counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export function tableDataset(
  source: DataSource,
  table: Table,
  options: OptionsOf<typeof tableOptions>,
): Dataset | RuntimeFault {
  const { name, columns, rows } = table;
  if (rows.length === 0) return dataFaults.noRows(name);
  for (const [row, { line, cells }] of rows.entries())
    if (cells.length !== columns.length)
      return dataFaults.raggedRow(name, row, line, cells.length, columns.length);
  const label = columnAt(table, options.label ?? -1);
  if (isFault(label)) return label;
  const chosen = featureColumns(table, label, options.columns);
  if (isFault(chosen)) return chosen;
  const values = numbersOf(table, chosen);
  if (isFault(values)) return values;
  const scale = normalisationOf(source, options, [chosen.length], 1);
  if (isFault(scale)) return scale;
  const shape = [rows.length, chosen.length];
  const { classes } = options;
  const read = classes === undefined ? labelValues(table, label) : labelClasses(table, label, classes);
  if (isFault(read)) return read;
  return { source: name, features: { dtype: "f32", shape, data: values, ...scale }, ...read };
}

function columnAt({ name, columns }: Table, column: string | number): number | RuntimeFault {
  const at =
    typeof column === "string" ? columns.indexOf(column) : column < 0 ? columns.length + column : column;
  return at >= 0 && at < columns.length ? at : dataFaults.noColumn(name, String(column), columns);
}

function featureColumns(
  table: Table,
  label: number,
  named: readonly (string | number)[] | undefined,
): readonly number[] | RuntimeFault {
  if (named === undefined) {
    const others = table.columns.map((_, at) => at).filter((at) => at !== label);
    return others.length > 0
      ? others
      : dataFaults.badFile(table.name, "table", "it has no column besides the label");
  }
  const chosen: number[] = [];
  for (const column of named) {
    const at = columnAt(table, column);
    if (isFault(at)) return at;
    chosen.push(at);
  }
  return chosen;
}

function numbersOf(table: Table, chosen: readonly number[]): Float32Array | RuntimeFault {
  const values = new Float32Array(table.rows.length * chosen.length);
  for (let row = 0; row < table.rows.length; row++)
    for (const [at, column] of chosen.entries()) {
      const value = numberAt(table, row, column);
      if (isFault(value)) return value;
      values[row * chosen.length + at] = value;
    }
  return values;
}

/** A finite number in decimal notation; anything else is a fault that names the cell. */
function numberAt({ name, columns, rows }: Table, row: number, column: number): number | RuntimeFault {
  const { line = 0, cells } = rows[row] ?? {};
  const text = cells?.[column] ?? "";
  const value = decimal.test(text) ? Math.fround(Number(text)) : NaN;
  return Number.isFinite(value)
    ? value
    : dataFaults.badCell(name, row, line, columns[column] ?? String(column), text);
}

const decimal = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/;

type Labels = Pick<Dataset, "labels" | "classes" | "classNames">;

function labelValues(table: Table, label: number): Labels | RuntimeFault {
  const data = numbersOf(table, [label]);
  return isFault(data) ? data : { labels: { dtype: "f32", shape: [data.length], data } };
}

function labelClasses(table: Table, label: number, classes: number): Labels | RuntimeFault {
  const texts = table.rows.map(({ cells }) => (cells[label] ?? "").trim());
  const empty = texts.indexOf("");
  if (empty >= 0)
    return dataFaults.badCell(
      table.name,
      empty,
      table.rows[empty]?.line ?? 0,
      table.columns[label] ?? "",
      "",
    );
  if (texts.every((text) => /^\d+$/.test(text))) return numberedClasses(table.name, texts, classes);
  const names = [...new Set(texts)].sort();
  if (names.length !== classes) return dataFaults.classCount(table.name, classes, names.length, names);
  const numbers = new Map(names.map((name, number) => [name, number]));
  return { labels: classTensor(texts.map((text) => numbers.get(text) ?? 0)), classes, classNames: names };
}

/** Labels that are whole numbers already keep their meaning. */
function numberedClasses(name: string, texts: readonly string[], classes: number): Labels | RuntimeFault {
  const labels = texts.map(Number);
  return labelRangeFault(name, labels, classes) ?? { labels: classTensor(labels), classes };
}

function classTensor(labels: readonly number[]): HostTensor {
  return { dtype: "i32", shape: [labels.length], data: Int32Array.from(labels) };
}

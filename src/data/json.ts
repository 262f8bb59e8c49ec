/**
 * Rows of JSON as a table of cells: one list of rows, or JSON Lines, which is a row a line. Rows are lists of cells, or
 * objects, whose keys name the columns in the order in which they come up.
 */
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import { type DataFile, systemReason } from "./files.ts";
import { utf8Text } from "./signatures.ts";
import type { Table, TableRow } from "./table.ts";

export function readJsonRows(file: DataFile): Table | RuntimeFault {
  const text = utf8Text(file, "JSON");
  if (isFault(text)) return text;
  const whole = parseJson(text);
  if (!("reason" in whole)) return listedRows(file.name, whole.value);
  return rowsOfLines(file.name, text) ?? dataFaults.badFile(file.name, "JSON", whole.reason, brokenJson);
}

type Parsed = { readonly value: unknown } | { readonly reason: string };

export function parseJson(text: string): Parsed {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { reason: systemReason(error) };
  }
}

export const brokenJson =
  "mend it there, or take another copy of it; JSON has no NaN, no comments and no comma at the end";

const listWanted =
  'write the rows as a list, [[5.1, 0.2, "setosa"], …] or [{"length": 5.1, "kind": "setosa"}, …], or one row a line';

interface JsonRow {
  readonly value: unknown;
  readonly line?: number;
}

function listedRows(name: string, value: unknown): Table | RuntimeFault {
  if (Array.isArray(value))
    return tableOf(
      name,
      value.map((row: unknown) => ({ value: row })),
    );
  const found = isObject(value) ? `an object (${keysOf(value)})` : "one value";
  return dataFaults.badFile(name, "JSON", `it is ${found}, not a list of rows`, listWanted);
}

function keysOf(value: Readonly<Record<string, unknown>>): string {
  const keys = Object.keys(value);
  return keys.length === 0 ? "empty" : `of ${keys.slice(0, 4).join(", ")}${keys.length > 4 ? ", …" : ""}`;
}

/** Undefined where the first line is no row, so that this is no JSON Lines. */
function rowsOfLines(name: string, text: string): Table | RuntimeFault | undefined {
  const rows: JsonRow[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const parsed = parseJson(line);
    if ("reason" in parsed)
      return rows.length === 0
        ? undefined
        : dataFaults.badFile(
            name,
            "JSON Lines",
            `line ${at + 1}: ${parsed.reason}`,
            "write one whole row a line",
          );
    rows.push({ value: parsed.value, line: at + 1 });
  }
  return tableOf(name, rows);
}

function tableOf(name: string, rows: readonly JsonRow[]): Table | RuntimeFault {
  const [first] = rows;
  if (first === undefined) return dataFaults.noRows(name);
  return Array.isArray(first.value) ? tableOfLists(name, rows) : tableOfObjects(name, rows);
}

function tableOfLists(name: string, rows: readonly JsonRow[]): Table | RuntimeFault {
  const read: TableRow[] = [];
  for (const [at, { value, ...place }] of rows.entries()) {
    if (!Array.isArray(value)) return otherRow(name, at, value, "a list");
    read.push({ ...place, cells: value.map(cellText) });
  }
  return { name, columns: (read[0]?.cells ?? []).map((_, at) => String(at)), rows: read };
}

/** A key that a row lacks is an empty cell: it matters only where its column is used. */
function tableOfObjects(name: string, rows: readonly JsonRow[]): Table | RuntimeFault {
  const columns = new Set<string>();
  for (const [at, { value }] of rows.entries()) {
    if (!isObject(value)) return otherRow(name, at, value, at === 0 ? "a list or an object" : "an object");
    for (const key of Object.keys(value)) columns.add(key);
  }
  const cellsOf = (value: unknown) =>
    Array.from(columns, (key) => (isObject(value) && Object.hasOwn(value, key) ? cellText(value[key]) : ""));
  return {
    name,
    columns: [...columns],
    rows: rows.map(({ value, ...place }) => ({ ...place, cells: cellsOf(value) })),
  };
}

function otherRow(name: string, row: number, value: unknown, wanted: string): RuntimeFault {
  const found = Array.isArray(value) ? "a list" : isObject(value) ? "an object" : JSON.stringify(value);
  return dataFaults.badFile(name, "JSON", `row ${row} is ${found}, not ${wanted}`, listWanted);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function cellText(value: unknown): string {
  return typeof value === "string"
    ? value
    : typeof value === "number"
      ? String(value)
      : value === undefined || value === null
        ? ""
        : JSON.stringify(value);
}

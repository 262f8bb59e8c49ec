/** Comma-separated text (RFC 4180, any of the usual separators) and JSON rows, as tables of cells. */
import Papa from "papaparse";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import { type DataFile, systemReason } from "./files.ts";
import type { Table, TableRow } from "./table.ts";

/** The first line names the columns. */
export function readCsv(file: DataFile): Table | RuntimeFault {
  const rows = csvRows(file);
  if (isFault(rows)) return rows;
  const [header, ...rest] = rows;
  if (header === undefined) return dataFaults.noRows(file.name);
  const columns = header.cells.map((cell) => cell.trim());
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  return twice === undefined
    ? { name: file.name, columns, rows: rest }
    : dataFaults.badFile(file.name, "CSV", `its first line names the column "${twice}" twice`);
}

/** Every line is a row; columns are called by their positions. */
export function readPlainCsv(file: DataFile): Table | RuntimeFault {
  const rows = csvRows(file);
  if (isFault(rows)) return rows;
  return { name: file.name, columns: (rows[0]?.cells ?? []).map((_, at) => String(at)), rows };
}

function csvRows({ name, bytes }: DataFile): readonly TableRow[] | RuntimeFault {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    return dataFaults.badFile(name, "CSV", `it is not UTF-8 text (${systemReason(error)})`);
  }
  const { data, errors } = Papa.parse<string[]>(text, { skipEmptyLines: false });
  const broken = errors.find(({ type }) => type === "Quotes");
  if (broken !== undefined)
    return dataFaults.badFile(name, "CSV", `${broken.message} (row ${(broken.row ?? 0) + 1} of the file)`);
  let next = 1;
  return data
    .map((cells) => {
      const line = next;
      next += 1 + cells.reduce((breaks, cell) => breaks + cell.split("\n").length - 1, 0);
      return { line, cells };
    })
    .filter(({ cells }) => cells.length > 1 || (cells[0] ?? "").trim() !== "");
}

/** A JSON list of rows: lists of cells, or objects that all have the same keys. */
export function readJsonRows({ name, bytes }: DataFile): Table | RuntimeFault {
  const refuse = (reason: string) => dataFaults.badFile(name, "JSON", reason);
  let rows: unknown;
  try {
    rows = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return refuse(systemReason(error));
  }
  if (!Array.isArray(rows)) return refuse("it is not a list of rows");
  const first: unknown = rows[0];
  if (first === undefined) return dataFaults.noRows(name);
  const columns = isObject(first)
    ? Object.keys(first)
    : Array.isArray(first)
      ? first.map((_, at) => String(at))
      : undefined;
  if (columns === undefined) return refuse("row 0 is neither a list nor an object");
  const read: TableRow[] = [];
  for (const [at, row] of rows.entries()) {
    const cells = Array.isArray(row) ? row : isObject(row) ? columns.map((column) => row[column]) : undefined;
    if (cells === undefined) return refuse(`row ${at} is neither a list nor an object`);
    read.push({ cells: cells.map(cellText) });
  }
  return { name, columns, rows: read };
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

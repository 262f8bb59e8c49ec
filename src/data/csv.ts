/** Comma-separated text (RFC 4180, any of the usual separators) as a table of cells. */
import Papa from "papaparse";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import type { DataFile } from "./files.ts";
import { utf8Text } from "./signatures.ts";
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
    : dataFaults.badFile(
        file.name,
        "CSV",
        `its first line names the column "${twice}" twice`,
        "give each column a name of its own, or write header: false where the first line is a row",
      );
}

/** Every line is a row; columns are called by their positions. */
export function readPlainCsv(file: DataFile): Table | RuntimeFault {
  const rows = csvRows(file);
  if (isFault(rows)) return rows;
  return { name: file.name, columns: (rows[0]?.cells ?? []).map((_, at) => String(at)), rows };
}

function csvRows(file: DataFile): readonly TableRow[] | RuntimeFault {
  const text = utf8Text(file, "CSV");
  if (isFault(text)) return text;
  const { data, errors } = Papa.parse<string[]>(text, { skipEmptyLines: false });
  const broken = errors.find(({ type }) => type === "Quotes");
  if (broken !== undefined)
    return dataFaults.badFile(
      file.name,
      "CSV",
      `${broken.message} (row ${(broken.row ?? 0) + 1} of the file)`,
      'write a quote inside a cell twice, and close each quote that begins a cell: "5"" wide"',
    );
  let next = 1;
  return data
    .map((cells) => {
      const line = next;
      next += 1 + cells.reduce((breaks, cell) => breaks + cell.split("\n").length - 1, 0);
      return { line, cells };
    })
    .filter(({ cells }) => cells.length > 1 || (cells[0] ?? "").trim() !== "");
}

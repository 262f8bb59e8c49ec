/** Results as data: a section is a table of records, written as Markdown for people and as JSON for tools. */

export type Size = "quick" | "full";

export interface Section {
  readonly title: string;
  /** One record a line; the names of the first record's values, units among them, are the columns. */
  readonly rows: readonly Readonly<Record<string, number | string>>[];
  /** What the numbers are not, and why rows are missing. */
  readonly notes?: readonly string[];
}

export interface Results {
  /** As it names itself; a software adapter is marked as one. */
  readonly adapter: string;
  readonly kind: "hardware" | "software";
  readonly machine: string;
  readonly sections: readonly Section[];
}

export function markdownOf({ adapter, kind, machine, sections }: Results): string {
  const warning =
    kind === "hardware"
      ? []
      : [
          "A software adapter: these are the times of a processor that plays a GPU, and say nothing about one.",
          "",
        ];
  return [
    `## ${adapter}`,
    "",
    machine,
    "",
    ...warning,
    ...sections.map((each) => sectionText(each, adapter)),
  ].join("\n");
}

export function sectionText({ title, rows, notes = [] }: Section, adapter: string): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [
    columns,
    columns.map((column) => (rows.some((row) => typeof row[column] === "number") ? "--:" : "---")),
    ...rows.map((row) => columns.map((column) => cellText(row[column]))),
  ];
  return [
    `### ${title} (${adapter})`,
    "",
    ...lines.map((line) => `| ${line.join(" | ")} |`),
    "",
    ...notes.map((note) => `${note}\n`),
  ].join("\n");
}

function cellText(value: number | string | undefined): string {
  if (typeof value !== "number") return value ?? "";
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return value >= 1000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)));
}

/**
 * docs/ops.md as text, from the operation table: what each operation of the IR computes and how many
 * operands it takes. `scripts/generate-docs.ts` writes the file, and a test holds it fresh.
 */
import type { CompositeTable, PrimitiveTable } from "../compiler/ops/record.ts";
import { composites } from "../compiler/ops/composites.ts";
import { contractions } from "../compiler/ops/contractions.ts";
import { elementwise } from "../compiler/ops/elementwise.ts";
import { indices } from "../compiler/ops/indices.ts";
import { leaves } from "../compiler/ops/leaves.ts";
import { reductions } from "../compiler/ops/reductions.ts";
import { shapes } from "../compiler/ops/shapes.ts";
import { inputCounts } from "../compiler/ops/arity.ts";

interface Family {
  readonly title: string;
  readonly opening: string;
  readonly records: Partial<PrimitiveTable> | CompositeTable;
}

const families: readonly Family[] = [
  { title: "Leaves", opening: "Where values come from.", records: leaves },
  {
    title: "Element by element",
    opening:
      "Operands broadcast by NumPy's rule, and gradients sum what was broadcast. At a kink the gradient is one of the subgradients: the text says which.",
    records: elementwise,
  },
  {
    title: "Reductions",
    opening: "Along axes given by position; `keepDims` leaves a 1 in the place of each.",
    records: reductions,
  },
  { title: "Shapes", opening: "Operations that only move elements.", records: shapes },
  {
    title: "Indices",
    opening: "They are total: an index out of range reads 0 and writes nothing, on every target.",
    records: indices,
  },
  {
    title: "Products and images",
    opening: "Images are [N, H, W, K]; `same` pads as TensorFlow does.",
    records: contractions,
  },
  {
    title: "Composites",
    opening:
      "Known to the language only: the pass `decompose` writes them in primitives, and `gradient` obeys and removes those that speak about gradients.",
    records: composites,
  },
];

export function opsDocument(): string {
  const opening = [
    "# Operations of the IR",
    "",
    "<!-- Generated from compiler/ops; do not edit. -->",
    "",
    "Every graph that `margo ir` prints is made of these. Each operation has one record in `compiler/ops` with",
    "its meaning, its value in float64 (the reference that every target is tested against) and its gradient,",
    "which is checked against central differences.",
  ];
  return [...opening, ...families.flatMap(section), ""].join("\n");
}

function section({ title, opening, records }: Family): readonly string[] {
  const rows = Object.entries(records).map(
    ([name, { doc }]) => `| \`${name}\` | ${operandsOf(name)} | ${cell(doc)} |`,
  );
  return [
    "",
    `## ${title}`,
    "",
    opening,
    "",
    "| operation | operands | meaning |",
    "| --- | --- | --- |",
    ...rows,
  ];
}

function operandsOf(name: string): string {
  const counts: Readonly<Record<string, number | undefined>> = inputCounts;
  return String(counts[name] ?? "any");
}

/** A bar would end the table's cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/**
 * docs/errors.md as text, from the entries of compiler/errors: each code with its meaning, an example and
 * what `margo check` says about it. `scripts/generate-docs.ts` writes the file, and a test holds it fresh.
 */
import { checkFile } from "../compiler/check/index.ts";
import type { Diagnostic } from "../compiler/errors/diagnostic.ts";
import { errorEntries } from "../compiler/errors/index.ts";
import type { ErrorEntry } from "../compiler/errors/entry.ts";
import { renderDiagnostics } from "../src/cli/render-diagnostics.ts";
import { nodeHost } from "../src/sources/host.ts";

export function errorsDocument(): string {
  return `${opening}\n${errorEntries.map(section).join("\n")}`;
}

/** What the checker says about an entry's example. */
export function diagnosticsOfExample({ example }: Pick<ErrorEntry<never>, "example">): readonly Diagnostic[] {
  return checkExample({ [exampleFile]: example, "other.margo": otherFile });
}

/** The same with the files as something has changed them. */
export function checkExample(files: Readonly<Record<string, string>>): readonly Diagnostic[] {
  const library = nodeHost(process.cwd());
  const read = (file: string): string | undefined =>
    files[file] ?? (file.startsWith("std/") ? library.read(file) : undefined);
  return checkFile({ ...library, read }, exampleFile).diagnostics;
}

export const exampleFile = "example.margo";
/** What examples with an import of `./other.margo` find there. */
export const otherFile = "fn hidden(x: f32[N]) = x\n";

const opening = `# Errors

What \`margo check\` can say, by code. M00 is the text itself, M01 names and imports, M02 types and sizes, M03 settings, M04
margins, losses and optimizers, M05 training. This file is generated: \`npx tsx scripts/generate-docs.ts\`.
`;

function section(entry: ErrorEntry<never>): string {
  const { code, title, explanation, example } = entry;
  // Some mistakes are made on the command line, not in a text.
  if (example === "") return `## ${code} · ${title}\n\n${explanation}\n`;
  const own = diagnosticsOfExample(entry).filter((diagnostic) => diagnostic.code === code);
  const rendered = renderDiagnostics(own.slice(0, 1), () => example, { color: false });
  const parts = [
    `## ${code} · ${title}`,
    explanation,
    fenced("text", shortened(example)),
    fenced("text", rendered),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** Examples of what is too long or too deep are not shown whole. */
function shortened(example: string): string {
  const lines = example.trimEnd().split("\n");
  return lines.map((line) => (line.length > 120 ? `${line.slice(0, 118)} …` : line)).join("\n");
}

function fenced(language: string, text: string): string {
  // A NUL would make the document a binary file for many tools.
  return `\`\`\`${language}\n${text.replaceAll("\u0000", "␀")}\n\`\`\``;
}

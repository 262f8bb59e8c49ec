/**
 * docs/library.md as text: the builtin functions from their table, and what the modules of std/ export from
 * their doc comments. `scripts/generate-docs.ts` writes the file, and a test holds it fresh.
 */
import { format } from "../src/format/index.ts";
import { builtinNames, builtins } from "../compiler/check/builtins/table.ts";
import { parseModule } from "../compiler/syntax/parse.ts";
import type { Declaration } from "../compiler/syntax/ast.ts";
import { nodeHost } from "../src/sources/host.ts";

export function libraryDocument(): string {
  const host = nodeHost(process.cwd());
  const files = (host.library?.() ?? []).toSorted();
  return [opening, builtinSection(), ...files.map((file) => moduleSection(file, host.read(file) ?? ""))].join(
    "\n",
  );
}

const opening = `# Functions and the standard library

What may stand in front of \`(\`. Builtins need no import; everything else comes from a module of \`std/\`, which is Margo source
itself. Gradients of all of them are checked by \`npx margo gradcheck\`. This file is generated:
\`npx tsx scripts/generate-docs.ts\`.
`;

function builtinSection(): string {
  const rows = builtinNames().map((name) => {
    const { signature, doc } = builtins[name];
    return `| \`${signature.replaceAll("|", "\\|")}\` | ${doc.replaceAll("|", "\\|")} |`;
  });
  const intro = `\`over:\` takes a dimension (\`over: C\`), a position (\`over: -1\`), a list of them or \`...\`; a reduction without it runs over everything, and what works along one axis (\`softmax\`, \`norm\`, \`normalize\`, \`argmax\`, \`sort\`, \`argsort\`, \`cumsum\`) takes the last. Data
readers stand only in a \`train\`: see [data.md](data.md).`;
  return `## Builtins\n\n${intro}\n\n| function | what it gives |\n| --- | --- |\n${rows.join("\n")}\n`;
}

function moduleSection(file: string, text: string): string {
  const { module } = parseModule(file, text);
  const entries = module.declarations.flatMap((declaration) => entryOf(declaration, text));
  const [, header = ""] = /^((?:\/\/(?!\/).*\n)+)/.exec(text) ?? [];
  const intro = header.replaceAll(/^\/\/ ?/gm, "").trim();
  return `## ${file}\n\n${intro}\n\n${entries.join("\n")}`;
}

/** The signature on one line and the doc comment below it. */
function entryOf(declaration: Declaration, text: string): readonly string[] {
  if (declaration.kind === "import" || !declaration.exported) return [];
  const source = text.slice(declaration.span.start, declaration.span.end);
  const { text: line } = format(source, { printWidth: Infinity });
  const signature = line.replace(/^export /, "").replace(/\s*(?:\{|=(?![^()]*\))\s)[\s\S]*$/, "");
  const doc = "doc" in declaration ? (declaration.doc ?? "") : "";
  return [`\`${signature}\`\n\n${indented(doc)}\n`];
}

function indented(doc: string): string {
  return doc
    .split("\n")
    .map((line) => `> ${line}`.trimEnd())
    .join("  \n");
}

/** Writes what is made of code: docs/errors.md, docs/library.md, docs/ops.md and the grammar that editors colour with. */
import { writeFileSync } from "node:fs";
import { errorsDocument } from "./errors-document.ts";
import { libraryDocument } from "./library-document.ts";
import { opsDocument } from "./ops-document.ts";
import { textmateGrammar } from "./textmate-grammar.ts";

const documents = {
  "docs/errors.md": errorsDocument,
  "docs/library.md": libraryDocument,
  "docs/ops.md": opsDocument,
  "editors/vscode/syntaxes/margo.tmLanguage.json": textmateGrammar,
};

for (const [name, write] of Object.entries(documents)) {
  writeFileSync(new URL(`../${name}`, import.meta.url), write());
}

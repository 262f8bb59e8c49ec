/** Writes the documents that are made of code: docs/errors.md, docs/library.md and docs/ops.md. */
import { writeFileSync } from "node:fs";
import { errorsDocument } from "./errors-document.ts";
import { libraryDocument } from "./library-document.ts";
import { opsDocument } from "./ops-document.ts";

const documents = { "errors.md": errorsDocument, "library.md": libraryDocument, "ops.md": opsDocument };

for (const [name, write] of Object.entries(documents)) {
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), write());
}

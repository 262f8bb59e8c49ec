/**
 * Edits that nobody would think of: after each the analysis that was kept and mended equals one of the same text from
 * nothing, tree, mistakes and types; and every function of the editor answers at any place.
 */
import { expect, test } from "vitest";
import { checkFile } from "../../../compiler/check/index.ts";
import { parseModule } from "../../../compiler/syntax/parse.ts";
import { completionAt } from "../../../src/ide/completion.ts";
import { definitionAt, referencesAt } from "../../../src/ide/definition.ts";
import { Documents } from "../../../src/ide/documents.ts";
import { hoverAt } from "../../../src/ide/hover.ts";
import { prepareRename } from "../../../src/ide/rename.ts";
import { signatureAt } from "../../../src/ide/signature-help.ts";
import { hostOf } from "../../support/elaborated-loss.ts";
import { applyEdit, nextEdit, numbersFrom, startText } from "../../support/ide/random-edits.ts";

/** Over all seeds; `MARGO_EDITS=10000 npx vitest run test/src/ide/random-edits.test.ts` takes minutes. */
const edits = Number(process.env["MARGO_EDITS"] ?? 600);

const other = "export fn twice(x: f32[...]) = 2 * x\n";

test.each([1, 2, 3])(
  "seed %i: what is mended equals what is made anew",
  (seed) => {
    const random = numbersFrom(seed);
    const host = hostOf({ "other.margo": other });
    const documents = new Documents({ ...host, files: () => ["other.margo"] });
    const earlier = [startText];
    let text = startText;
    for (let step = 0; step < edits / 3; step++) {
      text = applyEdit(text, nextEdit(random, text, earlier));
      if (step % 20 === 0) earlier.push(text);
      documents.setText("main.margo", text);
      const analysis = documents.analysis("main.margo");
      if (analysis === undefined) throw new Error("the file is gone");
      const where = `seed ${seed}, step ${step}:\n${text}`;
      const { module, diagnostics } = parseModule("main.margo", text);
      expect(analysis.module.module, where).toEqual(module);
      expect(analysis.module.diagnostics, where).toEqual(diagnostics);
      if (step % 10 === 0) {
        const fresh = checkFile(hostOf({ "other.margo": other, "main.margo": text }), "main.margo");
        expect(analysis.check.diagnostics, where).toEqual(fresh.diagnostics);
        expect(placed(analysis.check.types), where).toEqual(placed(fresh.types));
      }
      const offset = Math.floor(random() * (text.length + 1));
      completionAt(documents, analysis, offset);
      definitionAt(documents, analysis, offset);
      referencesAt(documents, analysis, offset);
      prepareRename(documents, analysis, offset);
      signatureAt(documents, analysis, offset);
      if (step % 10 === 0) hoverAt(documents, analysis, offset);
    }
  },
  1_800_000,
);

/** The order in which declarations are checked is nobody's business. */
function placed(
  types: readonly {
    readonly span: { readonly start: number; readonly end: number };
    readonly text: string;
  }[],
) {
  return [...new Set(types.map(({ span, text }) => `${span.start}-${span.end} ${text}`))].sort();
}

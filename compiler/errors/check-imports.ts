/**
 * M01: imports: which file is meant, whether it may be read, and whether it has what is asked of it.
 */
import { type Named, type Suggested, didYouMean, listed } from "./check-names.ts";
import type { Fix, TextEdit } from "./diagnostic.ts";
import { defineError, replaceBy } from "./entry.ts";
import type { Span } from "./span.ts";

export const missingModule = defineError<
  Suggested & {
    readonly span: Span;
    readonly path: string;
    readonly file: string;
    readonly known: readonly string[];
  }
>({
  code: "M0105",
  title: "Imported file not found",
  explanation:
    "A path that begins with `./` or `../` is looked up beside the importing file, with its ending: `./heads.margo`. `std/…` names a module of the standard library.",
  example: 'import { dense } from "std/layer"\n',
  report: (facts) => ({
    message: facts.path.startsWith("std/")
      ? `the standard library has no \`${facts.path}\``
      : `there is no file \`${facts.file}\``,
    help:
      didYouMean(facts) ??
      (facts.path.startsWith("std/") && facts.known.length > 0
        ? `it has ${listed(facts.known)}`
        : "check the path; it starts at the importing file"),
    fix:
      facts.suggestion === undefined
        ? undefined
        : replaceBy(facts.span, `"${facts.suggestion}"`, `change to \`${facts.suggestion}\``),
  }),
});

export const importOutside = defineError<{ readonly span: Span; readonly path: string }>({
  code: "M0106",
  title: "Import leaves the workspace",
  explanation:
    "Files are imported from the workspace only: the folder that the command works in, and what is below it.",
  example: 'import { f } from "../../elsewhere.margo"\n',
  report: ({ path }) => ({
    message: `\`${path}\` leads out of the workspace`,
    help: "move the file into the workspace, or run the command from a folder that holds both",
  }),
});

export const unsupportedImport = defineError<Suggested & { readonly span: Span; readonly path: string }>({
  code: "M0107",
  title: "Import path not understood",
  explanation:
    "An import names a file by a path that begins with `./` or `../`, or a module of the library by `std/…`. `npm:` paths name data, not modules.",
  example: 'import { f } from "heads.margo"\n',
  report: ({ span, path, suggestion }) => ({
    message: `\`${path}\` is neither a file (\`./…\`) nor of the library (\`std/…\`)`,
    help: helpForPath(path, suggestion),
    fix:
      suggestion === undefined
        ? undefined
        : replaceBy(span, `"${suggestion}"`, `change to \`${suggestion}\``),
  }),
});

function helpForPath(path: string, suggestion: string | undefined): string {
  if (suggestion !== undefined) return `write \`${suggestion}\``;
  if (path.startsWith("npm:")) return "`npm:` names data in a `train`; copy the module into the workspace";
  return /^[a-z]+:\/\//.test(path)
    ? "nothing is read from the network; copy the module into the workspace"
    : "write the path from the importing file, such as `./heads.margo`";
}

export const importCycle = defineError<{
  readonly span: Span;
  readonly path: string;
  readonly files: readonly string[];
}>({
  code: "M0108",
  title: "Imports go round in a circle",
  explanation:
    "A file cannot import a file that imports it, directly or through others. Move what both need into a third file.",
  example: 'import { f as g } from "./example.margo"\nexport fn f(x: f32[N]) = x\n',
  report: ({ files }) => ({
    message: files.length === 2 ? "this file imports itself" : "these files import each other",
    help: `the circle: ${files.join(" → ")}`,
  }),
});

interface ExportFacts extends Named {
  readonly from: string;
}

/** Where a name is that the file imported from does not have, and the edits that take it from there. */
export interface FoundElsewhere {
  /** A module of the library; undefined for what is there without an import. */
  readonly from: string | undefined;
  readonly edits: readonly TextEdit[];
}

export const unknownExport = defineError<
  ExportFacts &
    Suggested & {
      readonly known: readonly string[];
      readonly elsewhere: FoundElsewhere | undefined;
      /** Where the file uses the name. */
      readonly uses: readonly Span[];
    }
>({
  code: "M0109",
  title: "No such export",
  explanation: "The file that is imported from declares no such name.",
  example: 'import { convd2 } from "std/layers"\n',
  report: (facts) => ({
    message: `\`${facts.from}\` has no \`${facts.name}\``,
    help: elsewhereHelp(facts) ?? didYouMean(facts) ?? `it exports ${listed(facts.known)}`,
    fix: elsewhereFix(facts) ?? renameEverywhere(facts),
  }),
});

function renameEverywhere({
  span,
  suggestion,
  uses,
}: Suggested & { readonly span: Span; readonly uses: readonly Span[] }): Fix | undefined {
  if (suggestion === undefined) return undefined;
  const edits = [span, ...uses].map((place) => ({ span: place, newText: suggestion }));
  return { title: `change to \`${suggestion}\``, edits };
}

interface NamedElsewhere {
  readonly name: string;
  readonly elsewhere: FoundElsewhere | undefined;
}

function elsewhereHelp({ name, elsewhere }: NamedElsewhere): string | undefined {
  if (elsewhere === undefined) return undefined;
  return elsewhere.from === undefined
    ? `\`${name}\` is there without an import`
    : `\`${elsewhere.from}\` has \`${name}\``;
}

function elsewhereFix({ name, elsewhere }: NamedElsewhere): Fix | undefined {
  if (elsewhere === undefined) return undefined;
  const { from, edits } = elsewhere;
  const title = from === undefined ? `remove \`${name}\`` : `import \`${name}\` from \`${from}\``;
  return { title, edits };
}

export const notExported = defineError<
  ExportFacts & {
    readonly declared: Span;
    readonly kind: string;
    /** Where the declaration begins; undefined in the library, which is not the user's to change. */
    readonly begins: Span | undefined;
  }
>({
  code: "M0110",
  title: "Not exported",
  explanation:
    "The name exists in that file but is its own business: only what is declared with `export` can be imported.",
  example: 'import { hidden } from "./other.margo"\n',
  report: ({ name, from, declared, kind, begins }) => ({
    message: `\`${name}\` is not exported by \`${from}\``,
    labels: [{ span: declared, message: "declared here" }],
    help: `write \`export ${kind} ${name}\` there`,
    fix:
      begins === undefined
        ? undefined
        : replaceBy({ ...begins, end: begins.start }, "export ", `export \`${name}\` there`),
  }),
});

/**
 * `margo types`: what TypeScript knows of an import of a .margo file, written beside it as `margo-lang/vite` does. So a
 * fresh checkout can be type-checked before a bundler has run.
 */
import {
  type BundleTarget,
  declarationFile,
  declarationPath,
  readModule,
} from "../artifacts/bundled-module.ts";
import { displayedName, isLibraryModule } from "../sources/host.ts";
import { type Artifact, checkArtifacts, writeArtifacts } from "./artifacts.ts";
import { expanded } from "./expand-files.ts";
import { Refusal } from "./refusal.ts";
import { sourceAt, tell } from "./source.ts";
import { atStage } from "../sources/stage.ts";
import { type ExitCode, complain, exitFault } from "./terminal.ts";

export interface TypesOptions {
  readonly target: BundleTarget | "both";
  readonly entry: readonly string[];
  readonly check?: true;
}

/** Standard output gets the paths of what was written. A file that exports nothing for a page is passed over. */
export async function types(patterns: readonly string[], options: TypesOptions): Promise<ExitCode> {
  const { files, missing } = await expanded(patterns);
  for (const pattern of missing) complain(`there is no .margo file at ${pattern}`);
  const found: Artifact[] = [];
  for (const path of files) found.push(...(await declarationsAt(path, options)));
  if (found.length === 0 && missing.length === 0)
    complain(
      "nothing here is for a page: there is no train, and no exported fn, model or loss",
      "export what a page is to import, or name it with --entry",
    );
  const code = options.check === true ? checkArtifacts(found, "margo types") : await writeArtifacts(found);
  return found.length === 0 || missing.length > 0 ? exitFault : code;
}

/** Mistakes in the source are told and become a refusal, warnings are told. */
async function declarationsAt(path: string, { target, entry }: TypesOptions): Promise<readonly Artifact[]> {
  const source = sourceAt(path);
  if (isLibraryModule(source.file)) {
    complain(`${source.file} is the library's, and is imported by .margo files alone`);
    throw new Refusal(exitFault);
  }
  const { diagnostics, programs } = await atStage("check", () =>
    readModule(source.host, source.file, entry.length === 0 ? undefined : entry),
  );
  tell(source, diagnostics);
  if (diagnostics.some(({ severity }) => severity === "error")) throw new Refusal(exitFault);
  if (programs.length === 0) return [];
  const name = displayedName(source.file, source.root);
  const targets: readonly BundleTarget[] = target === "both" ? ["wgsl", "tfjs"] : [target];
  return [{ path: declarationPath(name), text: declarationFile(name, programs, targets) }];
}

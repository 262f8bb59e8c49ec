/**
 * Makes the VS Code extension, a `.vsix` file in editors/vscode/. The extension's own tools are installed there from its
 * lock file (the only step that asks the npm registry), the client is checked and bundled, and vsce packs it.
 */
import { spawnSync } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "editors/vscode");
const require = createRequire(import.meta.url);
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

run(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder);
run(
  process.execPath,
  [join(dirname(require.resolve("typescript/package.json")), "bin/tsc"), "-p", folder],
  root,
);
await build({
  absWorkingDir: folder,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  bundle: true,
  minify: true,
  format: "cjs",
  platform: "node",
  target: "node20",
  external: ["vscode"],
  legalComments: "none",
  logLevel: "warning",
});
await copyFile(join(root, "LICENSE"), join(folder, "LICENSE"));
const pack = [
  "package",
  "--no-dependencies",
  "--skip-license",
  "--allow-missing-repository",
  "--out",
  "margo.vsix",
];
run(process.execPath, [join(folder, "node_modules/@vscode/vsce/vsce"), ...pack], folder);

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

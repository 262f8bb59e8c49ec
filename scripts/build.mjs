/**
 * Builds dist/ from the sources: the command line, the library and the runtime with esbuild, the
 * declarations with tsc. npm runs it after `npm ci`, so it needs no network and says nothing unless
 * something is wrong. Heavy libraries stay in chunks of their own: a command loads only what it uses.
 */
import { spawn } from "node:child_process";
import { chmod, copyFile, mkdir, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version, dependencies, optionalDependencies } = JSON.parse(
  await readFile(join(root, "package.json"), "utf8"),
);

/** Bundled although they are dependencies: as hundreds of small modules they would start slowly. */
const bundled = ["chevrotain", "echarts", "fflate", "prettier", "tinyglobby"];

const library = Object.fromEntries(
  await Promise.all(
    (await readdir(join(root, "std"))).map(async (name) => [
      `std/${name.replace(/\.margo$/, "")}`,
      await readFile(join(root, "std", name), "utf8"),
    ]),
  ),
);

const shared = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "node20.19",
  sourcemap: "linked",
  sourcesContent: false,
  legalComments: "none",
  logLevel: "warning",
  define: { MARGO_VERSION: JSON.stringify(version), MARGO_STANDARD_LIBRARY: JSON.stringify(library) },
  external: Object.keys({ ...dependencies, ...optionalDependencies }).filter(
    (name) => !bundled.includes(name),
  ),
};

const fresh = join(root, "dist.tmp");
await rm(fresh, { recursive: true, force: true });
const [declarations] = await Promise.all([
  buildDeclarations(),
  buildNode(),
  buildRuntime(),
  buildPlainPage(),
]);
// Whoever uses dist/ meanwhile sees the old one or the new one.
await rm(join(root, "dist"), { recursive: true, force: true });
await rename(fresh, join(root, "dist"));
await linkCommand();
process.exitCode = declarations;

function buildNode() {
  return build({
    ...shared,
    entryPoints: {
      margo: "src/cli/index.ts",
      index: "src/index.ts",
      node: "src/node.ts",
      vite: "src/vite.ts",
      prettier: "src/prettier.ts",
    },
    outdir: fresh,
    chunkNames: "chunks/[name]-[hash]",
    splitting: true,
    platform: "node",
    // Minified names would spoil the stack of a bug report; white space only costs time to read.
    minifyWhitespace: true,
    minifySyntax: true,
  });
}

function buildRuntime() {
  return build({
    ...shared,
    entryPoints: { runtime: "runtime/index.ts", "runtime-tfjs": "runtime/tfjs/index.ts" },
    outdir: fresh,
    chunkNames: "chunks/[name]-[hash]",
    splitting: true,
    platform: "neutral",
  });
}

/** What a page without a bundler loads: tfjs's own modules want Node's and CommonJS ones, which no browser resolves. */
async function buildPlainPage() {
  const folder = join(fresh, "browser");
  await build({
    ...shared,
    external: [],
    entryPoints: { runtime: "runtime/browser.ts" },
    outdir: folder,
    chunkNames: "[name]-[hash]",
    splitting: true,
    platform: "browser",
    target: "es2022",
    minify: true,
    sourcemap: false,
    legalComments: "external",
  });
  const wasm = dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  // The third, with threads, is never fetched.
  for (const name of ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm"])
    await copyFile(join(wasm, "dist", name), join(folder, name));
}

function buildDeclarations() {
  const compiler = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  const child = spawn(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  return new Promise((resolve, reject) =>
    child.once("error", reject).once("exit", (code) => resolve(code ?? 1)),
  );
}

/** npm links the commands of dependencies, not the package's own: `npx margo` should work in a clone too. */
async function linkCommand() {
  const command = join(root, "dist/margo.js");
  await chmod(command, 0o755);
  const folder = join(root, "node_modules/.bin");
  await mkdir(folder, { recursive: true });
  const link = join(folder, "margo");
  await rm(link, { force: true });
  if (process.platform === "win32") {
    await writeFile(`${link}.cmd`, `@node "%~dp0\\..\\..\\dist\\margo.js" %*\r\n`);
  } else {
    await symlink("../../dist/margo.js", link);
  }
}

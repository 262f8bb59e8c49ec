/**
 * `npm run bench:bundle`: the GPU benchmarks as one folder that runs on a Linux machine with the same processor type, no
 * network and no Node: Node itself (stripped and packed), Dawn, the benchmarks as one file, the library and the examples
 * that they compile, the loader of Vulkan and the C++ libraries for machines that lack them, and `run.sh`. It says what
 * each part weighs, and fails beyond 60 MB. The graphics driver is the machine's own.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, process.argv[2] ?? "gpu-bench");
const limit = 60e6;
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

if (process.platform !== "linux") throw new Error("the bundle is made on Linux, for Linux");

const fresh = `${target}.tmp`;
rmSync(fresh, { recursive: true, force: true });
mkdirSync(join(fresh, "bench/gpu"), { recursive: true });
await bundleBenchmarks();
copyDawn();
for (const folder of ["std", "examples/mnist"])
  cpSync(join(root, folder), join(fresh, folder), {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || path.endsWith(".margo"),
  });
copyLibraries();
packNode();
copyFileSync(join(root, "LICENSE"), join(fresh, "LICENSE"));
copyFileSync(join(root, "scripts/bench-bundle.sh"), join(fresh, "run.sh"));
chmodSync(join(fresh, "run.sh"), 0o755);

const parts = readdirSync(fresh).map((name) => [name, sizeOf(join(fresh, name))]);
const total = parts.reduce((sum, [, size]) => sum + size, 0);
for (const [name, size] of parts) console.log(`${name.padEnd(14)} ${megabytes(size)}`);
if (total > limit) throw new Error(`the bundle has ${megabytes(total)}, more than ${megabytes(limit)}`);
rmSync(target, { recursive: true, force: true });
renameSync(fresh, target);
console.log(`${"together".padEnd(14)} ${megabytes(total)}\n${target}`);

async function bundleBenchmarks() {
  await build({
    absWorkingDir: root,
    entryPoints: ["bench/gpu/index.ts"],
    outfile: join(fresh, "bench/gpu/bench.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: "warning",
    legalComments: "none",
    define: { MARGO_VERSION: JSON.stringify(version) },
    external: ["sharp", "webgpu"],
  });
  copyFileSync(join(root, "bench/gpu/peers.py"), join(fresh, "bench/gpu/peers.py"));
}

/** The package as it is, but for the libraries of other systems. */
function copyDawn() {
  const [from, to] = [join(root, "node_modules/webgpu"), join(fresh, "node_modules/webgpu")];
  const library = `dist/${process.platform}-${process.arch}.dawn.node`;
  mkdirSync(join(to, "dist"), { recursive: true });
  for (const name of ["package.json", "index.js", "LICENSE.md", library])
    copyFileSync(join(from, name), join(to, name));
}

/** Taken by run.sh only where the machine has none of its own. */
function copyLibraries() {
  mkdirSync(join(fresh, "lib"), { recursive: true });
  const known = execFileSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" }).split("\n");
  for (const name of ["libvulkan.so.1", "libstdc++.so.6", "libgcc_s.so.1"]) {
    const line = known.find((each) => each.trim().startsWith(`${name} (`) && each.includes("x86-64"));
    const path = line?.split(" => ")[1] ?? fallbackOf(name);
    if (path === undefined) console.log(`${name} is not on this machine: the one it runs on must have it`);
    else copyFileSync(path, join(fresh, "lib", name));
  }
}

/** The loader that the tests unpack. */
function fallbackOf(name) {
  const path = join(root, "node_modules/.cache/margo-swiftshader-138", name);
  return existsSync(path) ? path : undefined;
}

function packNode() {
  const work = mkdtempSync(join(tmpdir(), "margo-node-"));
  const node = join(work, "node");
  copyFileSync(process.execPath, node);
  try {
    execFileSync("strip", [node]);
  } catch {
    console.log("there is no `strip` here, so Node keeps its symbols");
  }
  writeFileSync(join(fresh, "node.gz"), gzipSync(readFileSync(node), { level: 9 }));
  rmSync(work, { recursive: true });
}

function sizeOf(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function megabytes(size) {
  return `${(size / 1e6).toFixed(1).padStart(5)} MB`;
}

/**
 * Global setup of the tests: where the machine names no Vulkan driver, SwiftShader's from the package
 * @sparticuz/chromium is unpacked and named, so that Dawn finds an adapter on a machine without a GPU. The loader
 * reads these variables when a process starts, so they are set before the workers do.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const names = ["libvulkan.so.1", "libvk_swiftshader.so", "vk_swiftshader_icd.json"];

export default function setup(): void {
  if (process.platform !== "linux" || process.arch !== "x64") return;
  if (process.env["VK_ICD_FILENAMES"] !== undefined || process.env["VK_DRIVER_FILES"] !== undefined) return;
  const folder = unpackedDriver();
  process.env["VK_ICD_FILENAMES"] = join(folder, "vk_swiftshader_icd.json");
  process.env["LD_LIBRARY_PATH"] = [folder, process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(":");
}

/** The folder with the driver; unpacked once. */
function unpackedDriver(): string {
  const require = createRequire(import.meta.url);
  const archive = join(packageFolder(require.resolve("@sparticuz/chromium")), "bin", "swiftshader.tar.br");
  const folder = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "margo-swiftshader-138");
  if (names.every((name) => existsSync(join(folder, name)))) return folder;
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  for (const { name, data } of filesOfTar(brotliDecompressSync(readFileSync(archive))))
    if (names.includes(name)) writeFileSync(join(fresh, name), data, { mode: 0o755 });
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  return folder;
}

function packageFolder(entry: string): string {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, "bin", "swiftshader.tar.br"))) return folder;
  throw new Error("@sparticuz/chromium has no swiftshader.tar.br");
}

/** Plain files of a tar archive: blocks of 512 bytes, a header and then the data, padded. */
function* filesOfTar(tar: Buffer): Generator<{ readonly name: string; readonly data: Buffer }> {
  for (let at = 0; at + 512 <= tar.length;) {
    const name = tar.toString("utf8", at, at + 100).replace(/\0.*$/s, "");
    if (name === "") return;
    const size = Number.parseInt(tar.toString("utf8", at + 124, at + 136), 8);
    yield { name: name.replace(/^\.\//, ""), data: tar.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

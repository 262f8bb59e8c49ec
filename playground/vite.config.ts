/**
 * Builds the playground from the sources: the library goes in as text, the digits as a file, and the content security
 * policy into the page. The same policy is sent as a header by the preview, where it also holds for the workers.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Plugin, type UserConfig, defineConfig } from "vite";
import { packDigits } from "../examples/browser/pack-digits.ts";
import { errorsPage } from "./errors-page.ts";
import { offline } from "./offline.ts";

/**
 * Scripts are the page's own files, and `blob:` for a tfjs module that was compiled here; WebAssembly may be compiled
 * from bytes. No inline script or style, no eval, nothing from or to another origin.
 */
export const policy = [
  "default-src 'none'",
  "script-src 'self' blob: 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

export function playgroundConfig(): UserConfig {
  const root = join(import.meta.dirname, "..");
  const { version }: { version: string } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return {
    root: import.meta.dirname,
    base: "./",
    plugins: [packDigits(5000), errorsPage(join(root, "docs/errors.md")), policyInPage(), offline()],
    define: {
      MARGO_VERSION: JSON.stringify(version),
      MARGO_STANDARD_LIBRARY: JSON.stringify(libraryOf(join(root, "std"))),
    },
    worker: { format: "es" },
    // What the example imports as a user would is here the source beside it.
    resolve: {
      alias: [
        { find: "margo-lang/runtime", replacement: join(root, "runtime/index.ts") },
        { find: /^.*\/report\/margin-plot\.ts$/, replacement: join(import.meta.dirname, "no-pictures.ts") },
      ],
    },
    // The workers' packages too are found before the page loads: found later, Vite would make all of them anew under it.
    optimizeDeps: { entries: ["index.html", "*.worker.ts"] },
    build: {
      ...{ outDir: "dist", emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false } },
      rolldownOptions: {
        input: ["index.html", "errors.html"].map((name) => join(import.meta.dirname, name)),
      },
    },
    preview: { headers: { "content-security-policy": policy } },
  };
}

function libraryOf(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder).filter((name) => name.endsWith(".margo"));
  return Object.fromEntries(
    names.map((name) => [`std/${name.replace(/\.margo$/, "")}`, readFileSync(join(folder, name), "utf8")]),
  );
}

/** Only in the build: in development Vite's own client is inline. */
function policyInPage(): Plugin {
  return {
    name: "content-security-policy",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: policy },
        injectTo: "head-prepend",
      },
    ],
  };
}

export default defineConfig(playgroundConfig());

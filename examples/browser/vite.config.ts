/** Builds the example: Margo's plugin for the page and its worker, and the digits that they train on. */
import { type UserConfig, defineConfig } from "vite";
import margo, { type MargoPluginOptions } from "margo-lang/vite";
import { packDigits } from "./pack-digits.ts";

export default defineConfig(pageConfig({}, 6000));

/** `rows` digits go along, a thousand of them to look at. */
export function pageConfig(options: MargoPluginOptions, rows: number): UserConfig {
  return {
    root: import.meta.dirname,
    base: "./",
    plugins: [margo(options), packDigits(rows)],
    worker: { format: "es", plugins: () => [margo(options)] },
    build: { outDir: "dist", emptyOutDir: true, target: "es2022" },
  };
}

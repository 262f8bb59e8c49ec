/**
 * The playground in a headless Chromium: what a visitor downloads, and how long after a keystroke the curve is drawn
 * anew. Bytes are compressed as hosts do it; tfjs, its WebAssembly and the digits come when somebody presses Train.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { build } from "vite";
import { playgroundConfig } from "../playground/vite.config.ts";
import { launchChromium, serveFolder } from "../test/support/chromium.ts";
import type { Benchmark, Row, Size } from "./measure.ts";

export const playground: Benchmark = {
  name: "Playground",
  run: async (size) => {
    const outDir = mkdtempSync(join(tmpdir(), "margo-bench-playground-"));
    try {
      const config = playgroundConfig();
      await build({
        ...{ ...config, configFile: false, logLevel: "error", mode: "production" },
        build: { ...config.build, outDir },
      });
      return [...bytesOf(outDir), ...(await latency(outDir, size))];
    } finally {
      rmSync(outDir, { recursive: true, force: true });
    }
  },
};

function bytesOf(folder: string): readonly Row[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const isData = (file: string): boolean => /\.(wasm|bin)$/.test(file);
  const isTfjs = (file: string): boolean => /^(tfjs-|dist-|Unique)/.test(basename(file));
  const own = files.filter((file) => !isData(file) && !isTfjs(file));
  return [
    row("its own code: page, editor, compiler, language server, runtime", own, "< 1 MB"),
    row(
      "for Train on tfjs: tfjs",
      files.filter((file) => isTfjs(file) && !isData(file)),
    ),
    row(
      "for Train on tfjs: WebAssembly, one of two files",
      files.filter((file) => file.includes("simd") && isData(file)),
    ),
    row(
      "for Train: 5,000 digits",
      files.filter((file) => file.endsWith(".bin")),
    ),
  ];
}

function row(what: string, files: readonly string[], goal = ""): Row {
  const texts = files.map((file) => readFileSync(file));
  const kilobytes = (pack: (text: Buffer) => Buffer): string =>
    `${(texts.reduce((sum, text) => sum + pack(text).length, 0) / 1000).toFixed(0)} kB`;
  return {
    what,
    value: `${kilobytes(gzipSync)} gzip`,
    peer: `${kilobytes(brotliCompressSync)} brotli`,
    goal,
  };
}

async function latency(folder: string, size: Size): Promise<readonly Row[]> {
  const server = await serveFolder(folder);
  const browser = await launchChromium("none");
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(server.url);
    await page.waitForSelector("#curves svg");
    await page.locator(".cm-line", { hasText: "target = 1 - m" }).click();
    await page.keyboard.press("End");
    const count = size === "quick" ? 20 : 100;
    for (let at = 0; at <= count; at++) {
      // Every other keystroke takes the one before back, so that the text is whole each time.
      await page.keyboard.press(at % 2 === 0 ? "0" : "Backspace");
      await page.waitForTimeout(150);
    }
    const [curve, problems] = [
      await times(page, "keystroke to curve"),
      await times(page, "keystroke to problems"),
    ];
    return [
      { what: "the first keystroke to its curve", value: curve.first, goal: "< 50 ms" },
      { what: "keystroke to curve, median", value: curve.median, goal: "< 50 ms" },
      { what: "keystroke to curve, 95th percentile", value: curve.late, goal: "< 50 ms" },
      { what: "keystroke to the language server's problems, median", value: problems.median },
      { what: "keystroke to the language server's problems, 95th percentile", value: problems.late },
    ];
  } finally {
    await browser.close();
    await server.close();
  }
}

/** What the page measured under that name, in milliseconds. */
async function times(page: Page, name: string) {
  const measured = await page.evaluate(
    (of) => performance.getEntriesByName(of).map(({ duration }) => duration),
    name,
  );
  // The page's own first look at its text came before.
  const [, first = NaN, ...rest] = measured;
  const sorted = rest.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    `${(sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(0)} ms`;
  return { first: `${first.toFixed(0)} ms`, median: at(0.5), late: at(0.95) };
}

/**
 * The headless Chromium of the tests: the one that `@sparticuz/chromium` carries, driven by playwright-core, with WebGPU
 * on SwiftShader. WebGPU exists only in secure contexts, so pages are served from localhost. The browser starts
 * once a test file; what a page logs and throws is kept, so that a failing test can say it.
 */
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import chromium from "@sparticuz/chromium";
import { type Browser, type BrowserContextOptions, type Page, chromium as driver } from "playwright-core";
import { afterAll } from "vitest";

/** `swiftshader` has a software adapter; `none` is a browser whose requests for adapters give null. */
export type BrowserGpu = "swiftshader" | "none";

const gpuArguments: { readonly [K in BrowserGpu]: readonly string[] } = {
  swiftshader: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"],
  none: ["--disable-gpu", "--disable-software-rasterizer", "--host-resolver-rules=MAP page.test localhost"],
};

export interface OpenedPage {
  readonly page: Page;
  /** Errors that the page logged or threw. */
  readonly errors: readonly string[];
}

export type OpenPage = (url: string, options?: BrowserContextOptions) => Promise<OpenedPage>;

/** Starts the browser; it is closed after the tests of the file. */
export async function startBrowser(gpu: BrowserGpu = "swiftshader"): Promise<OpenPage> {
  const browser = await driver.launch({
    executablePath: await chromium.executablePath(),
    headless: true,
    args: ["--no-sandbox", "--no-zygote", ...gpuArguments[gpu]],
  });
  afterAll(() => browser.close());
  return (url, options) => openPage(browser, url, options);
}

async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
};

/** Serves a folder on localhost, as a static host would; stops after the tests of the file. */
export async function serveFolder(
  folder: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname));
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    const type = types[extname(file)] ?? "application/octet-stream";
    readFile(file)
      .then((bytes) => response.writeHead(200, { ...headers, "content-type": type }).end(bytes))
      .catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((ready) => server.listen(0, "localhost", ready));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    server.closeAllConnections();
    await new Promise<void>((closed) => server.close(() => closed()));
  };
  afterAll(close);
  return { url: `http://localhost:${address.port}/`, close };
}

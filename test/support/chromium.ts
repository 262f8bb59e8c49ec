/**
 * The headless Chromium that `@sparticuz/chromium` carries, driven by playwright-core, with WebGPU on SwiftShader; and a
 * static server on localhost, since WebGPU exists only in secure contexts. Tests and benchmarks use both.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as driver } from "playwright-core";

/** `swiftshader` has a software adapter; `none` is a browser whose requests for adapters give null. */
export type BrowserGpu = "swiftshader" | "none";

const gpuArguments: { readonly [K in BrowserGpu]: readonly string[] } = {
  swiftshader: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"],
  none: ["--disable-gpu", "--disable-software-rasterizer", "--host-resolver-rules=MAP page.test localhost"],
};

export async function launchChromium(gpu: BrowserGpu): Promise<Browser> {
  return driver.launch({
    executablePath: await chromium.executablePath(),
    headless: true,
    args: ["--no-sandbox", "--no-zygote", ...gpuArguments[gpu]],
  });
}

export interface StaticServer {
  readonly url: string;
  readonly close: () => Promise<void>;
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

/** Serves a folder on localhost, as a static host would. */
export async function serveFolder(
  folder: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<StaticServer> {
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
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((closed) => server.close(() => closed()));
  };
  return { url: `http://localhost:${address.port}/`, close };
}

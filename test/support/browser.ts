/** Chromium for one file of tests: closed after them; what a page logs and throws is kept, so that a failing test can say it. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach } from "vitest";
import { type BrowserGpu, type StaticServer, launchChromium, serveFolder as serve } from "./chromium.ts";

export interface OpenedPage {
  readonly page: Page;
  /** Errors that the page logged or threw. */
  readonly errors: readonly string[];
}

export type OpenPage = (url: string, options?: BrowserContextOptions) => Promise<OpenedPage>;

/** Starts the browser; it is closed after the tests of the file, and pages after the test that opened them. */
export async function startBrowser(gpu: BrowserGpu = "swiftshader"): Promise<OpenPage> {
  const browser = await launchChromium(gpu);
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
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

/** Serves a folder on localhost; stops after the tests of the file, unless it was stopped before. */
export async function serveFolder(
  folder: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<StaticServer> {
  const server = await serve(folder, headers);
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await server.close();
    open = false;
  };
  afterAll(close);
  return { url: server.url, close };
}

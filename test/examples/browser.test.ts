/**
 * The example page in a headless Chromium, built by Vite: it trains on WebGPU and on tfjs, both with the same losses,
 * and does something sensible where there is no WebGPU, no adapter, or nobody looking.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pageConfig } from "../../examples/browser/vite.config.ts";
import { type OpenPage, serveFolder, startBrowser } from "../support/browser.ts";
import { projectRoot } from "../support/cli.ts";

const outDir = mkdtempSync(join(tmpdir(), "margo-page-"));
afterAll(() => rmSync(outDir, { recursive: true, force: true }));
const typesFile = join(projectRoot, "examples/browser/digits.d.margo.ts");
const types = readFileSync(typesFile, "utf8");
let url = "";

beforeAll(async () => {
  const config = pageConfig({ kernelsFor: "software" }, 1600);
  await build({ ...config, configFile: false, logLevel: "error", build: { ...config.build, outDir } });
  ({ url } = await serveFolder(outDir));
});

test("the types that are committed are those that the plugin writes", () => {
  expect(readFileSync(typesFile, "utf8")).toBe(types);
});

describe("with a software adapter", async () => {
  const open = await startBrowser("swiftshader");

  test("both targets train, and their losses agree", async () => {
    const steps = 6;
    const onGpu = await losses(open, "wgsl", steps);
    const onTfjs = await losses(open, "tfjs", steps);
    // The first loss has seen the same numbers. Adam divides by the size of the gradient, so a rounding of a small
    // gradient is as large as any other step: of 24,000 parameters a few move otherwise from the first step on.
    expect(onGpu[0]).toBeCloseTo(onTfjs[0] ?? NaN, 4);
    for (const [at, loss] of onGpu.entries())
      expect(Math.abs(loss - (onTfjs[at] ?? NaN))).toBeLessThan(0.02 * loss);
    for (const run of [onGpu, onTfjs]) expect(run.at(-1)).toBeLessThan((run[0] ?? 0) - 0.05);
  }, 240_000);

  test("the fastest is tfjs where WebGPU is software, and another margin carries the network on", async () => {
    const { page, errors } = await open(url);
    await stepBeyond(page, 30);
    expect(await page.textContent("#status")).toMatch(/backend wasm.*WebGPU has only .*swiftshader/);
    await page.getByLabel("2", { exact: true }).check();
    await page.waitForFunction(() => document.querySelector("#status")?.textContent?.startsWith("Training"));
    expect(await stepBeyond(page, 31)).toBeGreaterThan(30);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.waitForTimeout(300);
    const at = await stepOf(page);
    await page.waitForTimeout(500);
    expect(await stepOf(page)).toBe(at);
    await page.getByRole("button", { name: "Go on" }).press("Enter");
    await stepBeyond(page, at);
    // Of a row of clicks only the last is trained.
    await page.getByRole("button", { name: "Start again" }).click();
    for (const margin of ["1", "3", "4"]) await page.getByLabel(margin, { exact: true }).check();
    const isNew = (old: number): boolean => Number(document.querySelector("#step")?.textContent) < old;
    await page.waitForFunction(isNew, at, unhurried);
    await stepBeyond(page, 3);
    expect(errors).toEqual([]);
  });

  test("a tab in the background has no frames: training goes on, and drawing when somebody looks", async () => {
    const { page } = await open("about:blank");
    await page.addInitScript(() => {
      const waiting: FrameRequestCallback[] = [];
      const frame = globalThis.requestAnimationFrame.bind(globalThis);
      globalThis.requestAnimationFrame = (callback) => waiting.push(callback);
      Object.assign(globalThis, { look: () => waiting.splice(0).forEach((callback) => frame(callback)) });
    });
    await page.goto(url);
    await stepBeyond(page, 20);
    expect(await paintedPixels(page)).toBe(0);
    await page.evaluate("look()");
    await page.waitForTimeout(200);
    expect(await paintedPixels(page)).toBeGreaterThan(1000);
  });
});

describe("a browser whose GPU process is killed as it trains", async () => {
  const open = await startBrowser("swiftshader");

  test("goes on from the last snapshot on a new device", async () => {
    const { page, errors } = await open(url);
    await page.selectOption("select[name=target]", "wgsl");
    await page.waitForFunction(
      () => document.documentElement.dataset["target"] === "wgsl",
      undefined,
      unhurried,
    );
    const at = await stepBeyond(page, (await stepOf(page)) + 3);
    await killGpuProcess(page);
    await page.waitForFunction(
      () => document.querySelector("#status")?.textContent?.includes("since the device was lost"),
      undefined,
      unhurried,
    );
    await stepBeyond(page, at + 3);
    expect(await page.textContent("#status")).toMatch(
      /^Training from step \d+ on, since the device was lost/,
    );
    expect(errors).toEqual([]);
  }, 240_000);
});

describe("without an adapter", async () => {
  const open = await startBrowser("none");

  test("a null adapter: tfjs, with the reason; WebGPU says what to do", async () => {
    const { page } = await open(url);
    await stepBeyond(page, 1);
    expect(await page.textContent("#status")).toContain("no adapter: its driver may be blocked or missing");
    await stepBeyond(page, 5);
    await page.selectOption("select[name=target]", "wgsl");
    await page.waitForSelector("#status.failed");
    expect(await page.textContent("#status")).toContain("Use the target tfjs");
    // What was learnt is not lost by asking.
    const at = await stepOf(page);
    await page.selectOption("select[name=target]", "tfjs");
    await page.waitForSelector("#status:not(.failed)");
    expect(await stepBeyond(page, at)).toBeLessThan(at + 400);
  });

  test("an insecure page has no WebGPU at all", async () => {
    const { page } = await open(url.replace("localhost", "page.test"));
    await stepBeyond(page, 1);
    expect(await page.textContent("#status")).toContain("This browser offers no WebGPU");
  });

  test("digits that are missing are told", async () => {
    const { page } = await open("about:blank");
    await page.route("**/digits.bin", (route) => route.fulfill({ status: 404 }));
    await page.goto(url);
    await page.waitForSelector("#status.failed");
    expect(await page.textContent("#status")).toContain("The digits are not at /digits.bin");
  });
});

/** The losses of the first steps, as the page's worker tells them. */
async function losses(open: OpenPage, target: "wgsl" | "tfjs", steps: number): Promise<readonly number[]> {
  const { page, errors } = await open("about:blank");
  await page.addInitScript(() => {
    const told: unknown[] = [];
    Object.assign(globalThis, { told });
    globalThis.Worker = class extends Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        this.addEventListener("message", ({ data }) => told.push(data));
      }
    };
  });
  await page.goto(url);
  await page.selectOption("select[name=target]", target);
  await page.waitForFunction(
    (name) => document.documentElement.dataset["target"] === name,
    target,
    unhurried,
  );
  await page.evaluate("told.length = 0");
  await page.getByRole("button", { name: "Start again" }).click();
  // Runs before may still tell some steps; a new network begins with step 1.
  const found = await page.waitForFunction(
    (least) => {
      const told: unknown = Reflect.get(globalThis, "told");
      const messages = Array.isArray(told) ? (told as readonly Partial<Record<string, unknown>>[]) : [];
      const seen = messages.filter(({ kind }) => kind === "step");
      const run = seen.slice(seen.findLastIndex(({ step }) => step === 1));
      return run[0]?.["step"] === 1 && run.length >= least ? run.map(({ loss }) => Number(loss)) : undefined;
    },
    steps,
    { timeout: 200_000 },
  );
  const all = (await found.jsonValue()) ?? [];
  expect(errors).toEqual([]);
  await page.context().close();
  return all.slice(0, steps);
}

/** Not by frames, of which a page in the background has none; how long may be waited is the test's own business. */
const unhurried = { polling: 50, timeout: 0 };

async function stepOf(page: Page): Promise<number> {
  return Number(await page.textContent("#step"));
}

async function stepBeyond(page: Page, step: number): Promise<number> {
  const beyond = (least: number): boolean => Number(document.querySelector("#step")?.textContent) > least;
  await page.waitForFunction(beyond, step, unhurried);
  return stepOf(page);
}

/** As a driver that crashes ends it. */
async function killGpuProcess(page: Page): Promise<void> {
  const session = await page.context().browser()?.newBrowserCDPSession();
  const info = await session?.send("SystemInfo.getProcessInfo");
  const gpu = info?.processInfo.find(({ type }) => type === "GPU");
  if (gpu === undefined) throw new Error("the browser has no GPU process");
  process.kill(gpu.id, "SIGKILL");
}

function paintedPixels(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector("canvas");
    const context = canvas?.getContext("2d");
    if (!canvas || !context || canvas.width === 0) return 0;
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, at) => at % 4 === 3 && value > 0).length;
  });
}

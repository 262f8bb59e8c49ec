/**
 * The playground: an editor, the compiler in a worker, and panes that show what it found. Each change asks for what the
 * visible pane needs and for nothing else; an answer about an older text is dropped.
 */
import type { EditorView } from "@codemirror/view";
import type { Entry } from "./analysis.ts";
import { createAnalysisClient } from "./analysis-client.ts";
import { createEditor } from "./editor.ts";
import { examples } from "./examples.ts";
import { startLanguageClient } from "./language/client.ts";
import type { Problem } from "./language/problems.ts";
import { element, later, make, offer, sentence } from "./page.ts";
import { showCurves } from "./panes/curves.ts";
import { showProblems } from "./panes/problems.ts";
import { createStagesPane } from "./panes/stages.ts";
import { createTabs } from "./panes/tabs.ts";
import { createTrainPane } from "./panes/train.ts";
import { hashOf, mostCharacters, sharedText } from "./share.ts";

/** The build puts its service worker's name in; there is none in development. */
declare const MARGO_SERVICE_WORKER: string | undefined;

const client = createAnalysisClient();
const notice = element("notice", HTMLElement);
const curvesPane = element("curves-pane", HTMLElement);
const problemsPane = element("problems-pane", HTMLElement);
const problemsBadge = element("problems-badge", HTMLElement);
const codeEntry = element("code-entry", HTMLSelectElement);
const codeTarget = element("code-target", HTMLSelectElement);
const codeText = element("code-text", HTMLElement);

/** Whether the compiler has a text before it, and the one that comes next. */
let looking = false;
let waiting: Change | undefined;
/** When the text changed last, by the page's clock. */
let changedAt = performance.now();
/** Whether the text has errors, once the language server has said so. */
let isBroken: boolean | undefined;

const shared = await sharedText(location.hash);
const first = shared.kind === "text" ? shared.text : examples[0].text;
if (shared.kind === "unreadable")
  tell(`The link's text cannot be read: ${shared.reason}. Here is an example instead.`);
const language = startLanguageClient({
  library: { open: readLibrary, close: () => editor.closeReading() },
  onProblems: showFound,
  onCommand: runCommand,
  onFailure: tell,
});
const editor = createEditor(element("editor", HTMLElement), first, changed, language.extension);
element("format", HTMLButtonElement).addEventListener("click", () => editor.run(language.format));
const stages = createStagesPane(() => refresh());
const training = createTrainPane(client, editor.text);
const tabs = createTabs(element("tabs", HTMLElement), () => refresh());
const refreshLater = later<void>(250, refresh);
for (const select of [codeEntry, codeTarget]) select.addEventListener("change", () => refresh());
chooseExamples();
element("share", HTMLButtonElement).addEventListener("click", () => void share());
globalThis.addEventListener("hashchange", () => void openLink());
tabs.choose("curves");
changed(first);
if (typeof MARGO_SERVICE_WORKER === "string" && "serviceWorker" in navigator)
  navigator.serviceWorker.register(new URL(MARGO_SERVICE_WORKER, document.baseURI)).catch(() => undefined);

/** The heavier panes are for when typing rests. */
function changed(text: string): void {
  isBroken = undefined;
  changedAt = performance.now();
  training.textChanged();
  look({ text, since: changedAt }).catch(failed);
  refreshLater();
}

interface Change {
  readonly text: string;
  /** When it came, by the page's clock. */
  readonly since: number;
}

/** The curves first, then the names for the panes' lists; meanwhile only the latest text waits. */
async function look(change: Change): Promise<void> {
  const { text, since } = change;
  if (looking) {
    waiting = change;
    return;
  }
  looking = true;
  try {
    const curves = await client.ask("curves", { text });
    // Those of the text before stay, paler, while this one is broken.
    curvesPane.toggleAttribute("data-stale", curves.length === 0);
    if (curves.length > 0) showCurves(curvesPane, curves);
    performance.measure("keystroke to curve", { start: since });
    settleCurves();
    if (waiting === undefined) offerEntries(text, await client.ask("entries", { text }));
  } finally {
    looking = false;
    const next = waiting;
    waiting = undefined;
    if (next !== undefined) look(next).catch(failed);
  }
}

function showFound(problems: readonly Problem[]): void {
  isBroken = problems.some(({ severity }) => severity === "error");
  showProblems(problemsPane, problemsBadge, problems, editor);
  performance.measure("keystroke to problems", { start: changedAt });
  settleCurves();
}

/** A whole text without a margin has no curve; neither has a broken one that was never whole. */
function settleCurves(): void {
  if (isBroken === undefined || !curvesPane.hasAttribute("data-stale")) return;
  if (isBroken && curvesPane.childElementCount > 0) return;
  showCurves(curvesPane, []);
  curvesPane.removeAttribute("data-stale");
}

function offerEntries(text: string, entries: readonly Entry[]): void {
  // Where the text is broken the lists stay as they were.
  if (text !== editor.text() || entries.length === 0) return;
  const names = (kinds: readonly string[]): readonly string[] =>
    entries.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
  const trains = names(["train"]);
  const others = names(["model", "fn", "loss"]);
  training.offerEntries(trains);
  const inStages = stages.offerEntries([...trains, ...others, ...names(["margin"])]);
  const inCode = offer(codeEntry, [...trains, ...others]);
  if (inStages || inCode) refresh();
}

/** A lens's command is a pane, opened at its entry. */
function runCommand(command: string, entry: string): void {
  switch (command) {
    case "margo.plot":
      return tabs.choose("curves");
    case "margo.showIr":
      stages.choose(entry);
      return openPane("stages");
    case "margo.showWgsl":
      [codeEntry.value, codeTarget.value] = [entry, "wgsl"];
      return openPane("code");
    case "margo.train":
      tabs.choose("train");
      return training.start(entry);
    case "margo.gradcheck":
      return editor.run((view) => void language.checkGradients(view, entry));
    default:
      return failed(new Error(`there is no pane for ${command}`));
  }
}

/** Shows it anew where it was open. */
function openPane(name: string): void {
  if (tabs.chosen() === name) refresh();
  else tabs.choose(name);
}

async function readLibrary(file: string): Promise<EditorView | undefined> {
  const text = await client.ask("library", { file });
  return text === undefined ? undefined : editor.read(file, text, language.reading(file));
}

/** Asks again for what the visible pane shows. */
function refresh(): void {
  const text = editor.text();
  if (tabs.chosen() === "stages") {
    const wanted = stages.wanted();
    client
      .ask("stages", { text, ...wanted })
      .then((found) => text === editor.text() && stages.show(found), failed);
  }
  if (tabs.chosen() === "code") {
    const target = codeTarget.value === "tfjs" ? "tfjs" : "wgsl";
    client.ask("code", { text, entry: codeEntry.value, target }).then((code) => showCode(text, code), failed);
  }
}

function showCode(text: string, code: string | undefined): void {
  if (text !== editor.text()) return;
  codeText.textContent = code ?? "The text has errors, or nothing that can be compiled: see Problems.";
}

function failed(error: unknown): void {
  tell(error instanceof Error ? error.message : String(error));
}

function tell(message: string): void {
  notice.textContent = sentence(message);
  notice.hidden = false;
}

function chooseExamples(): void {
  const select = element("examples", HTMLSelectElement);
  if (shared.kind === "text") select.append(make("option", { value: "" }, "From a link"));
  select.append(...examples.map(({ name }, at) => make("option", { value: String(at) }, name)));
  select.addEventListener("change", () => {
    const chosen = examples[Number(select.value)];
    if (chosen === undefined) return;
    notice.hidden = true;
    history.replaceState(undefined, "", location.pathname);
    editor.replace(chosen.text);
  });
}

async function share(): Promise<void> {
  if (editor.text().length > mostCharacters)
    return tell(`A link holds up to ${mostCharacters.toLocaleString("en")} characters; this text has more.`);
  history.replaceState(undefined, "", await hashOf(editor.text()));
  try {
    await navigator.clipboard.writeText(location.href);
    tell("The link is in the clipboard. It holds the text itself; nothing was sent anywhere.");
  } catch {
    tell("The link is in the address bar. It holds the text itself; nothing was sent anywhere.");
  }
}

/** A link pasted into an open page. */
async function openLink(): Promise<void> {
  const opened = await sharedText(location.hash);
  if (opened.kind === "text" && opened.text !== editor.text()) editor.replace(opened.text);
  if (opened.kind === "unreadable") tell(`The link's text cannot be read: ${opened.reason}.`);
}

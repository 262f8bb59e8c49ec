/**
 * A panel with the curve of a margin, drawn anew as its source changes; while the source has a mistake the last picture
 * stays. Nothing in the panel may run or load.
 */
import * as vscode from "vscode";
import type { Running } from "./commands.ts";
import type { Target } from "./target.ts";
import { notRunning } from "./views.ts";

interface Shown {
  readonly panel: vscode.WebviewPanel;
  target: Target;
}

let shown: Shown | undefined;

/** One panel for all margins: it shows the one asked for last. */
export async function showPicture(target: Target, running: Running): Promise<void> {
  const drawn = await draw(target, running);
  if (drawn.kind === "refused") {
    void vscode.window.showErrorMessage(drawn.reason);
    return;
  }
  shown ??= newPanel(running);
  shown.target = target;
  put(shown, drawn.svg);
  shown.panel.reveal(vscode.ViewColumn.Beside, true);
}

function newPanel(running: Running): Shown {
  const panel = vscode.window.createWebviewPanel(
    "margo.picture",
    "Margo",
    { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
    { enableScripts: false, localResourceRoots: [] },
  );
  let timer: NodeJS.Timeout | undefined;
  // An imported file may have changed as well: any of them counts.
  const changes = vscode.workspace.onDidChangeTextDocument(({ document }) => {
    if (document.languageId !== "margo") return;
    clearTimeout(timer);
    timer = setTimeout(() => void redraw(running), pauseBeforeDrawing);
  });
  panel.onDidDispose(() => {
    clearTimeout(timer);
    changes.dispose();
    shown = undefined;
  });
  return { panel, target: { document: vscode.Uri.parse("untitled:"), name: "" } };
}

const pauseBeforeDrawing = 200;

async function redraw(running: Running): Promise<void> {
  const target = shown?.target;
  const drawn = target === undefined ? undefined : await draw(target, running);
  if (drawn?.kind === "drawn" && shown?.target === target && shown !== undefined) put(shown, drawn.svg);
}

type Drawn =
  { readonly kind: "drawn"; readonly svg: string } | { readonly kind: "refused"; readonly reason: string };

async function draw({ document, name }: Target, running: Running): Promise<Drawn> {
  const client = running();
  if (client === undefined) return { kind: "refused", reason: notRunning };
  try {
    const request = { command: "margo.view", arguments: [document.toString(), name, "plot"] };
    const { text } = await client.sendRequest<{ text: string }>("workspace/executeCommand", request);
    return { kind: "drawn", svg: text };
  } catch (error) {
    return { kind: "refused", reason: error instanceof Error ? error.message : String(error) };
  }
}

function put({ panel, target }: Shown, svg: string): void {
  panel.title = target.name;
  panel.webview.html = page(svg);
}

/**
 * The picture's variables take the colours of the editor's theme. Its two halves, the curve and its slope, stand one above the
 * other where the panel is narrow: the picture is there twice, and each shows its half.
 */
function page(svg: string): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return `<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="${policy}">
<style>
  body { margin: 0; padding: 8px; background: var(--vscode-editor-background) }
  div { overflow: hidden }
  svg { display: block; width: 100%; height: auto; background: none !important;
    --paper: var(--vscode-editor-background) !important; --ink: var(--vscode-editor-foreground) !important;
    --muted: var(--vscode-descriptionForeground) !important; --line: var(--vscode-editorIndentGuide-background1) !important }
  div + div { display: none }
  @media (max-width: 800px) {
    div + div { display: block }
    svg { width: 200% }
    div + div svg { margin-left: -100% }
  }
</style></head><body><div>${svg}</div><div aria-hidden="true">${svg}</div></body></html>`;
}

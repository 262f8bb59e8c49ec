/** A panel with an SVG picture of `margo plot`. Nothing in it may run or load. */
import * as vscode from "vscode";

let panel: vscode.WebviewPanel | undefined;

export function showPicture(title: string, svg: string): void {
  panel ??= newPanel();
  panel.title = title;
  panel.webview.html = page(svg);
  panel.reveal(vscode.ViewColumn.Beside, true);
}

function newPanel(): vscode.WebviewPanel {
  const made = vscode.window.createWebviewPanel(
    "margo.picture",
    "Margo",
    { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
    { enableScripts: false, localResourceRoots: [] },
  );
  made.onDidDispose(() => (panel = undefined));
  return made;
}

function page(svg: string): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return `<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="${policy}">
<style>body { margin: 0; background: white } svg { width: 100%; height: auto }</style></head><body>${svg}</body></html>`;
}

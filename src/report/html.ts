/** The page around the pictures: one file, nothing loaded from anywhere, readable in light and dark and in print. */
import { themeCss, fontFamily } from "./theme.ts";
import type { Fact } from "./run-data.ts";

/** A whole document. `body` is HTML. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${themeCss(":root")}${css}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

export function section(title: string, body: string, note = ""): string {
  const text = note === "" ? "" : `<p class="note">${escapeHtml(note)}</p>`;
  return `<section>\n<h2>${escapeHtml(title)}</h2>${text}\n${body}\n</section>`;
}

/** Pictures beside each other where there is room. */
export function figures(pictures: readonly Figure[]): string {
  return `<div class="figures">${pictures.map(figure).join("\n")}</div>`;
}

export interface Figure {
  readonly svg: string;
  /** Plain text under the picture. */
  readonly caption?: string;
  readonly title?: string;
}

function figure({ svg, caption, title }: Figure): string {
  const head = title === undefined ? "" : `<h3>${escapeHtml(title)}</h3>`;
  const foot = caption === undefined ? "" : `<figcaption>${escapeHtml(caption)}</figcaption>`;
  return `<figure>${head}${svg}${foot}</figure>`;
}

/** The numbers one looks for first. */
export function cards(facts: readonly Fact[]): string {
  return `<dl class="cards">${facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join("")}</dl>`;
}

export function factTable(facts: readonly Fact[]): string {
  return `<table class="facts">${facts.map(([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`).join("")}</table>`;
}

/** A table that scrolls by itself where the page is narrower than its numbers. */
export function wideTable(name: string, rows: string): string {
  return `<div class="wide" role="region" tabindex="0" aria-label="${escapeHtml(name)}"><table>${rows}</table></div>`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

const css = `
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 ${fontFamily}}
main{max-width:1200px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:28px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:17px;margin:0 0 4px}
h3{font-size:14px;margin:0 0 6px}
.lead{color:var(--muted);margin:0 0 20px;max-width:70ch;white-space:pre-line}
.note{color:var(--muted);margin:0 0 10px;font-size:13.5px;max-width:90ch}
section{margin-top:32px}
figure{background:var(--paper);border:1px solid var(--line);border-radius:10px;margin:0;padding:14px}
figure svg{display:block;width:100%;height:auto}
figcaption{color:var(--muted);font-size:13px;margin-top:6px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:16px;align-items:start}
.figures figure:only-child{max-width:640px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0}
.cards div{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:10px 14px}
dt{color:var(--muted);font-size:12.5px}
dd{margin:0;font-size:20px;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
table{border-collapse:collapse;width:100%;background:var(--paper);border:1px solid var(--line);border-radius:10px;overflow:hidden;font-size:13.5px}
th,td{text-align:left;padding:6px 14px;border-top:1px solid var(--line);vertical-align:top;font-variant-numeric:tabular-nums}
.facts td{overflow-wrap:anywhere}
.wide{overflow-x:auto}
.wide th{min-width:7em}
.wide td{white-space:nowrap}
tr:first-child>*{border-top:0}
th[scope=row]{font-weight:500;color:var(--muted);width:34%}
thead th{color:var(--muted);font-weight:500;border-bottom:1px solid var(--line)}
pre{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:14px;overflow:auto;font:12.5px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:8px 0 0}
summary{cursor:pointer;font-weight:600}
a{color:var(--c0)}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:16px;align-items:start}
@media (max-width:600px){main{padding:20px 12px 48px}figure{padding:10px 8px;overflow-x:auto}figure svg{min-width:480px}}
@media print{body{background:none}section{break-inside:avoid}}
`;

/**
 * A step of the build: docs/errors.md as a page beside the playground, so that each code leads to what it means, without a
 * network too. The document is made of headings, paragraphs and fenced texts; nothing else of Markdown is understood.
 */
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

export function errorsPage(document: string): Plugin {
  return {
    name: "errors-page",
    transformIndexHtml: (html, { filename }) =>
      filename.endsWith("errors.html")
        ? html.replace("<!-- errors -->", () => htmlOf(readFileSync(document, "utf8").replace(generated, "")))
        : html,
  };
}

/** What the document says to those who change it. */
const generated = / This file is generated: .*$/m;

/** Every code is the id of its heading. */
export function htmlOf(markdown: string): string {
  const blocks = markdown.split(/^```(?:text)?\n/m);
  // Every other block is fenced.
  return blocks
    .map((block, at) => (at % 2 === 1 ? `<pre>${escaped(block)}</pre>` : proseOf(block)))
    .join("\n");
}

function proseOf(block: string): string {
  return block
    .split(/\n\n+/)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      const heading = /^(#+) ((M\d+)?.*)$/.exec(part);
      if (heading === null) return `<p>${inline(part)}</p>`;
      const [, signs = "", title = "", code] = heading;
      const id = code === undefined ? "" : ` id="${code}"`;
      return `<h${signs.length}${id}>${inline(title)}</h${signs.length}>`;
    })
    .join("\n");
}

function inline(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

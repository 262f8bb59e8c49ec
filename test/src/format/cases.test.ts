/** Sources and what they become, in test/cases/format.txt; what is formatted already stays. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { format, formatRange } from "../../../src/format/index.ts";
import { markdownBlocks, markdownPages } from "../../support/markdown.ts";
import { projectRoot } from "../../support/cli.ts";

const cases = readFileSync(join(projectRoot, "test/cases/format.txt"), "utf8")
  .split(/^=== /m)
  .slice(1)
  .map((part) => {
    const [title = "", rest = ""] = part.split(/\n([\s\S]*)/);
    const [source = "", result = ""] = rest.split(/^---\n/m);
    return { title, source, result };
  });

describe("cases", () => {
  test.each(cases)("$title", ({ source, result }) => {
    expect(format(source).text).toBe(result);
    expect(format(result).text).toBe(result);
  });
});

describe("the library and the examples are in the one format", () => {
  const files = ["std", "examples"].flatMap((folder) =>
    readdirSync(join(projectRoot, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".margo"))
      .map((name) => join(folder, name)),
  );
  test.each(files)("%s", (file) => {
    const text = readFileSync(join(projectRoot, file), "utf8");
    expect(format(text).text).toBe(text);
  });
});

describe("and so are the docs", () => {
  const blocks = markdownPages().flatMap(markdownBlocks);
  test.each(blocks.filter(({ language }) => language === "margo"))("$file:$line", ({ text }) => {
    expect(format(text).text).toBe(text);
  });
});

describe("texts that are hardly any", () => {
  test.each([
    { what: "nothing", text: "", result: "" },
    { what: "blanks", text: " \n\n\t", result: "" },
    { what: "a comment", text: "\n// only\n\n\n// two ", result: "// only\n\n// two\n" },
    { what: "no line end", text: "let a = 1", result: "let a = 1\n" },
    {
      what: "carriage returns",
      text: "let a=1\r\n\r\n\r\nlet b=2\r\n",
      result: "let a = 1\r\n\r\nlet b = 2\r\n",
    },
    { what: "a byte order mark", text: "\ufefflet a=1\n", result: "let a = 1\n" },
    { what: "no text", text: "\0\0\0\0\0", result: "\0\0\0\0\0\n" },
  ])("$what", ({ text, result }) => {
    expect(format(text).text).toBe(result);
  });
});

test("an invisible sign that is no blank stays with what stands beside it, however often it is formatted", () => {
  const text = "let b=2\n\u00a0 fn f(x)=x\n\u2028\nlet a=1\n";
  const once = format(text).text;
  expect(once.match(/[\u00a0\u2028]/g)).toEqual(["\u00a0", "\u2028"]);
  expect(format(once).text).toBe(once);
});

test("the edits of a range keep the line ends of the text", () => {
  const text = "let a=1\r\n\r\n\r\nlet b=2\r\n";
  const edits = formatRange(text, 0, text.length);
  const after = edits.reduceRight(
    (so, { start, end, newText }) => so.slice(0, start) + newText + so.slice(end),
    text,
  );
  expect(after).toBe("let a = 1\r\n\r\nlet b = 2\r\n");
});

test("width and indentation are options", () => {
  const text = "fn f(first, second) {\n  g(first, second)\n}\n";
  expect(format(text, { printWidth: 16, tabWidth: 4 }).text).toBe(
    "fn f(\n    first,\n    second,\n) {\n    g(\n        first,\n        second,\n    )\n}\n",
  );
  expect(format(text, { useTabs: true }).text).toBe("fn f(first, second) {\n\tg(first, second)\n}\n");
});

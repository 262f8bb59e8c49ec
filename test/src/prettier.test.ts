/** The plugin as prettier loads it. */
import * as prettier from "prettier";
import { describe, expect, test } from "vitest";
import * as plugin from "../../src/prettier.ts";

function formatted(text: string, options: prettier.Options): Promise<string> {
  return prettier.format(text, { ...options, plugins: [plugin] });
}

describe("the plugin", () => {
  const text =
    "fn f(first,second) { g(first, second, a_rather_long_argument_of_g, another_rather_long_one) }";

  test("formats files with 100 columns", async () => {
    expect(await formatted(text, { filepath: "a.margo" })).toBe(
      "fn f(first, second) {\n  g(first, second, a_rather_long_argument_of_g, another_rather_long_one)\n}\n",
    );
  });

  test("heeds the options of a project", async () => {
    expect(await formatted("fn f(a) { g(a, b) }", { parser: "margo", printWidth: 10, tabWidth: 4 })).toBe(
      "fn f(a) {\n    g(\n        a,\n        b,\n    )\n}\n",
    );
  });

  test("formats blocks in Markdown, and leaves those that are broken", async () => {
    const page = (block: string): string => `# Title\n\n\`\`\`margo\n${block}\n\`\`\`\n`;
    expect(await formatted(page("let a=1"), { parser: "markdown" })).toBe(page("let a = 1"));
    expect(await formatted(page("let a=("), { parser: "markdown" })).toBe(page("let a=("));
  });

  test("throws at the place of an error", async () => {
    const error: unknown = await formatted("let a = 1\nlet b = (", { parser: "margo" }).catch((one) => one);
    expect(error).toMatchObject({ message: expect.stringContaining("missing"), loc: { start: { line: 2 } } });
  });
});

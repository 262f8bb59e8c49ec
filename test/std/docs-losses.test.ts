import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkFile } from "../../compiler/check/index.ts";
import { hostOf } from "../support/elaborated-loss.ts";

const text = readFileSync("docs/losses.md", "utf8");
const blocks = [...text.matchAll(/^```margo\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);

describe("docs/losses.md", () => {
  it.each(blocks.map((block, at) => [at + 1, block] as const))("block %i checks", (_, block) => {
    expect(messages(block)).toEqual([]);
  });

  it("speaks of every loss and margin of the library", () => {
    const sources = ["losses", "margins"].map((name) => readFileSync(`std/${name}.margo`, "utf8"));
    const names = sources.flatMap((source) =>
      [...source.matchAll(/^export (?:loss|margin) (\w+)/gm)].map(([, name = ""]) => name),
    );
    expect(names.filter((name) => !new RegExp(`^### ${name}$|\`${name}[\`(]`, "m").test(text))).toEqual([]);
  });
});

describe("examples/margins", () => {
  it.each(readdirSync("examples/margins").filter((name) => name.endsWith(".margo")))("%s checks", (name) => {
    expect(messages(readFileSync(`examples/margins/${name}`, "utf8"))).toEqual([]);
  });
});

function messages(source: string): readonly string[] {
  return checkFile(hostOf({ "docs.margo": source }), "docs.margo").diagnostics.map(
    ({ code, message, help }) => `${code} ${message} ${help ?? ""}`,
  );
}

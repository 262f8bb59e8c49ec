/** `margo check` as a process: formats, patterns, positions, and a shell that did not expand them. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectRoot, temporaryPlace } from "../support/cli.ts";

const place = temporaryPlace();
place.write("good.margo", "fn double(x: f32[N]) = 2 * x\n");
place.write("bad.margo", "fn wrong(x: f32[N, 3], y: f32[N, 4]) = x + y\n");
place.write("deep/er/other.margo", "fn half(x: f32[N]) = x / 2\n");

interface JsonDiagnostic {
  readonly file: string;
  readonly code: string;
  readonly severity: string;
  readonly range: { readonly start: { readonly line: number; readonly character: number } };
}

test("a sound file is silent", async () => {
  expect(await place.margo("check", "good.margo")).toEqual({ code: 0, out: "", err: "" });
});

test("a mistake is shown with its place on standard error", async () => {
  const { code, out, err } = await place.margo("check", "bad.margo");
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toMatch(/bad\.margo:1:\d+/);
  expect(err).toMatch(/M02\d\d/);
});

test("JSON is a list with positions as in LSP", async () => {
  const { code, out, err } = await place.margo("check", "--format", "json", "bad.margo", "good.margo");
  expect({ code, err }).toEqual({ code: 1, err: "" });
  const list = JSON.parse(out) as readonly JsonDiagnostic[];
  expect(list).toHaveLength(1);
  expect(list[0]).toMatchObject({ file: "bad.margo", severity: "error", range: { start: { line: 0 } } });
  expect(Object.keys(list[0] ?? {})).toEqual([
    "file",
    "code",
    "severity",
    "message",
    "range",
    "help",
    "labels",
    "fix",
  ]);
});

test("JSON of sound files is an empty list", async () => {
  expect(await place.margo("check", "--format", "json", "good.margo")).toEqual({
    code: 0,
    out: "[]\n",
    err: "",
  });
});

test("SARIF 2.1.0", async () => {
  const { code, out } = await place.margo("check", "--format", "sarif", "bad.margo");
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "margo" } }, results: [{ level: "error" }] }],
  });
});

describe("many files", () => {
  test("patterns that the shell left alone, and folders", async () => {
    expect((await place.margo("check", "deep/**/*.margo")).code).toBe(0);
    expect((await place.margo("check", "deep")).code).toBe(0);
    expect((await place.margo("check", "*.margo")).code).toBe(1);
  });

  test("a pattern without files is a fault", async () => {
    const { code, err } = await place.margo("check", "nowhere/*.margo");
    expect(code).toBe(1);
    expect(err).toContain("nowhere/*.margo");
  });
});

test("the library and the examples are sound", async () => {
  const { code, out, err } = await place.margo(
    "check",
    join(projectRoot, "std"),
    join(projectRoot, "examples"),
  );
  expect({ code, out, err }).toEqual({ code: 0, out: "", err: "" });
});

describe("bad text is told, never thrown", () => {
  test.each([
    ["NUL", "fn f(x: f32[N]) = x\0\n"],
    ["a byte order mark and CRLF", "\ufefffn f(x: f32[N]) = y\r\n"],
    ["a lone surrogate", Buffer.from([0x66, 0x6e, 0x20, 0xed, 0xa0, 0x80])],
    ["bytes that are no UTF-8", Buffer.from([0xff, 0xfe, 0x00, 0x41])],
    ["nesting over 128", `fn f(x: f32[N]) = ${"(".repeat(200)}x${")".repeat(200)}\n`],
    ["an unfinished text", "fn f(x: f32[N]) = \n"],
    ["an import that leaves the root", 'import { f } from "../../outside.margo"\n'],
    ["a missing import", 'import { f } from "./absent.margo"\n'],
  ])("%s", async (_, text) => {
    const file = place.write("text/odd.margo", text);
    const { code, out, err } = await place.margo("check", file);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).not.toContain("bug in Margo");
    expect(err).toMatch(/M\d{4}/);
  });
});

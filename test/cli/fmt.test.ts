/** `margo fmt` as it is called: what it writes, says and leaves alone. */
import { readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { temporaryPlace } from "../support/cli.ts";

const place = temporaryPlace();
const fine = "let a = 1\n";

describe("margo fmt", () => {
  test("writes what changes, names it, and touches nothing else", async () => {
    const [messy, tidy] = [
      place.write("write/messy.margo", "let a=1"),
      place.write("write/tidy.margo", fine),
    ];
    const before = statSync(tidy).mtimeMs;
    const { code, out, err } = await place.margo("fmt", "write");
    expect({ code, out, err }).toEqual({ code: 0, out: "write/messy.margo\n", err: "1 of 2 changed\n" });
    expect(readFileSync(messy, "utf8")).toBe(fine);
    expect(statSync(tidy).mtimeMs).toBe(before);
    expect(place.files().filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("--check writes nothing and exits 1", async () => {
    const messy = place.write("check/messy.margo", "let a=1");
    expect(await place.margo("fmt", "--check", "check/*.margo")).toEqual({
      code: 1,
      out: "check/messy.margo\n",
      err: "1 of 1 would change\n",
    });
    expect(readFileSync(messy, "utf8")).toBe("let a=1");
  });

  test("is quiet when there is nothing to do", async () => {
    place.write("quiet.margo", fine);
    expect(await place.margo("fmt", "--check", "quiet.margo")).toEqual({ code: 0, out: "", err: "" });
  });

  test("leaves a file with a syntax error as it is, says why, and formats the others", async () => {
    const broken = place.write("some/broken.margo", "let a=(1\nlet  b = 2\n");
    const messy = place.write("some/messy.margo", "let a=1");
    const { code, out, err } = await place.margo("fmt", "some");
    expect({ code, out }).toEqual({ code: 1, out: "some/messy.margo\n" });
    expect(err).toContain("some/broken.margo:1:9");
    expect(readFileSync(broken, "utf8")).toBe("let a=(1\nlet  b = 2\n");
    expect(readFileSync(messy, "utf8")).toBe(fine);
  });

  test.each([
    { what: "a file that is not there", name: "absent.margo" },
    { what: "a folder without any", name: "nothing" },
    { what: "a module of the library", name: "std/margins" },
  ])("$what: exit 1", async ({ name }) => {
    place.write("nothing/else.txt", "");
    const { code, out, err } = await place.margo("fmt", name);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(`there is no .margo file at ${name}`);
  });

  test("a binary file is refused", async () => {
    place.write("binary.margo", new Uint8Array([0, 1, 2, 255, 254, 0, 10]));
    const { code, err } = await place.margo("fmt", "binary.margo");
    expect(code).toBe(1);
    expect(err).toContain("binary.margo");
  });

  test("- is standard input to standard output", async () => {
    expect(await place.margoReading("let a=1", "fmt", "-")).toEqual({ code: 0, out: fine, err: "" });
    expect(await place.margoReading("let a=1", "fmt", "--check", "-")).toEqual({ code: 1, out: "", err: "" });
    expect(await place.margoReading("let a=(", "fmt", "-")).toMatchObject({ code: 1, out: "" });
  });
});

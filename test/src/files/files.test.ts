/** Files that are whole or not there, arrays as lists and in archives, and what the compiler may read. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { nodeHost, openSource } from "../../../src/sources/host.ts";
import { fromNested, toNested } from "../../../src/values/nested.ts";
import { readAllOfNpz, writeNpz } from "../../../src/values/npz.ts";
import { writeWholeFile } from "../../../src/files/write-file.ts";

const work = mkdtempSync(join(tmpdir(), "margo-files-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe("whole files", () => {
  test("folders are made, earlier contents replaced, nothing else is left", async () => {
    const path = join(work, "a/b/out.txt");
    await writeWholeFile(path, "one");
    await writeWholeFile(path, "two");
    expect(readFileSync(path, "utf8")).toBe("two");
    expect(readdirSync(join(work, "a/b"))).toEqual(["out.txt"]);
  });

  test("a failure leaves the earlier file and no temporary one", async () => {
    const folder = join(work, "full");
    mkdirSync(join(folder, "out.txt"), { recursive: true });
    await expect(writeWholeFile(join(folder, "out.txt"), "x")).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(["out.txt"]);
  });

  test("two writes at once end with one of them", async () => {
    const path = join(work, "race.txt");
    const texts = Array.from({ length: 10 }, (_, at) => String(at).repeat(5000));
    await Promise.all(texts.map((text) => writeWholeFile(path, text)));
    expect(texts).toContain(readFileSync(path, "utf8"));
  });
});

describe("nested lists", () => {
  test.each([
    [3],
    [[1, 2, 3]],
    [
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    [[]],
  ])("%j there and back", (lists) => {
    const tensor = fromNested(lists);
    expect(typeof tensor === "string" ? tensor : toNested(tensor)).toEqual(lists);
  });

  test.each([
    [[[1, 2], [3]], "[1] has 1 elements, others at its depth have 2"],
    [[1, "two"], '[1] is "two", not a number'],
    [[[1], 2], "[1] is no list, as others at its depth are"],
    [[1, [2]], "[1] is a list, not a number"],
    [null, "it is null, not a number"],
  ])("%j says what is wrong", (lists, reason) => expect(fromNested(lists)).toBe(reason));
});

test("npz there and back", () => {
  const arrays = {
    value: { dtype: "f32" as const, shape: [2, 2], data: Float64Array.of(1, 2.5, -3, 4) },
    one: { dtype: "f32" as const, shape: [], data: Float64Array.of(7) },
    "grads/x": { dtype: "i32" as const, shape: [3], data: Float64Array.of(1, 2, 3) },
  };
  const read = readAllOfNpz("test.npz", writeNpz(arrays));
  expect(read).toMatchObject({ value: { shape: [2, 2] }, one: { shape: [] }, "grads/x": { shape: [3] } });
  expect("value" in read ? [...(read.value as { data: Float64Array }).data] : []).toEqual([1, 2.5, -3, 4]);
});

describe("what the compiler may read", () => {
  const root = join(work, "project");
  mkdirSync(join(root, "deep"), { recursive: true });
  writeFileSync(join(root, "package.json"), "{}");
  writeFileSync(join(root, "deep/a.margo"), "// a\n");
  writeFileSync(join(work, "secret.margo"), "// secret\n");
  symlinkSync(join(work, "secret.margo"), join(root, "link.margo"));

  test("files below the workspace root, by their path from it", () => {
    const opened = openSource(join(root, "deep/a.margo"));
    expect(opened?.file).toBe("deep/a.margo");
    expect(opened?.host.read("deep/a.margo")).toBe("// a\n");
  });

  test("modules of the library", () => {
    const host = nodeHost(root);
    expect(host.read("std/layers")).toContain("export layer dense");
    expect(host.library?.()).toContain("std/margins");
  });

  test.each(["../secret.margo", "link.margo", "deep", "absent.margo", "std/../../secret", "/etc/hostname"])(
    "not %s",
    (name) => expect(nodeHost(root).read(name)).toBeUndefined(),
  );

  test("a file without rights is as good as absent", () => {
    const path = join(root, "closed.margo");
    writeFileSync(path, "// closed\n");
    chmodSync(path, 0);
    const text = nodeHost(root).read("closed.margo");
    expect(text === undefined || process.getuid?.() === 0).toBe(true);
    expect(existsSync(path)).toBe(true);
  });
});

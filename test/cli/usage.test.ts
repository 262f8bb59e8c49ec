/** What the door itself says: help, versions, wrong words, and files that cannot be had. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { passes } from "../../compiler/passes/index.ts";
import { projectRoot, temporaryPlace } from "../support/cli.ts";

const place = temporaryPlace();

const commands = [
  "check", "fmt", "ir", "run", "gradcheck", "build", "types", "train", "eval", "embed", "plot", "doctor",
]; // prettier-ignore

/** a, b or c */
function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

describe("help", () => {
  test("lists every command and the exit codes", async () => {
    const { code, out, err } = await place.margo("-h");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const command of commands) expect(out).toMatch(new RegExp(`^  ${command} `, "m"));
    expect(out).toContain("Exit codes");
  });

  test.each(commands)("%s explains itself", async (command) => {
    const { code, out } = await place.margo(command, "-h");
    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: margo /);
  });

  test("names every pass", async () => {
    const { out } = await place.margo("ir", "-h");
    expect(out.replace(/\s+/g, " ")).toContain(`lower, ${listed(passes.map(({ name }) => name))} `);
  });

  test("the version is the package's", async () => {
    const { version } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as {
      version: string;
    };
    expect(await place.margo("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });
});

describe("usage is at fault: exit 2, nothing on standard output", () => {
  test.each([
    { args: [], says: "Usage: margo" },
    { args: ["chek", "x.margo"], says: "Did you mean check?" },
    { args: ["check"], says: "missing required argument 'file'" },
    { args: ["train", "x.margo", "Iris"], says: "--entry NAME picks a declaration of the file" },
    { args: ["check", "--fromat", "json", "x.margo"], says: "Did you mean --format?" },
    { args: ["check", "--format", "xml", "x.margo"], says: "Allowed choices are text, json, sarif" },
    { args: ["ir", "--dim", "N", "x.margo"], says: "name=size" },
    { args: ["train", "--epochs", "0", "x.margo"], says: "at least 1" },
    { args: ["train", "--epochs", "1.5", "x.margo"], says: "whole number" },
    { args: ["train", "--set", "batch", "x.margo"], says: "name=expression" },
    { args: ["train", "--budget", "much", "x.margo"], says: "like 256MiB" },
    { args: ["train", "--budget", "256", "x.margo"], says: "with its unit" },
    { args: ["build", "--budget", "1KiB", "x.margo"], says: "between 1MiB and 64GiB" },
    { args: ["ir", "--budget", "-5MiB", "x.margo"], says: "like 256MiB" },
    { args: ["run", "x.margo"], says: "missing required argument 'entry'" },
    { args: ["train", "--target", "gpu", "x.margo"], says: "Allowed choices are" },
    { args: ["train", "--threads", "5", "x.margo"], says: "uses 4 threads at most" },
    { args: ["eval", "--threads", "0", "runs/x"], says: "must be at least 1" },
  ])("margo $args", async ({ args, says }) => {
    const { code, out, err } = await place.margo(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(says);
  });
});

describe("files that are not there: exit 1 with the name and a way out", () => {
  test.each([
    { args: ["check", "nothing.margo"] },
    { args: ["fmt", "nothing.margo"] },
    { args: ["ir", "nothing.margo"] },
    { args: ["run", "nothing.margo", "f"] },
    { args: ["gradcheck", "nothing.margo"] },
    { args: ["build", "nothing.margo"] },
    { args: ["train", "nothing.margo"] },
    { args: ["plot", "nothing.margo"] },
    { args: ["eval", "nothing"] },
  ])("margo $args", async ({ args }) => {
    const { code, out, err } = await place.margo(...args);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("nothing");
    expect(err).not.toContain("bug in Margo");
  });
});

describe("doctor", () => {
  test("names the machine and what auto would take", async () => {
    const { code, out } = await place.margo("doctor");
    expect(code).toBe(0);
    for (const word of ["processor", "memory", "node", "tfjs wasm", "WebGPU", "--target auto"])
      expect(out).toContain(word);
  });

  test("as JSON", async () => {
    const { code, out } = await place.margo("doctor", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ auto: "tfjs", healthy: true });
  });
});

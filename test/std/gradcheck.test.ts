import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { defaultGradcheckOptions } from "../../compiler/gradcheck.ts";
import { gradcheckEntry, gradcheckNames } from "../../compiler/gradcheck/entries.ts";
import { hostOf } from "../support/elaborated-loss.ts";

const options = { ...defaultGradcheckOptions, points: 2 };

const modules = ["initialisers", "layers", "losses", "margins", "schedules"].map((name) => `std/${name}`);
const examples = readdirSync("examples/margins")
  .filter((name) => name.endsWith(".margo"))
  .map((name) => `examples/margins/${name}`);

const host = hostOf(Object.fromEntries(examples.map((file) => [file, readFileSync(file, "utf8")])));

describe.each([...modules, ...examples])("%s", (file) => {
  it.each(gradcheckNames(host, file))("%s", (name) => {
    const { report, reason, diagnostics } = gradcheckEntry(host, file, name, {}, options);
    expect({ reason, errors: diagnostics.filter(({ severity }) => severity === "error") }).toEqual({
      errors: [],
    });
    expect(report?.notFinite).toEqual([]);
    expect(report?.maxRelativeError).toBeLessThan(1e-6);
    expect(report?.ok).toBe(true);
  });

  it("leaves out only what takes no input", () => {
    const text = host.read(file) ?? "";
    const offered = [...text.matchAll(/^export (?:layer|model|margin|loss) (\w+)/gm)].map(([, name]) => name);
    expect(gradcheckNames(host, file)).toEqual(expect.arrayContaining(offered));
  });
});

describe("gradcheck of a user's own entries", () => {
  const check = (text: string, name: string) =>
    gradcheckEntry(hostOf({ "own.margo": text }), "own.margo", name, {}, options);

  it("checks a margin that is not exported", () => {
    const text = "margin Own(m = 0.25) {\n  scale = 8\n  target = cos(2 * theta) - m\n}\n";
    expect(check(text, "Own").report).toMatchObject({ entry: "Own", ok: true });
  });

  it("says what has no gradient", () => {
    expect(check("optimizer still() {\n  param <- param\n}\n", "still").reason).toContain("no gradient");
  });

  it("passes on what is wrong with the file", () => {
    const { report, diagnostics } = check("fn f(x: f32[N]) = sinn(x)\n", "f");
    expect(report).toBeUndefined();
    expect(diagnostics.map(({ message }) => message).join()).toContain("sinn");
  });
});

/** What functions of a kernel load by parameters that calls share: once for the group, and never what the kernel writes. */
import { expect, test } from "vitest";
import { kernelLines } from "../../../../compiler/codegen/wgsl/print.ts";
import { type ParameterGroup, routine } from "../../../../compiler/codegen/wgsl/routines.ts";
import { KernelWriter } from "../../../../compiler/codegen/wgsl/writer.ts";

const ofRow: ParameterGroup = { parameters: [{ name: "row", type: "u32" }], most: 2 };
const ofColumn: ParameterGroup = { parameters: [{ name: "column", type: "u32" }], most: 1 };

/** The shader of a kernel with a function `f` whose body `write` writes, called for one row and column. */
function shaderOf(write: (writer: KernelWriter) => string | undefined): string {
  const writer = new KernelWriter(new Set(), () => "f32");
  const f = routine(
    writer,
    { name: "f", groups: [ofRow, ofColumn], own: [{ name: "value", type: "f32" }], where: "row < 9u" },
    () => write(writer),
  );
  const [row, column] = [f.prepare(ofRow, ["lane"], ["min(lane, 8u)"]), f.prepare(ofColumn, ["3u"])];
  writer.push({ kind: "call", text: f.call([row, column], ["1.5"]) });
  return kernelLines(writer.finish("test", 64).kernel)
    .map(({ text }) => text)
    .join("\n");
}

const load = (writer: KernelWriter, buffer: number, at: string): string =>
  writer.let(writer.load(buffer, "f32", at)).text;
const made = (writer: KernelWriter, text: string): string => writer.let({ text, type: "f32" }).text;

test("what is loaded by the row alone is passed, with all that follows from it alone", () => {
  const shader = shaderOf((writer) => {
    const scale = made(writer, `exp(${load(writer, 0, "row")})`);
    writer.store(1, "f32", "row * 4u + column", { text: `value * ${scale}`, type: "f32" });
    return undefined;
  });
  expect(shader).toContain(
    ["fn f_v1(row: u32) -> f32 {", "  let v0 = in0[row];", "  let v1 = exp(v0);", "  return v1;", "}"].join(
      "\n",
    ),
  );
  expect(shader).toContain("fn f(row: u32, v1: f32, column: u32, value: f32) {\n  if (row < 9u) {\n    out1");
  expect(shader).toContain("let kept0 = f_v1(min(lane, 8u));\n  f(lane, kept0, 3u, 1.5);");
});

test("what either decides, or the call's own value, stays inside", () => {
  const shader = shaderOf((writer) => {
    const both = load(writer, 0, "row * 4u + column");
    const own = load(writer, 2, "u32(value)");
    writer.store(1, "f32", "row", { text: `${both} + ${own}`, type: "f32" });
    return undefined;
  });
  expect(shader).not.toContain("fn f_");
  expect(shader).toContain("f(lane, 3u, 1.5);");
});

test("what the kernel writes is read where it stands", () => {
  const shader = shaderOf((writer) => {
    const old = load(writer, 0, "row");
    writer.store(0, "f32", "row", { text: `${old} + value`, type: "f32" });
    return undefined;
  });
  expect(shader).not.toContain("fn f_");
  expect(shader).toContain("let v0 = in0[row];");
});

test("arithmetic without a load is left to the compiler, and so is what a variable has had a part in", () => {
  const shader = shaderOf((writer) => {
    const square = made(writer, "f32(row * row)");
    writer.push({ kind: "variable", name: "sum", type: "f32", value: "0.0" });
    writer.loop("k", "0u", "row", "1u", (k) =>
      writer.push({ kind: "assign", target: "sum", value: `sum + ${load(writer, 0, k)}` }),
    );
    return made(writer, `sum + ${square}`);
  });
  expect(shader).not.toContain("fn f_");
});

test("no more values are kept than the group has room for", () => {
  const shader = shaderOf((writer) => {
    const [a, b] = [load(writer, 0, "column"), load(writer, 1, "column")];
    return made(writer, `${a} * ${b} * value`);
  });
  expect(shader).toContain("fn f(row: u32, column: u32, v0: f32, value: f32) -> f32 {");
  expect(shader).toContain("    let v1 = in1[column];");
});

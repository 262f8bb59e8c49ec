/**
 * Kernels as WGSL text, each line with the place of the source that it was written for. Two kernels of the same
 * structure print the same text but for their comments.
 */
import type { Span } from "../../errors/span.ts";
import { helperText } from "./helpers.ts";
import type { Binding, Kernel, KernelFeature, KernelFunction, Statement } from "./kernel.ts";

export interface PrintedLine {
  readonly text: string;
  readonly span?: Span;
}

/** The lines of the shader without its comments. Their texts are the key under which kernels are the same. */
export function kernelLines(kernel: Kernel): readonly PrintedLine[] {
  const { features, overrides, chunked, bindings, shared, helpers, functions, workgroupSize, body } = kernel;
  const head = [
    ...features.map((feature) => `enable ${extensions[feature]};`),
    ...overrides.map((name) => `override ${name}: u32;`),
    ...(chunked ? [chunkText] : []),
    ...bindings.map(bindingText),
    ...shared.map(({ name, element, length }) => `var<workgroup> ${name}: array<${element}, ${length}>;`),
    ...helpers.map(helperText),
  ];
  const entry = [
    `@compute @workgroup_size(${workgroupSize})`,
    "fn main(",
    "  @builtin(workgroup_id) workgroup: vec3u,",
    "  @builtin(num_workgroups) workgroups: vec3u,",
    ...(features.includes("subgroups") ? subgroupParameters : []),
    "  @builtin(local_invocation_index) lane: u32,",
    ") {",
    "  // More than 65,535 workgroups come as rows of a plane.",
    "  let group = workgroup.x + workgroup.y * workgroups.x;",
  ];
  return [
    ...head.flatMap(plainLines),
    ...functions.flatMap(functionLines),
    ...entry.flatMap(plainLines),
    ...indented(body.flatMap(statementLines)),
    { text: "}" },
  ];
}

/** What stands above the shader: its name and the source lines it works out. */
export function commentLines(kernel: Kernel): readonly PrintedLine[] {
  return [kernel.name, ...kernel.comments].map((line) => ({ text: `// ${line}` }));
}

function plainLines(text: string): readonly PrintedLine[] {
  return text.split("\n").map((line) => ({ text: line }));
}

/** The WGSL extension of each feature. */
const extensions: Readonly<Record<KernelFeature, string>> = {
  "shader-f16": "f16",
  subgroups: "subgroups",
  "chromium-experimental-subgroup-matrix": "chromium_experimental_subgroup_matrix",
};

const subgroupParameters = [
  "  @builtin(subgroup_id) subgroup: u32,",
  "  @builtin(subgroup_size) subgroup_lanes: u32,",
  "  @builtin(subgroup_invocation_id) subgroup_lane: u32,",
];

const chunkText = [
  "struct Chunk { first: u32, size: u32, row: u32 }",
  "@group(1) @binding(0) var<uniform> chunk: Chunk;",
].join("\n");

function bindingText({ name, access, element, isWide }: Binding, index: number): string {
  const mode = access === "read" ? "read" : "read_write";
  const type = isWide ? `vec4<${element}>` : element;
  return `@group(0) @binding(${index}) var<storage, ${mode}> ${name}: array<${type}>;`;
}

function functionLines({ name, parameters, body, result }: KernelFunction): readonly PrintedLine[] {
  const takes = parameters.map((each) => `${each.name}: ${each.type}`).join(", ");
  return [
    { text: `fn ${name}(${takes})${result === undefined ? "" : ` -> ${result.type}`} {` },
    ...indented(body.flatMap(statementLines)),
    ...(result === undefined ? [] : [{ text: `  return ${result.text};` }]),
    { text: "}" },
  ];
}

function statementLines(statement: Statement): readonly PrintedLine[] {
  const { span } = statement;
  const of = (text: string): PrintedLine => (span === undefined ? { text } : { text, span });
  switch (statement.kind) {
    case "comment":
      return [of(`// ${statement.text}`)];
    case "let":
      return [of(`let ${statement.name} = ${statement.value};`)];
    case "variable":
      return [of(`var ${statement.name}: ${statement.type} = ${statement.value};`)];
    case "fragment":
      return [of(`var ${statement.name}: ${statement.type};`)];
    case "call":
      return [of(`${statement.text};`)];
    case "assign":
      return [of(`${statement.target} = ${statement.value};`)];
    case "loop": {
      const { name, from, below, step, body } = statement;
      return [
        of(`for (var ${name} = ${from}; ${name} < ${below}; ${name} += ${step}) {`),
        ...indented(body.flatMap(statementLines)),
        { text: "}" },
      ];
    }
    case "if":
      return [
        of(`if (${statement.condition}) {`),
        ...indented(statement.body.flatMap(statementLines)),
        { text: "}" },
      ];
    case "store":
      return [of(`${statement.buffer}[${statement.index}] = ${statement.value};`)];
    case "storeShared":
      return [of(`${statement.array}[${statement.index}] = ${statement.value};`)];
    case "barrier":
      return [of("workgroupBarrier();")];
    case "leave":
      return [of(`if (${statement.condition}) { return; }`)];
    default:
      return statement satisfies never;
  }
}

function indented(lines: readonly PrintedLine[]): readonly PrintedLine[] {
  return lines.map((line) => ({ ...line, text: `  ${line.text}` }));
}

/** Kernels as WGSL text. Two kernels of the same structure print the same text but for their comments. */
import { helperText } from "./helpers.ts";
import type { Binding, Kernel, KernelFeature, Statement } from "./kernel.ts";

/** The shader without its comments: the key under which kernels are the same. */
export function printKernel(kernel: Kernel): string {
  const { features, overrides, chunked, bindings, shared, helpers, workgroupSize, body } = kernel;
  return [
    ...features.map((feature) => `enable ${extensions[feature]};`),
    ...overrides.map((name) => `override ${name}: u32;`),
    ...(chunked ? [chunkText] : []),
    ...bindings.map(bindingText),
    ...shared.map(({ name, element, length }) => `var<workgroup> ${name}: array<${element}, ${length}>;`),
    ...helpers.map(helperText),
    `@compute @workgroup_size(${workgroupSize})`,
    "fn main(",
    "  @builtin(workgroup_id) workgroup: vec3u,",
    "  @builtin(num_workgroups) workgroups: vec3u,",
    ...(features.includes("subgroups") ? subgroupParameters : []),
    "  @builtin(local_invocation_index) lane: u32,",
    ") {",
    "  // More than 65,535 workgroups come as rows of a plane.",
    "  let group = workgroup.x + workgroup.y * workgroups.x;",
    ...indented(body.flatMap(statementLines)),
    "}",
    "",
  ].join("\n");
}

export function printComments(kernel: Kernel): string {
  return [`// ${kernel.name}`, ...kernel.comments.map((line) => `// ${line}`), ""].join("\n");
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
  "struct Chunk { first: u32, size: u32 }",
  "@group(1) @binding(0) var<uniform> chunk: Chunk;",
].join("\n");

function bindingText({ name, access, element }: Binding, index: number): string {
  const mode = access === "read" ? "read" : "read_write";
  return `@group(0) @binding(${index}) var<storage, ${mode}> ${name}: array<${element}>;`;
}

function statementLines(statement: Statement): readonly string[] {
  switch (statement.kind) {
    case "comment":
      return [`// ${statement.text}`];
    case "let":
      return [`let ${statement.name} = ${statement.value};`];
    case "variable":
      return [`var ${statement.name}: ${statement.type} = ${statement.value};`];
    case "assign":
      return [`${statement.target} = ${statement.value};`];
    case "loop": {
      const { name, from, below, step, body } = statement;
      return [
        `for (var ${name} = ${from}; ${name} < ${below}; ${name} += ${step}) {`,
        ...indented(body.flatMap(statementLines)),
        "}",
      ];
    }
    case "if":
      return [`if (${statement.condition}) {`, ...indented(statement.body.flatMap(statementLines)), "}"];
    case "store":
      return [`${statement.buffer}[${statement.index}] = ${statement.value};`];
    case "storeShared":
      return [`${statement.array}[${statement.index}] = ${statement.value};`];
    case "barrier":
      return ["workgroupBarrier();"];
    case "leave":
      return [`if (${statement.condition}) { return; }`];
    default:
      return statement satisfies never;
  }
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

/**
 * A streamed region as loops over chunks of classes, one a pass. Sizes are worked out when the function runs, from
 * the same expressions that the plan uses. Rows of a result are written into one tensor as they come: into
 * the variable itself where nothing reads its old value any more, else into a new one.
 */
import { type Node, isVariable } from "../../ir/node.ts";
import type { DType } from "../../ir/type.ts";
import { type Stage, budgetOf } from "../../passes/pass.ts";
import type { Step } from "../../passes/steps.ts";
import type { Region, RegionPass, Result } from "../../passes/stream.ts";
import { partialsOf, readsOfPass } from "../../passes/stream.ts";
import {
  type BodyStep,
  bodySteps,
  keepingsOf,
  readsOfStep,
  writesOfStep,
} from "../../passes/stream/body-steps.ts";
import { bodyShare, bytesPerClass, keptBytesPerClass, keptShare } from "../../passes/stream/chunks.ts";
import type { Scope } from "./scope.ts";
import type { SourceNotes } from "./source-notes.ts";
import { type Statement, emitStatements, kernelStatements, statement } from "./statements.ts";

export interface RegionEmission {
  readonly statementsOf: (pass: RegionPass) => readonly Statement[];
  /** New values that are written into a variable's own tensor, with that variable's leaf. */
  readonly inPlace: ReadonlyMap<Node, Node>;
}

export function emitRegions(
  stage: Stage,
  steps: readonly Step[],
  overwritable: ReadonlySet<string>,
  notes: SourceNotes,
): RegionEmission {
  const inPlace = overwrittenBy(stage, steps, overwritable);
  const emitted = new Map<RegionPass, Statement>();
  for (const region of stage.regions ?? []) {
    const variables = new Map<object, string>();
    region.passes.forEach((pass, index) => {
      const loop: Loop = {
        region,
        pass,
        inPlace,
        notes,
        variables,
        budgetBytes: budgetOf(stage.options),
      };
      emitted.set(pass, passStatement(loop, index === 0));
    });
  }
  return {
    inPlace,
    statementsOf: (pass) => [...(emitted.has(pass) ? [emitted.get(pass) as Statement] : [])],
  };
}

interface Loop {
  readonly region: Region;
  readonly pass: RegionPass;
  readonly inPlace: ReadonlyMap<Node, Node>;
  readonly notes: SourceNotes;
  readonly budgetBytes: number;
  /** JavaScript names shared by the passes of a region: sizes under the region, arrays under the kept node. */
  readonly variables: Map<object, string>;
}

/**
 * New values of a variable that may go into its own tensor: rows by class, and no step but this pass, which
 * reads only the chunk it writes, reads the variable then or later.
 */
function overwrittenBy(
  stage: Stage,
  steps: readonly Step[],
  overwritable: ReadonlySet<string>,
): ReadonlyMap<Node, Node> {
  const outputs = stage.graph.outputs;
  const found = new Map<Node, Node>();
  steps.forEach((step, index) => {
    if (step.kind !== "pass") return;
    for (const result of step.pass.results) {
      if (result.kind !== "rows") continue;
      const names = outputs.filter(({ node }) => node === result.node).map(({ name }) => name);
      const leaf = step.pass.slices.find(
        ({ of, axis }) => isNamed(of, names[0]) && axis === result.axis && overwritable.has(of.attrs.name),
      )?.of;
      if (leaf === undefined || names.length !== 1 || outputs.some(({ node }) => node === leaf)) continue;
      const readLater = steps
        .slice(index)
        .some((other) => other.reads.includes(result.node) || (other !== step && other.reads.includes(leaf)));
      const readWhole = step.pass.body.some(({ inputs }) => inputs.includes(leaf));
      if (
        !readLater &&
        !readWhole &&
        !step.pass.slices.some(({ of, axis }) => of === leaf && axis !== result.axis)
      )
        found.set(result.node, leaf);
    }
  });
  return found;
}

function isNamed(node: Node, output: string | undefined): node is Node<"parameter" | "state"> {
  return isVariable(node) && output === `next:${node.attrs.name}`;
}

function passStatement(loop: Loop, isFirst: boolean): Statement {
  const { region, pass, inPlace } = loop;
  const results = pass.results.map(({ node }) => node).filter((node) => !inPlace.has(node));
  return statement(readsOfPass(region, pass), results, pass.results[0]?.node.span, (scope) => {
    const [size, from] = [scope.fresh("size"), scope.fresh("from")];
    const counter = scope.fresh("index");
    const sizes = isFirst ? sizeLines(loop, scope) : [];
    const chunk = nameOf(loop, region);
    scope.bindSize(region.chunk, size);
    const classes = scope.dim(region.classes);
    const before = pass.results.flatMap((result) => resultStart(result, loop, scope));
    const body = bodyLines(loop, scope, { from, counter });
    return [
      ...sizes,
      ...before,
      `for (let ${from} = 0, ${counter} = 0; ${from} < ${classes}; ${from} += ${chunk}, ${counter}++) {`,
      `  const ${size} = Math.min(${chunk}, ${classes} - ${from});`,
      ...body.map((line) => `  ${line}`),
      "}",
      ...pass.results.flatMap((result) => resultEnd(result, loop, scope)),
    ];
  });
}

function nameOf(loop: Loop, key: object): string {
  const name = loop.variables.get(key);
  if (name === undefined) throw new Error("a pass was emitted before the first one of its region");
  return name;
}

/** The chunk's size, and how many chunks' values are kept. */
function sizeLines({ region, variables, budgetBytes }: Loop, scope: Scope): readonly string[] {
  const classes = scope.dim(region.classes);
  const [count, chunk] = [scope.fresh("chunks"), scope.fresh("chunk")];
  variables.set(region, chunk);
  const moments = bytesPerClass(region).map(scope.dim);
  const perClass = moments.length === 1 ? (moments[0] ?? "1") : `Math.max(${moments.join(", ")})`;
  const share = budgetBytes * bodyShare;
  const lines = [
    `// ${region.name}: chunks of classes that together hold at most ${share} bytes`,
    `const ${count} = Math.max(1, Math.min(${classes}, Math.ceil((${classes} * ${perClass}) / ${share})));`,
    `const ${chunk} = Math.max(1, Math.ceil(${classes} / ${count}));`,
  ];
  const keepings = keepingsOf(region);
  if (keepings.length === 0) return lines;
  const kept = scope.fresh("keptChunks");
  variables.set(keptCount(region), kept);
  const arrays = keepings.map(({ node }) => {
    const name = scope.fresh("kept");
    variables.set(node, name);
    return `const ${name} = [];`;
  });
  const bytes = scope.dim(keptBytesPerClass(region));
  return [
    ...lines,
    `const ${kept} = Math.floor(${budgetBytes * keptShare} / (${chunk} * ${bytes}));`,
    ...arrays,
  ];
}

/** The key of the number of kept chunks. */
function keptCount(region: Region): object {
  return region.passes;
}

interface Place {
  /** The chunk's first class, and its number. */
  readonly from: string;
  readonly counter: string;
}

function bodyLines(loop: Loop, scope: Scope, place: Place): readonly string[] {
  const steps = bodySteps(loop.region, loop.pass);
  const handedOn = new Set(steps.flatMap((step) => (step.kind === "keep" ? [step.node] : [])));
  const statements = steps.flatMap((step) => bodyStatements(step, loop, place));
  return emitStatements(statements, handedOn, scope, loop.notes);
}

function bodyStatements(step: BodyStep, loop: Loop, place: Place): readonly Statement[] {
  if (step.kind === "compute") return kernelStatements(step.kernel);
  const span = step.kind === "slice" ? step.slice.of.span : undefined;
  return [
    statement(readsOfStep(step), writesOfStep(step), span, (scope) => stepLines(step, loop, place, scope)),
  ];
}

function stepLines(
  step: Exclude<BodyStep, { readonly kind: "compute" }>,
  loop: Loop,
  place: Place,
  scope: Scope,
): readonly string[] {
  switch (step.kind) {
    case "slice": {
      const { leaf, of, axis, unit } = step.slice;
      scope.bind(leaf, scope.fresh(`${plainName(scope.name(of))}Chunk`));
      const starts = leaf.type.shape.map((_, each) =>
        each === axis ? times(place.from, scope.dim(unit)) : "0",
      );
      const sizes = leaf.type.shape.map(scope.dim);
      return [
        `const ${scope.name(leaf)} = k.slice(${scope.name(of)}, [${starts.join(", ")}], [${sizes.join(", ")}]);`,
      ];
    }
    case "first":
      scope.bind(step.node, scope.fresh("first"));
      return [`const ${scope.name(step.node)} = tf.scalar(${place.from}, "int32");`];
    case "recall":
      return recallLines(step, loop, place, scope);
    case "keep": {
      const value = scope.name(step.node);
      const [array, kept] = [nameOf(loop, step.node), nameOf(loop, keptCount(loop.region))];
      return [`if (${place.counter} < ${kept}) ${array}.push(${value});`, `else ${value}.dispose();`];
    }
    case "result":
      return resultStep(step.result, loop, place, scope);
    default:
      return step satisfies never;
  }
}

/** Takes kept values back; the last pass that needs one owns it. */
function recallLines(
  { nodes, again }: Extract<BodyStep, { readonly kind: "recall" }>,
  loop: Loop,
  place: Place,
  scope: Scope,
): readonly string[] {
  const lasts = new Map(keepingsOf(loop.region).map(({ node, last }) => [node, last]));
  const taken = nodes.map((node) => {
    const value = `${nameOf(loop, node)}[${place.counter}]`;
    return `${scope.name(node)} = ${lasts.get(node) === loop.pass ? value : `tf.clone(${value})`};`;
  });
  // Inside the branch a kept value has another name, so that the code that computes it stays as it is.
  const outer = nodes.map(scope.name);
  nodes.forEach((node, index) => scope.bind(node, scope.fresh(`${outer[index]}Again`)));
  const branch = emitStatements(again.flatMap(kernelStatements), new Set(nodes), scope, loop.notes);
  const assigned = nodes.map((node, index) => `${outer[index]} = ${scope.name(node)};`);
  nodes.forEach((node, index) => scope.bind(node, outer[index] ?? ""));
  return [
    `let ${outer.join(", ")};`,
    `if (${place.counter} < ${nameOf(loop, keptCount(loop.region))}) {`,
    ...taken.map((line) => `  ${line}`),
    "} else {",
    ...[...branch, ...assigned].map((line) => `  ${line}`),
    "}",
  ];
}

function plainName(text: string): string {
  return text.replace(/\W+/g, "_");
}

function times(value: string, unit: string): string {
  return unit === "1" ? value : `${value} * ${unit}`;
}

/** Where a result collects before the loop. */
function resultStart(result: Result, loop: Loop, scope: Scope): readonly string[] {
  const name = scope.name(result.node);
  if (result.kind === "fold") return [`let ${name};`];
  if (result.kind === "argmax") return [`let ${name}, ${largestOf(result, loop, scope)};`];
  if (loop.inPlace.has(result.node)) return [];
  const sizes = result.node.type.shape.map(scope.dim).join(", ");
  return [`const ${name} = k.empty([${sizes}], ${dataType(result.node.type.dtype)});`];
}

function largestOf(result: Result, loop: Loop, scope: Scope): string {
  const known = loop.variables.get(result);
  if (known !== undefined) return known;
  const made = scope.fresh("largest");
  loop.variables.set(result, made);
  return made;
}

/** Takes up a chunk's part. `emitStatements` disposes the part behind it. */
function resultStep(result: Result, loop: Loop, place: Place, scope: Scope): readonly string[] {
  const name = scope.name(result.node);
  const parts = partialsOf(result).map(scope.name);
  switch (result.kind) {
    case "fold": {
      const combine = { sum: "addInto", max: "maxInto", logsumexp: "logAddExpInto" }[result.monoid];
      return [
        `if (${name} === undefined) ${name} = k.copy(${parts[0]});`,
        `else k.${combine}(${name}, ${parts[0]});`,
      ];
    }
    case "argmax": {
      const largest = largestOf(result, loop, scope);
      return [
        `if (${name} === undefined) [${name}, ${largest}] = [k.copy(${parts[1]}), k.copy(${parts[0]})];`,
        `else k.argMaxInto(${name}, ${largest}, ${parts[1]}, ${parts[0]});`,
      ];
    }
    case "rows": {
      const leaf = loop.inPlace.get(result.node);
      const target = leaf === undefined ? name : scope.name(leaf);
      return [
        `k.setAlong(${target}, ${parts[0]}, ${result.axis}, ${times(place.from, scope.dim(result.unit))});`,
      ];
    }
    default:
      return result satisfies never;
  }
}

function resultEnd(result: Result, loop: Loop, scope: Scope): readonly string[] {
  return result.kind === "argmax" ? [`${largestOf(result, loop, scope)}.dispose();`] : [];
}

function dataType(dtype: DType): string {
  return { f32: '"float32"', i32: '"int32"', bool: '"bool"' }[dtype];
}

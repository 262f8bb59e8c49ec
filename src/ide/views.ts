/**
 * What can be looked at and not edited, made from a file as it stands: the IR after a pass, the plan, kernels, the
 * curve of a margin, a check of gradients. Each is a text with a title, or the reason why there is none.
 */
import { elaborateCheckedEntry } from "../../compiler/check/index.ts";
import { defaultPassOptions, stagesOf } from "../../compiler/compile.ts";
import { defaultGradcheckOptions } from "../../compiler/gradcheck.ts";
import { type EntryGradcheck, gradcheckEntry } from "../../compiler/gradcheck/entries.ts";
import { passes } from "../../compiler/passes/index.ts";
import type { Program } from "../../compiler/program.ts";
import { gpuArtifact } from "../artifacts/gpu-artifact.ts";
import { stageText } from "../views/ir-text.ts";
import { marginCurve } from "../views/margin-curves.ts";
import { significant } from "../report/numbers.ts";
import { isCompilable } from "./compilable.ts";
import type { Documents } from "./documents.ts";

export type ViewKind = "ir" | "plan" | "wgsl" | "plot" | "gradcheck";

export const viewKinds: readonly ViewKind[] = ["ir", "plan", "wgsl", "plot", "gradcheck"];

/** Stages of the IR by name, the graph as it was written first. */
export const irStages: readonly string[] = ["lower", ...passes.map(({ name }) => name)];

export type View =
  | {
      readonly kind: "shown";
      readonly title: string;
      /** How editors colour it. */
      readonly language: "text" | "wgsl" | "svg";
      readonly text: string;
    }
  | { readonly kind: "refused"; readonly reason: string };

export interface ViewRequest {
  readonly file: string;
  readonly entry: string;
  readonly what: ViewKind;
  /** Of the IR; the one before streaming by default, where formulas are still whole. */
  readonly stage?: string;
}

export function viewOf(documents: Documents, request: ViewRequest): View | Promise<View> {
  switch (request.what) {
    case "ir":
      return stageView(documents, request, request.stage ?? "simplify");
    case "plan":
      return stageView(documents, request, "plan");
    case "wgsl":
      return wgslView(documents, request);
    case "plot":
      return plotView(documents, request);
    case "gradcheck":
      return gradcheckView(documents, request);
    default:
      return request.what satisfies never;
  }
}

function stageView(documents: Documents, request: ViewRequest, stage: string): View {
  if (!irStages.includes(stage))
    return refused(`there is no stage ${stage}; there are ${irStages.join(", ")}`);
  const program = programOf(documents, request);
  if (typeof program === "string") return refused(program);
  const [fn] = program.functions;
  if (fn === undefined) return refused(`${request.entry} has nothing to run`);
  const found = stagesOf(program, fn, defaultPassOptions).find(({ name }) => name === stage);
  if (found === undefined) return refused(`the pass ${stage} left nothing`);
  const text = stageText(program, fn, found);
  return { kind: "shown", title: `${request.entry} after ${stage}`, language: "text", text };
}

function wgslView(documents: Documents, request: ViewRequest): View {
  const program = programOf(documents, request);
  if (typeof program === "string") return refused(program);
  const { wgsl } = gpuArtifact(program);
  return { kind: "shown", title: `${request.entry} for the GPU`, language: "wgsl", text: wgsl };
}

/** By now every schedule has run out: what is drawn is what training ends with. */
const lateStep = 1_000_000_000;

/** The pictures' library is large, so it is loaded when something is drawn. */
async function plotView(documents: Documents, request: ViewRequest): Promise<View> {
  const program = programOf(documents, request);
  if (typeof program === "string") return refused(program);
  if (program.kind !== "margin") return refused(`${request.entry} is a ${program.kind}, not a margin`);
  const curve = marginCurve(program, request.entry, lateStep);
  const { marginSheet } = await import("../report/margin-plot.ts");
  return { kind: "shown", title: `${request.entry}: ψ(θ)`, language: "svg", text: marginSheet([curve]) };
}

function gradcheckView(documents: Documents, { file, entry }: ViewRequest): View {
  if (isCompilable(documents, file, entry).kind === "absent") return refused(`${file} has no ${entry}`);
  const result = gradcheckEntry(documents.workspace.host, file, entry, {}, defaultGradcheckOptions);
  if (result.report === undefined) return refused(reasonOf(result));
  return { kind: "shown", title: `gradients of ${entry}`, language: "text", text: gradcheckText(result) };
}

function reasonOf({ entry, reason, diagnostics }: EntryGradcheck): string {
  return diagnostics[0]?.message ?? `${entry}: ${reason ?? "it was not checked"}`;
}

function gradcheckText({ entry, report }: EntryGradcheck): string {
  if (report === undefined) return "";
  const { ok, points, comparisons, maxRelativeError, worst, kinks, notFinite } = report;
  return [
    `${entry}: ${ok ? "the gradients are right" : "the gradients are WRONG"}`,
    `${comparisons} slopes at ${points} points, largest relative error ${significant(maxRelativeError)}`,
    ...(worst === undefined || ok
      ? []
      : [`${worst.variable} at ${worst.point}: analytic ${worst.analytic}, numeric ${worst.numeric}`]),
    ...notFinite.map(({ point, name }) => `${name} is not finite at ${point}`),
    ...(kinks.length === 0 ? [] : [`${kinks.length} kinks left out: there a function has no slope`]),
    "",
  ].join("\n");
}

// ---------------------------------------------------------------- programs

/** The program of an entry, or in words why there is none. */
function programOf(documents: Documents, { file, entry }: ViewRequest): Program | string {
  const compilable = isCompilable(documents, file, entry);
  if (compilable.kind === "absent") return `${file} has no ${entry}`;
  if (compilable.kind === "broken") return compilable.mistake.message;
  const { program, diagnostics } = elaborateCheckedEntry(documents.workspace, file, entry);
  const mistake = diagnostics.find(({ severity }) => severity === "error");
  return program ?? mistake?.message ?? `${entry} needs settings that have no value here`;
}

function refused(reason: string): View {
  return { kind: "refused", reason };
}

/** Names of the settings that a call can still be given. */
import { loadModule } from "../../compiler/check/workspace.ts";
import { isTensorParameter } from "../../compiler/check/signatures.ts";
import type { OpenCall } from "./around.ts";
import { argumentsOf } from "./builtin-arguments.ts";
import { type Callee, calleeOf } from "./callee.ts";
import type { Choice } from "./completion.ts";
import type { Analysis, Documents } from "./documents.ts";
import { parameterText } from "./signatures.ts";

export function labelsOffered(documents: Documents, analysis: Analysis, call: OpenCall): readonly Choice[] {
  if (!call.atStart) return [];
  const callee = calleeOf(documents, analysis, call);
  if (callee === undefined) return [];
  if (callee.kind === "builtin") return labelsOfBuiltin(callee, call);
  const module = loadModule(documents.workspace, callee.file);
  return callee.parameters
    .slice(call.given)
    .filter((one) => !call.labels.includes(one.name.name))
    .filter((one) => !(call.isPiped && isTensorParameter(one)))
    .map((one) =>
      labelChoice(one.name.name, module === undefined ? one.name.name : parameterText(module, one)),
    );
}

/** What was given by its place is left out. */
function labelsOfBuiltin({ name }: Extract<Callee, { kind: "builtin" }>, call: OpenCall): readonly Choice[] {
  return argumentsOf(name)
    .slice(call.given + (call.isPiped ? 1 : 0))
    .filter((one) => !call.labels.includes(one.name))
    .map(({ name: label, type, doc }) => ({
      ...labelChoice(label, type === "" ? label : `${label}: ${type}`),
      ...(doc === "" ? {} : { doc }),
    }));
}

function labelChoice(name: string, detail: string): Choice {
  return { label: `${name}:`, kind: "property", detail, insert: `${name}: ` };
}

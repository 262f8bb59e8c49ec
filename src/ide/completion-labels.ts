/** Names of the settings that a call can still be given. */
import { loadModule } from "../../compiler/check/workspace.ts";
import { isReaderName, settingsOfReader } from "../../compiler/check/builtins/data.ts";
import { isTensorParameter } from "../../compiler/check/signatures.ts";
import type { OpenCall } from "./around.ts";
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

/** What was given by its place is left out, and so are names of a reader's files. */
function labelsOfBuiltin({ name, parameters }: Extract<Callee, { kind: "builtin" }>, call: OpenCall) {
  const given = call.given + (call.isPiped ? 1 : 0);
  const own = parameters.map((parameter) => parameter.replace("?", "")).slice(given);
  const settings = isReaderName(name) ? settingsOfReader(name) : [];
  return [...own, ...settings]
    .filter((parameter) => parameter !== "..." && !call.labels.includes(parameter))
    .map((parameter) => labelChoice(parameter, parameter));
}

function labelChoice(name: string, detail: string): Choice {
  return { label: `${name}:`, kind: "property", detail, insert: `${name}: ` };
}

/** The signature of the call that the cursor is in, and which parameter it would fill. */
import { loadModule } from "../../compiler/check/workspace.ts";
import { type OpenCall, openCallAt } from "./around.ts";
import { calleeOf } from "./callee.ts";
import type { Analysis, Documents } from "./documents.ts";
import { headOf, parameterText } from "./signatures.ts";

export interface Signature {
  readonly label: string;
  readonly doc?: string;
  /** Each is a part of the label. */
  readonly parameters: readonly string[];
  /** Undefined where the call has no parameter for what is typed. */
  readonly active: number | undefined;
}

export function signatureAt(documents: Documents, analysis: Analysis, offset: number): Signature | undefined {
  const call = openCallAt(analysis, offset);
  const callee = call === undefined ? undefined : calleeOf(documents, analysis, call);
  if (call === undefined || callee === undefined) return undefined;
  if (callee.kind === "builtin") {
    const { signature, doc } = callee;
    const names = callee.parameters.map((name) => name.replace("?", ""));
    return { label: signature, doc, parameters: partsOf(signature, names), active: activeOf(call, names) };
  }
  const module = loadModule(documents.workspace, callee.file);
  if (module === undefined) return undefined;
  const names = callee.parameters.map(({ name }) => name.name);
  const { doc } = callee.callable;
  return {
    label: headOf(module, callee.callable),
    ...(doc === undefined ? {} : { doc }),
    parameters: callee.parameters.map((parameter) => parameterText(module, parameter)),
    active: activeOf(call, names),
  };
}

/** A label says which; else they are counted, the piped one first unless the list is a layer's settings. */
function activeOf(call: OpenCall, names: readonly string[]): number | undefined {
  if (call.label !== undefined) {
    const at = names.indexOf(call.label);
    return at < 0 ? undefined : at;
  }
  return call.position < names.length ? call.position : undefined;
}

/** The stretch of a builtin's signature for each parameter, as far as its name is found in it. */
function partsOf(signature: string, names: readonly string[]): readonly string[] {
  const inside = signature.slice(signature.indexOf("(") + 1);
  return names.map((name) => {
    const found = new RegExp(`(?:^|[\\s,(])(${name.replaceAll(".", "\\.")}\\b[^,)]*|\\.\\.\\.)`, "u").exec(
      inside,
    )?.[1];
    return found?.trim() ?? name;
  });
}

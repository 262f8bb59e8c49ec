/** `LSoftmax(m: 4)` as people write it: the margin's name and its settings, read by the language's own parser. */
import { type LoadedModule, type Workspace, resolveEntry } from "../../compiler/check/workspace.ts";
import { parseExpression } from "../../compiler/syntax/parse.ts";

export interface MarginUse {
  readonly name: string;
  /** Texts by name, as `elaborateEntry` takes them. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where the text of each setting begins in what was written. */
  readonly places: Readonly<Record<string, number>>;
}

/** Settings by position get the names that the margin declares. Undefined where the text is no use of a name. */
export function marginUse(
  workspace: Workspace,
  module: LoadedModule | undefined,
  written: string,
): MarginUse | undefined {
  const { expression, diagnostics } = parseExpression("the margin", written);
  const called = expression.kind === "call" ? expression.callee : expression;
  if (called.kind !== "name" || diagnostics.length > 0) return undefined;
  const given = expression.kind === "call" ? expression.arguments : [];
  const found = module === undefined ? undefined : resolveEntry(workspace, module, called.name)?.declaration;
  const parameters = found?.kind === "margin" ? found.parameters.map(({ name }) => name.name) : [];
  const settings = given.map(({ name, value }, position) => {
    const text = written.slice(value.span.start, value.span.end);
    const setting = name?.name ?? parameters[position] ?? `argument ${position + 1}`;
    return { setting, text, start: value.span.start };
  });
  return {
    name: called.name,
    settings: Object.fromEntries(settings.map(({ setting, text }) => [setting, text])),
    places: Object.fromEntries(settings.map(({ setting, start }) => [setting, start])),
  };
}

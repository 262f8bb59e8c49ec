/**
 * Which declarations use a declaration and which it uses, one step at a time. To name one is to call it sooner or later,
 * so `model = Features` counts as `Features(x)` does, and a constant as what it is made of.
 */
import { type NamedDeclaration, isNamed } from "../../compiler/check/workspace.ts";
import type { Span } from "../../compiler/errors/span.ts";
import { referencesTo } from "./definition.ts";
import type { Analysis, Documents } from "./documents.ts";
import { symbolAt, symbolOf } from "./symbols.ts";

export interface CallItem {
  readonly file: string;
  readonly declaration: NamedDeclaration;
}

export interface Call {
  /** Who calls, or what is called. */
  readonly item: CallItem;
  /** Where, in the text of the caller. */
  readonly at: readonly Span[];
}

/** The declaration that the name at an offset stands for. */
export function callItemAt(documents: Documents, analysis: Analysis, offset: number): CallItem | undefined {
  const symbol = symbolAt(documents, analysis, offset);
  return symbol?.kind === "declaration" ? symbol : undefined;
}

/** A declaration found again; undefined where it is gone. */
export function callItemNamed(documents: Documents, file: string, name: string): CallItem | undefined {
  const symbol = symbolOf(documents, { kind: "global", file, name });
  return symbol?.kind === "declaration" ? symbol : undefined;
}

/** In all files of the workspace, and in the library for what is its own. */
export function incomingCalls(documents: Documents, { file, declaration }: CallItem): readonly Call[] {
  const symbol = symbolOf(documents, { kind: "global", file, name: declaration.name.name });
  const uses = symbol === undefined ? [] : referencesTo(documents, symbol, file);
  return byDeclaration(
    uses.map(({ span, role }) => ({
      span,
      item: role === "read" ? declarationAround(documents, span) : undefined,
    })),
  );
}

export function outgoingCalls(documents: Documents, { file, declaration }: CallItem): readonly Call[] {
  const { start, end } = declaration.span;
  const inside = (documents.analysis(file)?.names ?? []).filter(
    ({ span, target, role }) =>
      start <= span.start && span.end <= end && role === "read" && target.kind === "global",
  );
  return byDeclaration(
    inside.map(({ span, target }) => {
      const symbol = symbolOf(documents, target);
      return { span, item: symbol?.kind === "declaration" ? symbol : undefined };
    }),
  );
}

function declarationAround(documents: Documents, { file, start }: Span): CallItem | undefined {
  const declarations = documents.analysis(file)?.module.module.declarations ?? [];
  const declaration = declarations
    .filter(isNamed)
    .find((one) => one.span.start <= start && start <= one.span.end && one.name.name !== "");
  return declaration === undefined ? undefined : { file, declaration };
}

/** In the order in which they are met; what stands in no declaration, as the names of an import, is left out. */
function byDeclaration(
  uses: readonly { readonly span: Span; readonly item: CallItem | undefined }[],
): readonly Call[] {
  const calls = new Map<NamedDeclaration, { readonly item: CallItem; readonly at: Span[] }>();
  for (const { span, item } of uses) {
    if (item === undefined) continue;
    const known = calls.get(item.declaration);
    if (known === undefined) calls.set(item.declaration, { item, at: [span] });
    else known.at.push(span);
  }
  return [...calls.values()];
}

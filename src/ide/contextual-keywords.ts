/** Words that are keywords only where they stand: what begins a declaration, a `param` or a `state`, and the words of types. */
import type { Part } from "../../compiler/syntax/walk.ts";

export interface ContextualKeyword {
  readonly start: number;
  readonly end: number;
  readonly role: "declaration" | "statement" | "type";
}

/** The word that makes a part of the tree what it is, if that word is a name elsewhere. */
export function contextualKeyword(part: Part, text: string): ContextualKeyword | undefined {
  if (part.is === "type") return wordAt(text, part.node.span.start, "type");
  if (part.is === "statement" && (part.node.kind === "param" || part.node.kind === "state"))
    return wordAt(text, part.node.span.start, "statement");
  if (part.is !== "declaration" || part.node.kind === "import" || part.node.kind === "let") return undefined;
  const { start } = part.node.span;
  const exported = /^export\s+/.exec(text.slice(start, part.node.name.span.start));
  return wordAt(text, start + (exported?.[0].length ?? 0), "declaration");
}

function wordAt(text: string, start: number, role: ContextualKeyword["role"]): ContextualKeyword | undefined {
  const word = /^\w+/.exec(text.slice(start, start + 40));
  return word === null ? undefined : { start, end: start + word[0].length, role };
}

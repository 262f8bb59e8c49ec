/** Reading a concrete tree in which, after recovery, any child may be missing. */
import type { CstElement, CstNode, IToken } from "chevrotain";
import type { Span } from "../errors/span.ts";
import { endOf } from "../../grammar/layout.ts";

export function nodesOf(parent: CstNode | undefined, name: string): readonly CstNode[] {
  return childrenOf(parent, name).filter((child) => "children" in child);
}

export function nodeOf(parent: CstNode | undefined, name: string): CstNode | undefined {
  return nodesOf(parent, name)[0];
}

/** Without the tokens that recovery made up, which have no place. */
export function tokensOf(parent: CstNode | undefined, name: string): readonly IToken[] {
  return childrenOf(parent, name).filter(
    (child): child is IToken => "tokenType" in child && child.isInsertedInRecovery !== true,
  );
}

export function tokenOf(parent: CstNode | undefined, name: string): IToken | undefined {
  return tokensOf(parent, name)[0];
}

function childrenOf(parent: CstNode | undefined, name: string): readonly CstElement[] {
  return parent?.children[name] ?? [];
}

export function spanOfToken(file: string, token: IToken): Span {
  return { file, start: token.startOffset, end: endOf(token) };
}

/** Undefined for a node without any token. */
export function spanOfNode(file: string, node: CstNode | undefined): Span | undefined {
  const { startOffset, endOffset } = node?.location ?? {};
  if (startOffset === undefined || endOffset === undefined) return undefined;
  if (Number.isNaN(startOffset) || Number.isNaN(endOffset)) return undefined;
  return { file, start: startOffset, end: Math.max(startOffset, endOffset + 1) };
}

/** What the builders of the AST share: the file, and where slips are reported. */
import type { CstNode, IToken } from "chevrotain";
import type { Identifier } from "./ast.ts";
import { spanOfNode, spanOfToken } from "./cst.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import type { Span } from "../errors/span.ts";

export interface Build {
  readonly file: string;
  /** Mistakes that the tree shows by itself: `&&`, a missing `else`. */
  readonly slips: Diagnostic[];
  /** What follows a complete statement, in the order of the text. */
  readonly rests: Rest[];
  /** `///` comments by line, counted from 0. */
  readonly docs: ReadonlyMap<number, string>;
  readonly lineOf: (offset: number) => number;
}

/** What is left of a line. */
export interface Rest {
  readonly token: IToken;
  /** How many words it has. */
  readonly count: number;
  /** A name is all that stands before it. */
  readonly isBehindName: boolean;
}

/** The place of a node; of a node without text, the place given instead. */
export function placeOf(build: Build, node: CstNode | undefined, instead: Span): Span {
  return spanOfNode(build.file, node) ?? instead;
}

/** The empty place behind another. */
export function behind({ file, end }: Span): Span {
  return { file, start: end, end };
}

/** A name with θ and π folded to `theta` and `pi`; a missing one is empty. */
export function identifierOf(build: Build, token: IToken | undefined, instead: Span): Identifier {
  if (token === undefined) return { name: "", span: behind(instead) };
  return { name: foldName(token.image), span: spanOfToken(build.file, token) };
}

export function foldName(written: string): string {
  return written.replaceAll("θ", "theta").replaceAll("ϑ", "theta").replaceAll("π", "pi");
}

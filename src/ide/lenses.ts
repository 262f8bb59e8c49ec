/**
 * Lines above declarations: the size of a model, and the commands that make sense for what is declared. Commands take
 * the document and the entry; what they do is the editor's or the server's.
 */
import type { Analysis } from "./documents.ts";
import type { Declaration } from "../../compiler/syntax/ast.ts";

export type LensCommand =
  "margo.plot" | "margo.showIr" | "margo.showWgsl" | "margo.gradcheck" | "margo.train";

export interface Lens {
  /** Of the name that it stands above. */
  readonly start: number;
  readonly end: number;
  readonly entry: string;
  readonly what:
    | { readonly kind: "size" }
    | { readonly kind: "command"; readonly title: string; readonly command: LensCommand };
}

export function lensesOf({ module }: Analysis): readonly Lens[] {
  // A name that is declared twice would not say which is meant.
  return [...module.declarations.values()].flatMap((declaration) =>
    declaration.name.name === ""
      ? []
      : offered[declaration.kind].map((what) => ({
          start: declaration.name.span.start,
          end: declaration.name.span.end,
          entry: declaration.name.name,
          what,
        })),
  );
}

const size = { kind: "size" } as const;
const plot = { kind: "command", title: "plot", command: "margo.plot" } as const;
const gradcheck = { kind: "command", title: "check gradients", command: "margo.gradcheck" } as const;
const showIr = { kind: "command", title: "show IR", command: "margo.showIr" } as const;
const showWgsl = { kind: "command", title: "show WGSL", command: "margo.showWgsl" } as const;
const train = { kind: "command", title: "train", command: "margo.train" } as const;

const offered: { readonly [K in Exclude<Declaration["kind"], "import">]: readonly Lens["what"][] } = {
  model: [size, gradcheck, showIr, showWgsl],
  margin: [plot, gradcheck],
  loss: [gradcheck, showIr],
  train: [train, showIr, showWgsl],
  layer: [],
  fn: [],
  optimizer: [],
  let: [],
};

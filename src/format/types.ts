/** Types: `f32[N, H // 2]`, `index<C>[N]`, `list`. */
import type { CstNode, IToken } from "chevrotain";
import { nodeOf, nodesOf, tokenOf, tokensOf } from "../../compiler/syntax/cst.ts";
import { offsetOf, printChain } from "./expressions.ts";
import { present } from "./present.ts";
import { type Doc, type Printer, listed, unbroken, word } from "./words.ts";

/** `: type`, where there is one. */
export function printAnnotation(printer: Printer, node: CstNode): Doc {
  const colon = tokenOf(node, "Colon");
  return colon === undefined
    ? ""
    : [word(printer, colon), " ", printType(printer, present(nodeOf(node, "type")))];
}

export function printType(printer: Printer, node: CstNode): Doc {
  const open = tokenOf(node, "LeftSquare");
  return [
    word(printer, present(tokenOf(node, "Identifier"))),
    printBound(printer, node),
    open === undefined ? "" : printDimensions(printer, node, open),
  ];
}

function printDimensions(printer: Printer, node: CstNode, open: IToken): Doc {
  const close = present(tokenOf(node, "RightSquare"));
  return unbroken(printer, close.startOffset, () =>
    listed(printer, {
      open,
      close,
      padding: "none",
      items: nodesOf(node, "dimension"),
      commas: tokensOf(node, "Comma"),
      offsetOf,
      printItem: (dimension) => printDimension(printer, dimension),
    }),
  );
}

function printBound(printer: Printer, node: CstNode): Doc {
  const less = tokenOf(node, "Less");
  if (less === undefined) return "";
  const bound = present(nodeOf(node, "bound"));
  // `<-` would be an arrow.
  const space = printer.text.charAt(offsetOf(bound)) === "-" ? " " : "";
  return [
    word(printer, less),
    space,
    printChain(printer, bound, "indented"),
    word(printer, present(tokenOf(node, "Greater"))),
  ];
}

function printDimension(printer: Printer, node: CstNode): Doc {
  const ellipsis = tokenOf(node, "Ellipsis");
  if (ellipsis !== undefined) return word(printer, ellipsis);
  return printChain(printer, present(nodeOf(node, "chain")), "indented");
}

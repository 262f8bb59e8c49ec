/** The statements of a body, one a line. */
import type { CstNode } from "chevrotain";
import { builders } from "prettier/doc";
import { nodeOf, tokenOf } from "../../compiler/syntax/cst.ts";
import { offsetOf, printChain, printValue, printWhole } from "./expressions.ts";
import { present } from "./present.ts";
import { type Row, printLastComments, printRow } from "./rows.ts";
import { printAnnotation } from "./types.ts";
import { type Doc, type Printer, group, leading, line, word } from "./words.ts";

const { indent } = builders;

/** `end` is the place of the closing bracket. */
export function printStatements(printer: Printer, lines: readonly CstNode[], end: number): readonly Row[] {
  const rows = lines.map((node) => {
    const item = present(nodeOf(node, "item"));
    const itemEnd = present(item.location?.endOffset) + 1;
    return printRow(printer, offsetOf(item), itemEnd, () => printStatement(printer, item));
  });
  return [...rows, ...printLastComments(printer, end)];
}

function printStatement(printer: Printer, item: CstNode): Doc {
  for (const [kind, print] of Object.entries(statementPrinters)) {
    const node = nodeOf(item, kind);
    if (node !== undefined) return print(printer, node);
  }
  throw new Error("a body holds a line that is no statement and no mistake");
}

const statementPrinters: Readonly<Record<string, (printer: Printer, node: CstNode) => Doc>> = {
  letStatement: (printer, node) => printLet(printer, node),
  paramStatement: (printer, node) => printVariable(printer, node, "Param"),
  stateStatement: (printer, node) => printVariable(printer, node, "State"),
  requireStatement: (printer, node) => printRequire(printer, node),
  update: (printer, node) => printNamed(printer, node, "UpdateArrow"),
  result: (printer, node) => printNamed(printer, node, "Equals"),
  expression: (printer, node) => printWhole(printer, node, "indented"),
};

export function printLet(printer: Printer, node: CstNode): Doc {
  return [word(printer, present(tokenOf(node, "Let"))), " ", printNamed(printer, node, "Equals")];
}

function printVariable(printer: Printer, node: CstNode, kind: "Param" | "State"): Doc {
  const sign = tokenOf(node, "Tilde") === undefined ? "Equals" : "Tilde";
  return [word(printer, present(tokenOf(node, kind))), " ", printNamed(printer, node, sign)];
}

/** A name, its type and its value, each of the latter where there is one. */
function printNamed(printer: Printer, node: CstNode, sign: "Equals" | "Tilde" | "UpdateArrow"): Doc {
  const token = tokenOf(node, sign);
  return [
    word(printer, present(tokenOf(node, "Identifier"))),
    printAnnotation(printer, node),
    token === undefined ? "" : printValue(printer, token, present(nodeOf(node, "expression"))),
  ];
}

function printRequire(printer: Printer, node: CstNode): Doc {
  const otherwise = present(tokenOf(node, "Else"));
  return group(printer, () => [
    word(printer, present(tokenOf(node, "Require"))),
    " ",
    printChain(printer, present(nodeOf(node, "chain")), "indented"),
    indent([
      line(printer),
      leading(printer, otherwise.startOffset),
      word(printer, otherwise),
      " ",
      word(printer, present(tokenOf(node, "String"))),
    ]),
  ]);
}

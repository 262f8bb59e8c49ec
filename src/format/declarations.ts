/**
 * Declarations and their parameters. A signature that does not fit breaks at its first list (the settings of
 * a layer), then at the second; a body always stands on lines of its own.
 */
import type { CstNode } from "chevrotain";
import { builders } from "prettier/doc";
import { nodeOf, nodesOf, tokenOf, tokensOf } from "../../compiler/syntax/cst.ts";
import { offsetOf, printValue } from "./expressions.ts";
import { present } from "./present.ts";
import { joinRows } from "./rows.ts";
import { printLet, printStatements } from "./statements.ts";
import { printAnnotation, printType } from "./types.ts";
import { type Doc, type Printer, group, hardline, listed, word } from "./words.ts";

const { indent } = builders;

/** A line of a file: one declaration. */
export function printDeclaration(printer: Printer, item: CstNode): Doc {
  const [exported, declared] = [tokenOf(item, "Export"), nodeOf(item, "importDeclaration")];
  if (declared !== undefined) return printImport(printer, declared);
  const head = exported === undefined ? "" : [word(printer, exported), " "];
  const [callable, train] = [nodeOf(item, "callable"), nodeOf(item, "train")];
  if (callable !== undefined) return [head, printCallable(printer, callable)];
  if (train !== undefined) return [head, printTrain(printer, train)];
  return [head, printLet(printer, present(nodeOf(item, "letStatement")))];
}

function printImport(printer: Printer, node: CstNode): Doc {
  const names = present(nodeOf(node, "namesInBraces"));
  return [
    word(printer, present(tokenOf(node, "Import"))),
    " ",
    group(printer, () =>
      listed(printer, {
        open: present(tokenOf(names, "LeftCurly")),
        close: present(tokenOf(names, "RightCurly")),
        padding: "blank",
        items: nodesOf(names, "importName"),
        commas: tokensOf(names, "Comma"),
        offsetOf,
        printItem: (name) => printImportName(printer, name),
      }),
    ),
    " ",
    word(printer, present(tokenOf(node, "From"))),
    " ",
    word(printer, present(tokenOf(node, "String"))),
  ];
}

function printImportName(printer: Printer, node: CstNode): Doc {
  const name = word(printer, present(tokenOf(node, "name")));
  const [as, alias] = [tokenOf(node, "As"), tokenOf(node, "alias")];
  if (as === undefined || alias === undefined) return name;
  return [name, " ", word(printer, as), " ", word(printer, alias)];
}

function printCallable(printer: Printer, node: CstNode): Doc {
  const head = [
    word(printer, present(tokenOf(node, "CallableWord"))),
    " ",
    word(printer, present(tokenOf(node, "Identifier"))),
  ];
  const lists = nodesOf(node, "parameters");
  const first = lists.findIndex((list) => nodesOf(list, "parameter").length > 0);
  // The lines of the first list are those of the group: they end before the second list breaks.
  const signature = group(printer, () => [
    lists.map((list, at) =>
      at <= first ? printParameters(printer, list) : group(printer, () => printParameters(printer, list)),
    ),
    printReturns(printer, node),
  ]);
  const equals = tokenOf(node, "Equals");
  if (equals === undefined)
    return [head, signature, " ", printBlock(printer, present(nodeOf(node, "block")))];
  return [head, signature, printValue(printer, equals, present(nodeOf(node, "expression")))];
}

function printReturns(printer: Printer, node: CstNode): Doc {
  const arrow = tokenOf(node, "ReturnArrow");
  if (arrow === undefined) return "";
  return [" ", word(printer, arrow), " ", printType(printer, present(nodeOf(node, "type")))];
}

function printParameters(printer: Printer, node: CstNode): Doc {
  return listed(printer, {
    open: present(tokenOf(node, "LeftParen")),
    close: present(tokenOf(node, "RightParen")),
    padding: "none",
    items: nodesOf(node, "parameter"),
    commas: tokensOf(node, "Comma"),
    offsetOf,
    printItem: (parameter) => printParameter(printer, parameter),
  });
}

function printParameter(printer: Printer, node: CstNode): Doc {
  const equals = tokenOf(node, "Equals");
  return [
    word(printer, present(tokenOf(node, "Identifier"))),
    printAnnotation(printer, node),
    equals === undefined ? "" : printValue(printer, equals, present(nodeOf(node, "expression"))),
  ];
}

function printTrain(printer: Printer, node: CstNode): Doc {
  return [
    word(printer, present(tokenOf(node, "Train"))),
    " ",
    word(printer, present(tokenOf(node, "Identifier"))),
    " ",
    printBlock(printer, present(nodeOf(node, "block"))),
  ];
}

function printBlock(printer: Printer, node: CstNode): Doc {
  const [open, close] = [present(tokenOf(node, "LeftCurly")), present(tokenOf(node, "RightCurly"))];
  const opener = word(printer, open);
  const rows = printStatements(printer, nodesOf(node, "line"), close.startOffset);
  printer.bodies.push({ start: open.startOffset + 1, end: close.startOffset, rows });
  if (rows.length === 0) return [opener, word(printer, close)];
  return [opener, indent([hardline(printer), joinRows(rows)]), hardline(printer), word(printer, close)];
}

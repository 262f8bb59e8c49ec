/**
 * Rows looked up early: `gather` of something computed from each row of a parameter becomes the same
 * computation on the gathered rows. A statistic of a row's own class then needs no pass over all classes.
 *
 *   before   %2 = norm(W)   %3 = gather(%2, y)
 *   after    %4 = gather(W, y)   %3 = norm(%4)
 *
 * An index out of range reads 0, so where it is not known to be in range the result keeps a guard.
 */
import { type Dim, constantDim, isSize } from "../../ir/dim.ts";
import { type Formulas, formulas, inputOf } from "../../ir/build.ts";
import { type Graph, type GraphBuilder, type Node, isOp } from "../../ir/node.ts";
import { rewriteGraph } from "../../ir/rewrite.ts";
import { isElementwise, isLeaf } from "../fuse.ts";

/** `inRange` says whether an index is surely below a size and not negative. */
export function lookUpEarly(
  graph: Graph,
  builder: GraphBuilder,
  inRange: (index: Node, size: Dim) => boolean,
): Graph {
  return rewriteGraph(graph, builder, (node) => {
    if (!isOp(node, "gather") || inputOf(node, 1).type.shape.length !== 1) return undefined;
    const [x, index] = [inputOf(node, 0), inputOf(node, 1)];
    const size = x.type.shape[0];
    if (isLeaf(x) || size === undefined || isSize(size, 1)) return undefined;
    const f = formulas(builder, node.span);
    const rows = rowsOf(f, x, index);
    return rows === undefined ? undefined : inRange(index, size) ? rows : guarded(f, rows, index, size);
  });
}

/** x's rows at the index, computed from gathered leaves; undefined where a row needs more than itself. */
function rowsOf(f: Formulas, x: Node, index: Node): Node | undefined {
  if (isLeaf(x)) return f.gather(x, index);
  if (isElementwise(x)) {
    const inputs = x.inputs.map((input) => operandRows(f, input, x, index));
    return inputs.every(isThere) ? f.make(x.op, inputs, x.attrs) : undefined;
  }
  if (isOp(x, "sum") || isOp(x, "max") || isOp(x, "logsumexp")) {
    const rows = x.attrs.axes.includes(0) ? undefined : rowsOf(f, inputOf(x, 0), index);
    return rows === undefined ? undefined : f.make(x.op, [rows], x.attrs);
  }
  if (isOp(x, "broadcast")) {
    const source = operandRows(f, inputOf(x, 0), x, index);
    return source === undefined
      ? undefined
      : f.broadcast(source, [rowCount(index), ...x.type.shape.slice(1)]);
  }
  return undefined;
}

/** An operand of x[C, …]: its rows where it varies by row, itself where it does not. */
function operandRows(f: Formulas, operand: Node, x: Node, index: Node): Node | undefined {
  const [first] = operand.type.shape;
  const varies =
    operand.type.shape.length === x.type.shape.length && first !== undefined && !isSize(first, 1);
  return varies ? rowsOf(f, operand, index) : operand;
}

function rowCount(index: Node): Dim {
  return index.type.shape[0] ?? constantDim(1);
}

function isThere(node: Node | undefined): node is Node {
  return node !== undefined;
}

function guarded(f: Formulas, rows: Node, index: Node, size: Dim): Node {
  const limit = f.cast(f.make("size", [], { dim: size }), "i32");
  const inside = f.and(f.lessEqual(f.i32(0), index), f.less(index, limit));
  const column = f.reshape(inside, [rowCount(index), ...rows.type.shape.slice(1).map(() => constantDim(1))]);
  return f.select(column, rows, f.constant(0, rows.type.dtype));
}

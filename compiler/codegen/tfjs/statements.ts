/**
 * Straight-line code: one statement a kernel step, and behind each the disposal of what no later statement
 * reads. It knows nothing of regions; the body of a chunk loop is straight-line code too.
 */
import type { Span } from "../../errors/span.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { type KernelGroup, biasOf, isZero } from "../../passes/fuse.ts";
import { chainOf, programText } from "./chains.ts";
import { convolution, emitOp } from "./ops.ts";
import type { Scope } from "./scope.ts";
import type { SourceNotes } from "./source-notes.ts";

export interface Statement {
  readonly reads: readonly Node[];
  /** Values it declares, to be disposed once. */
  readonly writes: readonly Node[];
  readonly lines: (scope: Scope) => readonly string[];
  readonly span?: Span;
}

/** Lines of the statements. A value in `kept` outlives them; every other value that they declare is disposed. */
export function emitStatements(
  statements: readonly Statement[],
  kept: ReadonlySet<Node>,
  scope: Scope,
  notes: SourceNotes,
): string[] {
  const last = new Map<Node, number>();
  const owned = new Set(statements.flatMap(({ writes }) => writes));
  statements.forEach(({ reads, writes }, index) =>
    [...reads, ...writes].forEach((node) => last.set(node, index)),
  );
  let comment: string | undefined;
  return statements.flatMap((statement, index) => {
    const { span } = statement;
    const source = span === undefined ? undefined : notes.comment(span);
    const heading = source === undefined || source === comment ? [] : [`// ${source}`];
    comment = source ?? comment;
    const dead = [...new Set([...statement.reads, ...statement.writes])].filter(
      (node) => owned.has(node) && last.get(node) === index && !kept.has(node),
    );
    const lines = [...statement.lines(scope), ...dead.map((node) => `${scope.name(node)}.dispose();`)];
    return [...heading, ...(span === undefined ? lines : lines.map((line) => notes.mark(line, span)))];
  });
}

/** Statements of one kernel: one loop for an element-wise chain, one tfjs call for a product with its epilogue. */
export function kernelStatements(kernel: KernelGroup): readonly Statement[] {
  const { kind, nodes, writes } = kernel;
  switch (kind) {
    case "elementwise":
    case "optimizer":
      return chainStatements(nodes, writes);
    case "reduction": {
      const [chain, last] = [nodes.slice(0, -1), nodes.slice(-1)];
      const read = chain.filter((node) => last.some(({ inputs }) => inputs.includes(node)));
      return [...chainStatements(chain, read), ...last.map(nodeStatement)];
    }
    case "contraction": {
      const fused = fusedContraction(kernel);
      return fused === undefined ? nodes.map(nodeStatement) : [fused];
    }
    case "single":
      return nodes.map(nodeStatement);
    default:
      return kind satisfies never;
  }
}

function chainStatements(nodes: readonly Node[], gives: readonly Node[]): readonly Statement[] {
  const chain = nodes.length < 2 ? undefined : chainOf(nodes, gives);
  if (chain === undefined) return nodes.map(nodeStatement);
  const { program, reads } = chain;
  return [
    statement(reads, gives, nodes[0]?.span, (scope) => {
      const data = scope.shared(programText(program));
      const call = `k.fused(${data}, [${reads.map(scope.name).join(", ")}])`;
      return [`const [${gives.map(scope.name).join(", ")}] = ${call};`];
    }),
  ];
}

export function nodeStatement(node: Node): Statement {
  return statement([...new Set(node.inputs)], [node], node.span, (scope) => {
    const expression = emitOp(node, node.inputs.map(scope.name), scope);
    return [`const ${scope.name(node)} = ${expression};`];
  });
}

export function statement(
  reads: readonly Node[],
  writes: readonly Node[],
  span: Span | undefined,
  lines: (scope: Scope) => readonly string[],
): Statement {
  return { reads, writes, lines, ...(span === undefined ? {} : { span }) };
}

/** A product or convolution with its bias and max(x, 0) as one tfjs kernel, where tfjs has one. */
function fusedContraction({ nodes }: KernelGroup): Statement | undefined {
  const [product, sum, activation] = nodes;
  if (product === undefined || sum === undefined || !isOp(sum, "add")) return undefined;
  if (activation !== undefined && !(isOp(activation, "maximum") && activation.inputs.some(isZero)))
    return undefined;
  const bias = biasOf(sum, product);
  const call = bias === undefined ? undefined : callWith(product);
  if (bias === undefined || call === undefined) return undefined;
  const result = activation ?? sum;
  return statement([...product.inputs, bias], [result], product.span, (scope) => {
    const after = activation === undefined ? "" : ', activation: "relu"';
    return [`const ${scope.name(result)} = ${call(scope, `{ bias: ${scope.name(bias)}${after} }`)};`];
  });
}

/** The call of a product or convolution with what follows it; undefined for an operand that must be turned first. */
function callWith(product: Node): ((scope: Scope, epilogue: string) => string) | undefined {
  const [a, b] = product.inputs;
  if (a === undefined || b === undefined) return undefined;
  const operands = (scope: Scope): string => `${scope.name(a)}, ${scope.name(b)}`;
  if (isOp(product, "matmul") && !product.attrs.transposeA && !product.attrs.transposeB)
    return (scope, epilogue) => `k.matMul(${operands(scope)}, ${epilogue})`;
  if (!isOp(product, "conv2d")) return undefined;
  const { attrs } = product;
  return (scope, epilogue) => `k.conv2d(${operands(scope)}, ${convolution(attrs)}, ${epilogue})`;
}

/**
 * The twin that numeric differences are taken of. Where the source says that no gradient flows
 * (`detach`, states just written) the twin holds the value still; `straight_through(a, b)` moves as b does.
 * So differences see exactly what the language promises the gradient to be, and nothing of how it is made.
 */
import { type Bindings } from "../ir/dim.ts";
import { formulas, inputOf } from "../ir/build.ts";
import { type Graph, GraphBuilder, type Node, isOp, nodesOfGraph } from "../ir/node.ts";
import { importGraph, mapOutputs } from "../ir/rewrite.ts";
import { decomposeGraph } from "../passes/decompose.ts";
import { type Feeds, evaluateGraph } from "../reference.ts";
import type { Steps } from "./directions.ts";

export interface FrozenTwin {
  /** At a point: the sum of the value after moving leaves by t times a direction. */
  readonly at: (feeds: Feeds, dims: Bindings) => (by: Steps, t: number) => number;
}

export function frozenTwin(value: Node): FrozenTwin {
  const builder = new GraphBuilder();
  const whole = decomposeGraph(importGraph({ outputs: [{ name: "value", node: value }] }, builder), builder);
  const { moving, still } = cut(whole, builder);
  return {
    at: (feeds, dims) => {
      const all = stillValues(still, feeds, dims);
      return (by, t) => {
        const { value: result } = evaluateGraph(moving, { ...all, ...moved(all, by, t) }, dims);
        return result === undefined ? NaN : result.data.reduce((sum, v) => sum + v, 0);
      };
    },
  };
}

function moved(feeds: Feeds, by: Steps, t: number): Feeds {
  return Object.fromEntries(
    [...by].map(([leaf, step]) => {
      const base = feeds[leaf];
      if (base === undefined) throw new Error(`no value was given for ${leaf}`);
      return [leaf, { ...base, data: base.data.map((v, k) => v + t * (step[k] ?? 0)) }];
    }),
  );
}

/** One after the other: what is held still may be made of what was held still before. */
function stillValues(still: readonly Graph[], feeds: Feeds, dims: Bindings): Feeds {
  return still.reduce((known, graph) => ({ ...known, ...evaluateGraph(graph, known, dims) }), feeds);
}

/** Each held value becomes an input, with the graph that gives it at the point itself. */
function cut(
  graph: Graph,
  builder: GraphBuilder,
): { readonly moving: Graph; readonly still: readonly Graph[] } {
  const f = formulas(builder);
  const replaced = new Map<Node, Node>();
  const still: Graph[] = [];
  const hold = (node: Node): Node => {
    const name = `still:${still.length}`;
    still.push({ outputs: [{ name, node }] });
    return f.make("input", [], { name, ...node.type });
  };
  const now = (node: Node): Node => replaced.get(node) ?? node;
  for (const node of nodesOfGraph(graph)) {
    const inputs = node.inputs.map(now);
    const rebuilt = builder.make(node.op, inputs, node.attrs, node.span);
    if (isOp(rebuilt, "detach")) replaced.set(node, hold(inputOf(rebuilt, 0)));
    else if (isOp(rebuilt, "straight_through")) {
      const [forward, backward] = [inputOf(rebuilt, 0), inputOf(rebuilt, 1)];
      replaced.set(node, f.add(backward, hold(f.sub(forward, backward))));
    } else if (rebuilt !== node) replaced.set(node, rebuilt);
  }
  return { moving: mapOutputs(graph, now), still };
}

/**
 * Classification heads built by hand, each a whole training step: inputs x f32[N, D] and y i32[N], a parameter
 * with a class axis, outputs `loss`, `correct` and the parameter's new value. They are what `stream` is for.
 */
import { type Dim, constantDim, multiplyDims, namedDim } from "../../compiler/ir/dim.ts";
import { type Formulas, formulas } from "../../compiler/ir/build.ts";
import { GraphBuilder, type Node } from "../../compiler/ir/node.ts";
import { type TensorType, scalarType, tensorType } from "../../compiler/ir/type.ts";
import type { Program, ProgramVariable } from "../../compiler/program.ts";

export interface HeadSizes {
  readonly width: number;
  readonly classes: number | "free";
}

export interface Head {
  readonly f: Formulas;
  readonly x: Node;
  readonly y: Node;
  readonly N: Dim;
  readonly D: Dim;
  readonly C: Dim;
  /** Declares a parameter, or a state that the step replaces. */
  readonly parameter: (name: string, shape: readonly Dim[]) => Node;
  readonly state: (name: string, shape: readonly Dim[]) => Node;
  readonly optimizer: (name: string, shape: readonly Dim[]) => Node;
}

export interface HeadResult {
  readonly loss: Node;
  readonly scores: Node;
  /** New values by variable; parameters left out take a step of plain gradient descent. */
  readonly next?: Readonly<Record<string, Node>>;
}

const rate = 0.1;

/** The step of a head: its loss, how many rows are right, and plain gradient descent. */
export function headProgram({ width, classes }: HeadSizes, write: (head: Head) => HeadResult): Program {
  const builder = new GraphBuilder();
  const f = formulas(builder, { file: "head.margo", start: 0, end: 4 });
  const [N, D, C] = [
    namedDim("N"),
    constantDim(width),
    classes === "free" ? namedDim("C") : constantDim(classes),
  ];
  const types = { x: tensorType("f32", [N, D]), y: tensorType("i32", [N]) };
  const x = builder.make("input", [], { name: "x", ...types.x });
  const y = builder.make("input", [], { name: "y", ...types.y });
  const variables: ProgramVariable[] = [];
  const declare =
    (kind: ProgramVariable["kind"]) =>
    (name: string, shape: readonly Dim[]): Node => {
      const type: TensorType = tensorType("f32", shape);
      const isParameter = kind === "parameter";
      const initial = isParameter ? randomInitial(builder, f, shape, variables.length) : f.filled(0, type);
      variables.push({ name, kind, type, initial });
      return builder.make(isParameter ? "parameter" : "state", [], { name, ...type });
    };
  const {
    loss,
    scores,
    next = {},
  } = write({
    f,
    x,
    y,
    N,
    D,
    C,
    parameter: declare("parameter"),
    state: declare("state"),
    optimizer: declare("optimizer"),
  });
  const guess = builder.make("argmax", [scores], { axis: 1 });
  const correct = f.sum(f.cast(f.equal(guess, y), "f32"), { axes: [0], keepDims: false });
  const updated = variables.map(({ name, kind, type }) => {
    const leaf = builder.make(kind === "parameter" ? "parameter" : "state", [], { name, ...type });
    const node = next[name] ?? f.sub(leaf, f.mul(f.f32(rate), builder.make("gradient", [loss, leaf], {})));
    return { name: `next:${name}`, node };
  });
  return {
    name: "Head",
    kind: "train",
    builder,
    variables,
    functions: [
      {
        name: "step",
        inputs: [
          { name: "x", type: types.x, role: "data" },
          { name: "y", type: types.y, role: "data" },
        ],
        graph: { outputs: [{ name: "loss", node: loss }, { name: "correct", node: correct }, ...updated] },
      },
    ],
  };
}

function randomInitial(builder: GraphBuilder, f: Formulas, shape: readonly Dim[], site: number): Node {
  const counters = ["seed", "step"].map((name) => builder.make("input", [], { name, ...scalarType("i32") }));
  const normal = builder.make("random", counters, { site, distribution: "normal", shape });
  return f.mul(normal, f.f32(0.3));
}

/** Mean of logsumexp(z) - z_y. */
export function crossEntropy({ f, y }: Head, z: Node): Node {
  const rows = f.sub(f.logsumexp(z, { axes: [1], keepDims: false }), f.pick(z, y));
  return f.mean(rows, { axes: [0], keepDims: false });
}

/** j == y for each row and class. */
export function ownClass({ f, y, N, C }: Head): Node {
  return f.equal(f.make("iota", [], { size: C }), f.reshape(y, [N, constantDim(1)]));
}

function unitRows(f: Formulas, x: Node): Node {
  return f.make("normalize", [x], { axis: 1 });
}

/** cos of the row's own class as a gathered dot product, [N, 1]. */
function ownCosine(f: Formulas, x: Node, rows: Node): Node {
  return f.sum(f.mul(x, rows), { axes: [1], keepDims: true });
}

const [scale, margin] = [8, 0.5];

/** cos(θ + m) without an angle. */
function shifted(f: Formulas, cos: Node): Node {
  const sine = f.sqrt(f.maximum(f.sub(f.f32(1), f.mul(cos, cos)), f.f32(1e-12)));
  return f.sub(f.mul(cos, f.f32(Math.cos(margin))), f.mul(sine, f.f32(Math.sin(margin))));
}

/** ArcFace: s·cos(θ_y + m) for the own class, s·cos θ_j for the others. */
export function arcFace(head: Head): HeadResult {
  const { f, x, y, D, C, parameter } = head;
  const W = parameter("margin.W", [C, D]);
  const unit = unitRows(f, x);
  const cos = f.matmul(unit, unitRows(f, W), "keep", "flip");
  const own = ownCosine(f, unit, unitRows(f, f.gather(W, y)));
  const z = f.select(ownClass(head), f.mul(f.f32(scale), shifted(f, own)), f.mul(f.f32(scale), cos));
  return { loss: crossEntropy(head, z), scores: cos };
}

/** CosFace as it is written down: s·(cos θ_j - m·[j = y]), the own class looked up among all scores. */
export function cosFace(head: Head): HeadResult {
  const { f, x, D, C, parameter } = head;
  const cos = f.matmul(unitRows(f, x), unitRows(f, parameter("margin.W", [C, D])), "keep", "flip");
  const z = f.mul(f.f32(scale), f.sub(cos, f.mul(f.f32(margin), f.cast(ownClass(head), "f32"))));
  return { loss: crossEntropy(head, z), scores: cos };
}

/** A dense layer of many classes, W[D, C] with a bias, under softmax; with momentum. */
export function denseSoftmax(head: Head): HeadResult {
  const { f, x, D, C, parameter, optimizer } = head;
  const [W, b, v] = [parameter("dense.W", [D, C]), parameter("dense.b", [C]), optimizer("v", [D, C])];
  const z = f.add(f.matmul(x, W, "keep", "keep"), b);
  const loss = crossEntropy(head, z);
  const moved = f.add(f.mul(f.f32(0.9), v), f.make("gradient", [loss, W], {}));
  return { loss, scores: z, next: { v: moved, "dense.W": f.sub(W, f.mul(f.f32(rate), moved)) } };
}

/** A hidden layer of 16 with max(x, 0) below ArcFace. */
export function hiddenArcFace(head: Head): HeadResult {
  const { f, x, D, parameter } = head;
  const H = constantDim(16);
  const [W, b] = [parameter("hidden.W", [D, H]), parameter("hidden.b", [H])];
  const features = f.maximum(f.add(f.matmul(x, W, "keep", "keep"), b), f.f32(0));
  return arcFace({ ...head, x: features, D: H });
}

/** CurricularFace: negatives above the margined target are reweighted by a moving average of cos_y. */
export function curricularFace(head: Head): HeadResult {
  const { f, x, y, D, C, parameter, state } = head;
  const [W, t] = [parameter("margin.W", [C, D]), state("t", [])];
  const unit = unitRows(f, x);
  const cos = f.matmul(unit, unitRows(f, W), "keep", "flip");
  const own = ownCosine(f, unit, unitRows(f, f.gather(W, y)));
  const mean = f.mean(own, { axes: [0, 1], keepDims: false });
  const moved = f.make("detach", [f.add(f.mul(f.f32(0.99), t), f.mul(f.f32(0.01), mean))], {});
  const hard = shifted(f, own);
  const other = f.select(f.less(hard, cos), f.mul(cos, f.add(moved, cos)), cos);
  const z = f.mul(f.f32(scale), f.select(ownClass(head), hard, other));
  return { loss: crossEntropy(head, z), scores: cos, next: { t: moved } };
}

/** Sub-centres: the best of K = 3 vectors a class. */
export function subCentres(head: Head): HeadResult {
  const { f, x, N, D, C, parameter } = head;
  const K = constantDim(3);
  const W = parameter("margin.W", [C, K, D]);
  const flat = f.reshape(W, [multiplyDims(C, K), D]);
  const all = f.matmul(unitRows(f, x), unitRows(f, flat), "keep", "flip");
  const cos = f.max(f.reshape(all, [N, C, K]), { axes: [2], keepDims: false });
  return { loss: crossEntropy(head, f.mul(f.f32(scale), cos)), scores: cos };
}

/** ArcFace with the gradient scaled to a norm of at most 0.1: its norm is one more statistic over all classes. */
export function clippedArcFace(head: Head): HeadResult {
  const { f, D, C } = head;
  const result = arcFace(head);
  const W = f.make("parameter", [], { name: "margin.W", ...tensorType("f32", [C, D]) });
  const gradient = f.make("gradient", [result.loss, W], {});
  const norm = f.sqrt(f.sum(f.mul(gradient, gradient), { axes: [0, 1], keepDims: false }));
  const factor = f.minimum(f.f32(1), f.div(f.f32(0.1), f.add(norm, f.f32(1e-12))));
  return { ...result, next: { "margin.W": f.sub(W, f.mul(f.f32(rate), f.mul(factor, gradient))) } };
}

/** A user's own loss: squared hinge over all classes against the own score, with a weight for each class. */
export function ownLoss(head: Head): HeadResult {
  const { f, x, y, N, D, C, parameter } = head;
  const [W, weights] = [parameter("mine.W", [C, D]), parameter("mine.weights", [C])];
  const z = f.matmul(x, W, "keep", "flip");
  const gap = f.add(f.sub(z, f.reshape(f.pick(z, y), [N, constantDim(1)])), f.f32(1));
  const hinge = f.select(ownClass(head), f.f32(0), f.maximum(gap, f.f32(0)));
  const rows = f.sum(f.mul(f.mul(hinge, hinge), f.exp(weights)), { axes: [1], keepDims: false });
  const worst = f.max(hinge, { axes: [1], keepDims: false });
  const loss = f.mean(f.add(f.mul(f.gather(weights, y), worst), rows), { axes: [0], keepDims: false });
  return { loss, scores: z };
}

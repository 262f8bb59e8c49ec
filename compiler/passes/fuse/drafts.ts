/**
 * Kernels while they grow. Nodes come in the order of the graph; each joins a kernel of one of its inputs if the
 * kernel's kind takes it, the target's limit holds and no kernel ends up waiting for itself, else it starts one. What
 * each kind takes is said here; what the nodes of a kernel are to each other is in products.ts.
 */
import { type Node, isReduction } from "../../ir/node.ts";
import { shapeKey } from "../../ir/type.ts";
import { type KernelGroup, type KernelKind, isBiasEpilogue, isElementwise, kernelKind } from "../fuse.ts";
import { partsOfFold } from "./epilogues.ts";
import { feedsProduct, isSharedFold, mayBe, shapeOfKernel, takesChains } from "./kinds.ts";
import { type Surroundings, holds, isViewOf, readsOf, writesOf } from "./touched.ts";
import { areCheap, isOfTile, isProduct, mayFollow, rereads } from "./products.ts";

interface Draft {
  kind: KernelKind;
  readonly nodes: Node[];
}

function isFoldable({ kind }: Draft): boolean {
  return kind === "elementwise" || kind === "reduction";
}

/** First those with a reduction of which the node could be the epilogue. */
function behindResults(drafts: readonly Draft[], node: Node): readonly Draft[] {
  const behind = drafts.filter(({ nodes }) => partsOfFold([...nodes, node]).epilogue.includes(node));
  return [...behind, ...drafts.filter((draft) => !behind.includes(draft))];
}

/** How often an element of a computed operand may be worked out anew: by how many tiles of 64. */
const mostRereads = 2;

/** Lives for one call of `groupNodes`. */
export class Drafts {
  readonly #of = new Map<Node, Draft>();
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  place(node: Node): void {
    if (isViewOf(this.#around, node)) {
      this.#of.set(node, { kind: "single", nodes: [node] });
      return;
    }
    const candidates = this.#candidates(node);
    const home = behindResults(candidates, node).find((draft) => this.#fits(draft, node));
    const draft = home ?? { kind: this.#kindOf(node), nodes: [] };
    draft.nodes.push(node);
    this.#of.set(node, draft);
    if (draft.kind === "elementwise" && isReduction(node)) draft.kind = "reduction";
    if (this.#takesChains(draft) && isProduct(node)) this.#takeOperands(draft, node);
    else if (isElementwise(node))
      for (const other of candidates)
        if (other !== draft && this.#mayJoin(draft, other)) this.#join(draft, other);
  }

  /** Kernels that go over the same values and do not wait for each other are one: they read them once. */
  mergeSiblings(): void {
    if (this.#around.limits.folds !== "shared") return;
    for (const value of new Set([...this.#of.keys()].flatMap((node) => [...node.inputs, node]))) {
      const shape = shapeKey(value.type.shape);
      const siblings = new Set(this.#around.users(value).flatMap((user) => this.#of.get(user) ?? []));
      const [first, ...others] = [...siblings].filter(
        (draft) => isFoldable(draft) && shapeOfKernel(draft.nodes) === shape,
      );
      if (first !== undefined)
        for (const other of others) if (this.#mayJoin(first, other)) this.#join(first, other);
    }
  }

  groups(): readonly KernelGroup[] {
    this.#moveToReaders();
    this.#mergeIntoProducts();
    return [...new Set(this.#of.values())].map((draft) => ({
      kind: draft.kind,
      nodes: draft.nodes,
      reads: readsOf(draft.nodes),
      writes: writesOf(this.#around, draft.nodes),
    }));
  }

  #kindOf(node: Node): KernelKind {
    if (this.#around.limits.products === "chains" && isProduct(node)) return "contraction";
    return this.#isApart(node) ? "single" : kernelKind(node);
  }

  /** Integers have few operations in vector loops: what is rare is left alone. */
  #isApart(node: Node): boolean {
    const rare = node.type.dtype === "i32" && ["neg", "abs", "sign"].includes(node.op);
    return rare || this.#around.limits.apart.has(node.op);
  }

  /** Kernels that the node could join: those of its inputs, the latest first. */
  #candidates(node: Node): readonly Draft[] {
    const drafts = node.inputs.flatMap((input) => this.#of.get(input) ?? []);
    return [...new Set(drafts)].reverse();
  }

  #fits(draft: Draft, node: Node): boolean {
    return (
      this.#belongs(draft, node) && holds(this.#around, [...draft.nodes, node]) && !this.#loops(draft, node)
    );
  }

  #belongs(draft: Draft, node: Node): boolean {
    const last = draft.nodes.at(-1);
    if (last === undefined) return false;
    if (draft.kind === "elementwise" && isElementwise(node))
      return !this.#isApart(node) && shapeKey(node.type.shape) === shapeKey(last.type.shape);
    // A reduction ends the chain that feeds it, when nobody else needs the chain.
    if (
      draft.kind === "elementwise" &&
      isReduction(node) &&
      this.#arePrivate(draft.nodes, [...draft.nodes, node])
    )
      return true;
    if (isFoldable(draft)) return !this.#isApart(node) && isSharedFold(this.#around, [...draft.nodes, node]);
    if (draft.kind !== "contraction") return false;
    if (this.#takesChains(draft)) return !this.#isApart(node) && mayFollow(draft.nodes, node);
    return this.#isPrivate(last, [node]) && isBiasEpilogue(draft.nodes, node);
  }

  #takesChains({ kind }: Draft): boolean {
    return takesChains(kind, this.#around.limits);
  }

  /** Chains that only make an operand of the product, with the views between, become part of it. */
  #takeOperands(draft: Draft, product: Node): void {
    product.inputs.forEach((operand, index) => {
      if (rereads(product, index) > mostRereads) return;
      const views = this.#privateViews(operand, product);
      const source = views.at(-1)?.inputs[0] ?? operand;
      const chain = this.#of.get(source);
      if (chain?.kind !== "elementwise") return;
      const nodes = [...chain.nodes, ...views];
      const isNew = !nodes.some((node) => draft.nodes.includes(node));
      const own = this.#arePrivate(chain.nodes, [...nodes, product]);
      if (isNew && own && holds(this.#around, [...nodes, ...draft.nodes]))
        this.#join(draft, { ...chain, nodes });
    });
  }

  /** The views from an operand down to what is stored or computed, as long as nothing else reads them. */
  #privateViews(operand: Node, reader: Node): readonly Node[] {
    const views: Node[] = [];
    let [node, next]: [Node | undefined, Node] = [operand, reader];
    while (
      node !== undefined &&
      isViewOf(this.#around, node) &&
      this.#of.has(node) &&
      this.#isPrivate(node, [next])
    ) {
      views.push(node);
      [node, next] = [node.inputs[0], node];
    }
    return views;
  }

  /**
   * A cheap value that only one other kernel reads, and that is made of what is stored anyway, is worked out there: so the
   * mask of a max(x, 0) is not kept for the way back. The last come first, since what makes them may then follow.
   */
  #moveToReaders(): void {
    for (const node of [...this.#of.keys()].reverse()) {
      const [from, to] = [this.#of.get(node), this.#onlyReader(node)];
      if (from === undefined || to === undefined || !this.#mayMove(node, from, to)) continue;
      from.nodes.splice(from.nodes.indexOf(node), 1);
      to.nodes.push(node);
      to.nodes.sort((a, b) => a.id - b.id);
      this.#of.set(node, to);
    }
  }

  /** The kernel that all readers of a value are in. */
  #onlyReader(node: Node): Draft | undefined {
    const [reader, ...others] = new Set(this.#around.users(node).map((user) => this.#of.get(user)));
    return others.length === 0 && !this.#around.seen(node) ? reader : undefined;
  }

  #mayMove(node: Node, from: Draft, to: Draft): boolean {
    const left = from.nodes.filter((each) => each !== node);
    const nodes = [...to.nodes, node];
    if (from === to || left.length === 0 || !isFoldable(from) || !areCheap([node])) return false;
    if (partsOfFold(from.nodes).epilogue.includes(node)) return false;
    const stored = new Set(writesOf(this.#around, left));
    const known = new Set([...to.nodes, ...readsOf(to.nodes)]);
    const shape = shapeKey(node.type.shape);
    const added = node.inputs.filter((input) => !known.has(input) && shapeKey(input.type.shape) === shape);
    return (
      node.inputs.every((input) => !from.nodes.includes(input) || stored.has(input)) &&
      added.length <= 1 &&
      !this.#isApart(node) &&
      shapeOfKernel(to.nodes) === shape &&
      mayBe(to.kind, this.#around, nodes) &&
      holds(this.#around, nodes)
    );
  }

  /** When all nodes are placed it is known what must be written, and a product may have room for a neighbour. */
  #mergeIntoProducts(): void {
    const products = [...new Set(this.#of.values())].filter((draft) => this.#takesChains(draft));
    for (const product of products)
      for (let merged = true; merged;) {
        const neighbours = this.#neighbours(product).map((other) => this.#mergeable(product, other));
        const parts = neighbours.find(({ length }) => length > 0) ?? [];
        for (const part of parts) this.#join(product, part);
        merged = parts.length > 0;
      }
  }

  /** Kernels that read from a kernel, or that it reads from. */
  #neighbours(draft: Draft): readonly Draft[] {
    const readers = draft.nodes.flatMap((node) => this.#around.users(node));
    const touched = [...draft.nodes.flatMap(({ inputs }) => inputs), ...readers];
    const drafts = new Set(touched.flatMap((node) => this.#of.get(node) ?? []));
    return [...drafts].filter((other) => other !== draft);
  }

  /** The neighbour with what only it needs, where all of that may join the product. */
  #mergeable(product: Draft, other: Draft): readonly Draft[] {
    if (!this.#isOfShape(other, product) && !this.#isWorkedOutAnew(other, product.nodes)) return [];
    const parts = [other];
    for (const part of parts)
      for (const feeder of this.#neighbours(part)) {
        const readers = [...product.nodes, ...parts.flatMap(({ nodes }) => nodes)];
        if (feeder !== product && !parts.includes(feeder) && this.#isWorkedOutAnew(feeder, readers))
          parts.push(feeder);
      }
    const merged = [...product.nodes, ...parts.flatMap(({ nodes }) => nodes)];
    const may =
      isOfTile(merged) &&
      holds(this.#around, merged) &&
      parts.every((part) => !feedsProduct(this.#around, part.nodes, product.nodes)) &&
      !this.#areTangled(product, ...parts);
    return may ? parts : [];
  }

  #isOfShape({ kind, nodes }: Draft, product: Draft): boolean {
    const shape = shapeOfKernel(product.nodes);
    return (
      (kind === "elementwise" || kind === "reduction") &&
      partsOfFold(nodes).elements.every((node) => shapeKey(node.type.shape) === shape)
    );
  }

  /** A view, or a cheap vector, that only these nodes read. */
  #isWorkedOutAnew({ kind, nodes }: Draft, readers: readonly Node[]): boolean {
    const isView = nodes.every((node) => isViewOf(this.#around, node));
    const isVector = kind === "elementwise" && areCheap(nodes);
    return (isView || isVector) && this.#arePrivate(nodes, [...nodes, ...readers]);
  }

  /**
   * Two chains that meet in one node are one, if nothing outside stands between them; one may have a product, or both
   * reductions. An epilogue takes what only it needs.
   */
  #mayJoin(a: Draft, b: Draft): boolean {
    const merged = [...b.nodes, ...a.nodes];
    return (
      (this.#areJoinable(a, b) || (isFoldable(a) && isFoldable(b) && isSharedFold(this.#around, merged))) &&
      (shapeOfKernel(a.nodes) === shapeOfKernel(b.nodes) || this.#isOfEpilogue(a, b)) &&
      holds(this.#around, merged) &&
      isOfTile(merged) &&
      !this.#areTangled(a, b)
    );
  }

  /** Whether one is a chain for the epilogue of the other. */
  #isOfEpilogue(a: Draft, b: Draft): boolean {
    const [chain, fold] = a.kind === "elementwise" ? [a, b] : [b, a];
    const merged = [...chain.nodes, ...fold.nodes];
    const epilogue = new Set(partsOfFold(merged).epilogue);
    return chain.nodes.every((node) => epilogue.has(node)) && this.#arePrivate(chain.nodes, merged);
  }

  #areJoinable(a: Draft, b: Draft): boolean {
    const isChain = ({ kind }: Draft): boolean => kind === "elementwise";
    if (isChain(a) && isChain(b)) return true;
    const [chain, product] = isChain(a) ? [a, b] : [b, a];
    return (
      isChain(chain) && this.#takesChains(product) && !feedsProduct(this.#around, chain.nodes, product.nodes)
    );
  }

  #join(into: Draft, other: Draft): void {
    const nodes = [...other.nodes, ...into.nodes].sort((a, b) => a.id - b.id);
    if (other.kind === "contraction" || into.kind === "elementwise") into.kind = other.kind;
    into.nodes.splice(0, into.nodes.length, ...nodes);
    for (const node of other.nodes) this.#of.set(node, into);
  }

  #arePrivate(nodes: readonly Node[], readers: readonly Node[]): boolean {
    return nodes.every((node) => this.#isPrivate(node, readers));
  }

  #isPrivate(node: Node, readers: readonly Node[]): boolean {
    return !this.#around.seen(node) && this.#around.users(node).every((user) => readers.includes(user));
  }

  /** Whether joining would make the kernel wait for itself: an input outside it that depends on it. */
  #loops(draft: Draft, node: Node): boolean {
    return this.#waits(
      node.inputs.filter((input) => this.#of.get(input) !== draft),
      new Set([draft]),
    );
  }

  /** Whether one of the kernels waits for another one by way of a kernel that is none of them. */
  #areTangled(...drafts: readonly Draft[]): boolean {
    const together = new Set(drafts);
    const isOutside = (input: Node): boolean => {
      const from = this.#of.get(input);
      return from === undefined || !together.has(from);
    };
    const inputs = drafts.flatMap(({ nodes }) => nodes.flatMap((node) => node.inputs.filter(isOutside)));
    return this.#waits(inputs, together);
  }

  /** Whether one of the values waits for one of the kernels. */
  #waits(values: readonly Node[], kernels: ReadonlySet<Draft>): boolean {
    const visited = new Set<Draft | Node>();
    const stack = [...values];
    for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
      const other = this.#of.get(value);
      if (other !== undefined && kernels.has(other)) return true;
      if (visited.has(other ?? value)) continue;
      visited.add(other ?? value);
      if (other === undefined) stack.push(...this.#around.waitsFor(value), ...value.inputs);
      else
        for (const member of other.nodes)
          for (const input of member.inputs)
            if (!visited.has(this.#of.get(input) ?? input)) stack.push(input);
    }
    return false;
  }
}

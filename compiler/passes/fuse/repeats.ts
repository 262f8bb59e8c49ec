/**
 * Cheap values that each reader works out for itself. Where all that a value is made of lies in memory anyway, storing it
 * too costs a write and the memory until its last reader, and saves next to nothing: the distance from the mean of a
 * batch normalisation is such a value, and so is what it is scaled to.
 *
 *   before   k0 [sub mul sum] writes %sub   k1 [mul2 maximum] reads %sub, writes %mul2   k2 [… %mul2 …]
 *   after    k0 [sub mul sum]               k1 [sub mul2 maximum]                        k2 [sub mul2 …]
 *
 * It is the one way in which a node belongs to several kernels; none of them writes it.
 */
import { knownSize } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { shapeKey } from "../../ir/type.ts";
import { type KernelGroup, type KernelKind, isElementwise, isLeaf } from "../fuse.ts";
import { feedsProduct, mayBe, shapeOfKernel } from "./kinds.ts";
import { areCheap } from "./products.ts";
import { readsShards } from "./shards.ts";
import { type Surroundings, holds, readsOf, storedUnder, writesOf } from "./touched.ts";

interface Kernel {
  readonly kind: KernelKind;
  nodes: readonly Node[];
}

/** Fewer numbers a row are not worth the formula. */
const leastWidth = 64;

export function repeatCheapValues(
  groups: readonly KernelGroup[],
  around: Surroundings,
): readonly KernelGroup[] {
  const kernels = new Kernels(groups, around);
  for (const node of [...groups.flatMap(({ nodes }) => nodes)].sort((a, b) => a.id - b.id))
    kernels.repeat(node);
  return kernels.groups();
}

/** Lives for one call of `repeatCheapValues`. */
class Kernels {
  readonly #around: Surroundings;
  readonly #kernels: readonly Kernel[];
  readonly #homes = new Map<Node, Set<Kernel>>();
  /** What is in several kernels, or in another one than at first. */
  readonly #anew = new Set<Node>();

  constructor(groups: readonly KernelGroup[], around: Surroundings) {
    this.#around = around;
    this.#kernels = groups.map(({ kind, nodes }) => ({ kind, nodes }));
    for (const kernel of this.#kernels) for (const node of kernel.nodes) this.#homesOf(node).add(kernel);
  }

  groups(): readonly KernelGroup[] {
    return this.#kernels
      .filter(({ nodes }) => nodes.length > 0)
      .map(({ kind, nodes }) => ({
        kind,
        nodes,
        reads: readsOf(nodes),
        writes: writesOf(this.#around, nodes, this.#anew),
      }));
  }

  repeat(node: Node): void {
    const [home] = this.#homesOf(node);
    if (home === undefined || !isWide(node) || this.#around.seen(node)) return;
    const readers = this.#readersOf(node, home);
    const parts = this.#withRepeatedInputs(node);
    if (readers === undefined || readers.size === 0 || !this.#areStoredAnyway(readsOf(parts), node, home))
      return;
    const isCheap = parts.every(isElementwise) && areCheap(parts);
    if (!isCheap || ![...readers].every((reader) => this.#takes(reader, parts, node))) return;
    this.#anew.add(node);
    for (const reader of readers) this.#put(reader, parts);
    if (!this.#around.users(node).some((user) => home.nodes.includes(user))) this.#drop(home, parts);
  }

  #homesOf(node: Node): Set<Kernel> {
    const known = this.#homes.get(node) ?? new Set();
    this.#homes.set(node, known);
    return known;
  }

  /** Undefined where something reads the value that is no kernel here. */
  #readersOf(node: Node, home: Kernel): ReadonlySet<Kernel> | undefined {
    const homes = this.#around.users(node).map((user) => [...this.#homesOf(user)]);
    if (homes.some(({ length }) => length === 0)) return undefined;
    return new Set(homes.flat().filter((kernel) => kernel !== home));
  }

  /** The value, and those it is made of that are not stored either. */
  #withRepeatedInputs(node: Node): readonly Node[] {
    const inputs = node.inputs.filter((input) => this.#anew.has(input));
    return [...new Set([...inputs.flatMap((input) => this.#withRepeatedInputs(input)), node])];
  }

  /** One value of the shape at most is read in place of the one that is no longer stored, and no variable. */
  #areStoredAnyway(inputs: readonly Node[], node: Node, home: Kernel): boolean {
    const stored = inputs.flatMap((input) => storedUnder(this.#around, input));
    const written = new Set(writesOf(this.#around, home.nodes, this.#anew));
    const ofShape = stored.filter((each) => shapeKey(each.type.shape) === shapeKey(node.type.shape));
    return (
      ofShape.length <= 1 &&
      !readsShards(stored, [node]) &&
      stored.every((each) => isLeaf(each) || !home.nodes.includes(each) || written.has(each))
    );
  }

  #takes({ kind, nodes }: Kernel, parts: readonly Node[], node: Node): boolean {
    const merged = [...new Set([...nodes, ...parts])];
    return (
      (kind === "reduction" || shapeOfKernel(nodes) === shapeKey(node.type.shape)) &&
      !feedsProduct(this.#around, [node], nodes) &&
      mayBe(kind, this.#around, merged) &&
      holds(this.#around, merged, new Set([...this.#anew, node]))
    );
  }

  #put(kernel: Kernel, parts: readonly Node[]): void {
    kernel.nodes = [...new Set([...kernel.nodes, ...parts])].sort((a, b) => a.id - b.id);
    for (const part of parts) this.#homesOf(part).add(kernel);
  }

  /** Takes values out of a kernel that nothing in it reads, the last first. */
  #drop(kernel: Kernel, parts: readonly Node[]): void {
    for (const part of [...parts].reverse()) {
      if (this.#around.users(part).some((user) => kernel.nodes.includes(user))) continue;
      kernel.nodes = kernel.nodes.filter((node) => node !== part);
      this.#homesOf(part).delete(kernel);
    }
  }
}

function isWide({ type }: Node): boolean {
  return type.shape.reduce((width, dim) => width * (knownSize(dim) ?? 1), 1) >= leastWidth;
}

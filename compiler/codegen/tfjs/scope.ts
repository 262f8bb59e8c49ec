/**
 * Names in emitted code: each value of the graph and each free size gets one readable JavaScript identifier,
 * the same on every run (`matmul`, `matmul2`, `W`).
 */
import type { Dim } from "../../ir/dim.ts";
import { type Node, isOp, isVariable } from "../../ir/node.ts";
import { dimText } from "./dims.ts";
import type { EmissionContext } from "./ops.ts";

export interface Scope extends EmissionContext {
  /** The variable of a value; a new one at the first call. */
  readonly name: (node: Node) => string;
  /** A new variable whose name begins with `hint`. */
  readonly fresh: (hint: string) => string;
  /** Lets `name` be another expression from now on. */
  readonly bind: (node: Node, text: string) => void;
  /** Lets a free size be another expression. */
  readonly bindSize: (name: string, text: string) => void;
  /** The module's constant that holds this data. */
  readonly shared: (data: string) => string;
  /** Free sizes that were asked for and not bound, with their variables. */
  readonly sizes: () => readonly (readonly [string, string])[];
}

/** Data that the functions of a module share: one constant each. */
export interface SharedData {
  readonly nameOf: (data: string) => string;
  readonly lines: () => readonly string[];
}

export function createSharedData(): SharedData {
  const names = new Map<string, string>();
  return {
    nameOf: (data) => {
      const name = names.get(data) ?? `chain${names.size + 1}`;
      names.set(data, name);
      return name;
    },
    lines: () => [...names].map(([data, name]) => `const ${name} = ${data};`),
  };
}

export function createScope(data: SharedData): Scope {
  const used = new Set(reserved);
  const names = new Map<Node, string>();
  const bound = new Map<string, string>();
  const free = new Map<string, string>();
  const fresh = (hint: string): string => {
    const base = identifier(hint);
    let name = base;
    for (let count = 2; used.has(name); count++) name = `${base}${count}`;
    used.add(name);
    return name;
  };
  const sizeName = (name: string): string => {
    const known = bound.get(name) ?? free.get(name);
    if (known !== undefined) return known;
    const made = fresh(name);
    free.set(name, made);
    return made;
  };
  return {
    fresh,
    name: (node) => {
      const known = names.get(node);
      if (known !== undefined) return known;
      const made = fresh(hintOf(node));
      names.set(node, made);
      return made;
    },
    shared: data.nameOf,
    bind: (node, text) => names.set(node, text),
    bindSize: (name, text) => bound.set(name, text),
    sizes: () => [...free],
    dim: (dim: Dim) => dimText(dim, sizeName),
  };
}

function hintOf(node: Node): string {
  if (isOp(node, "input") || isVariable(node)) return node.attrs.name;
  // camelCase: scatter_add is scatterAdd.
  return node.op.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function identifier(text: string): string {
  const plain = text.replace(/[^\p{L}\p{N}_$]+/gu, "_").replace(/^_+|_+$/g, "");
  const name = /^[\p{L}_$]/u.test(plain) ? plain : `v${plain}`;
  return /^chain\d*$/.test(name) ? `${name}_` : name;
}

const reserved: readonly string[] = [
  ..."tf k inputs variables dims info functions Math undefined NaN Infinity arguments eval".split(" "),
  ..."break case catch class const continue debugger default delete do else enum export extends false".split(
    " ",
  ),
  ..."finally for function if import in instanceof new null return super switch this throw true try".split(
    " ",
  ),
  ..."typeof var void while with yield let static await async implements interface package private".split(
    " ",
  ),
  ..."protected public of".split(" "),
];

/**
 * Dimensions: integer expressions over names, kept in one canonical form so that equal sizes are
 * equal keys. A dimension is a polynomial whose atoms are names (the batch `N`) and the two divisions
 * that a polynomial cannot hold (`H // 2`, `H % 2`). A dimension may carry a label, the name that the
 * source gave it (`C` for a known 10); labels are for people and for `over: C`, and never part of
 * equality.
 */

export type Atom =
  | { readonly kind: "name"; readonly name: string; readonly key: string }
  | {
      readonly kind: "quotient" | "remainder";
      readonly left: Dim;
      readonly right: Dim;
      readonly key: string;
    };

export interface Term {
  readonly coefficient: number;
  /** Sorted by key; a power is a repeated atom. */
  readonly atoms: readonly Atom[];
}

export interface Dim {
  /** Canonical text, also the printed form. */
  readonly key: string;
  readonly terms: readonly Term[];
  readonly label?: string;
}

/** Sizes of the free names, known at run time. */
export type Bindings = Readonly<Record<string, number>>;

export function constantDim(value: number): Dim {
  return value === 0
    ? { key: "0", terms: [] }
    : { key: String(value), terms: [{ coefficient: value, atoms: [] }] };
}

export function namedDim(name: string): Dim {
  return fromTerms([{ coefficient: 1, atoms: [{ kind: "name", name, key: name }] }]);
}

export function labelled(dim: Dim, label: string): Dim {
  return { key: dim.key, terms: dim.terms, label };
}

export function unlabelled(dim: Dim): Dim {
  return dim.label === undefined ? dim : { key: dim.key, terms: dim.terms };
}

export function sameDim(a: Dim, b: Dim): boolean {
  return a.key === b.key;
}

/** Whether it is known to be so many wholes of `factor`. */
export function isMultipleOf(dim: Dim, factor: number): boolean {
  const size = knownSize(dim);
  return size !== undefined && size % factor === 0;
}

/** The number, when no name is left. */
export function knownSize(dim: Dim): number | undefined {
  if (dim.terms.length === 0) return 0;
  const [only, ...rest] = dim.terms;
  return rest.length === 0 && only !== undefined && only.atoms.length === 0 ? only.coefficient : undefined;
}

export function isSize(dim: Dim, size: number): boolean {
  return knownSize(dim) === size;
}

export function addDims(a: Dim, b: Dim): Dim {
  if (a.terms.length === 0) return unlabelled(b);
  if (b.terms.length === 0) return unlabelled(a);
  return fromTerms([...a.terms, ...b.terms]);
}

export function subtractDims(a: Dim, b: Dim): Dim {
  return addDims(a, multiplyDims(b, constantDim(-1)));
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  const [left, right] = [knownSize(a), knownSize(b)];
  if (left === 1) return unlabelled(b);
  if (right === 1) return unlabelled(a);
  if (left !== undefined && right !== undefined) return constantDim(left * right);
  return fromTerms(
    a.terms.flatMap((left) =>
      b.terms.map((right) => ({
        coefficient: left.coefficient * right.coefficient,
        atoms: [...left.atoms, ...right.atoms],
      })),
    ),
  );
}

/** Floor division; exact divisions of every term by a number or a product of names stay polynomials. */
export function quotientDims(a: Dim, b: Dim): Dim {
  const left = knownSize(a);
  const right = knownSize(b);
  if (right === 1) return unlabelled(a);
  if (left !== undefined && right !== undefined && right !== 0) return constantDim(Math.floor(left / right));
  if (sameDim(a, b)) return constantDim(1);
  const [divisor, ...more] = b.terms;
  const terms = more.length > 0 ? [undefined] : a.terms.map((term) => termQuotient(term, divisor));
  return terms.every((term) => term !== undefined) ? fromTerms(terms) : divided("quotient", "//", a, b);
}

/** Undefined where the division leaves something over. */
function termQuotient(term: Term, by: Term | undefined): Term | undefined {
  if (by === undefined || term.coefficient % by.coefficient !== 0) return undefined;
  const atoms = [...term.atoms];
  for (const { key } of by.atoms) {
    const at = atoms.findIndex((atom) => atom.key === key);
    if (at < 0) return undefined;
    atoms.splice(at, 1);
  }
  return { coefficient: term.coefficient / by.coefficient, atoms };
}

export function remainderDims(a: Dim, b: Dim): Dim {
  const left = knownSize(a);
  const right = knownSize(b);
  if (right === 1 || sameDim(a, b)) return constantDim(0);
  if (left !== undefined && right !== undefined && right !== 0)
    return constantDim(left - right * Math.floor(left / right));
  return divided("remainder", "%", a, b);
}

function divided(kind: "quotient" | "remainder", sign: string, a: Dim, b: Dim): Dim {
  const key = `(${a.key} ${sign} ${b.key})`;
  return fromTerms([{ coefficient: 1, atoms: [{ kind, left: unlabelled(a), right: unlabelled(b), key }] }]);
}

export function productOfDims(dims: readonly Dim[]): Dim {
  return dims.reduce(multiplyDims, constantDim(1));
}

/** Replaces names by dimensions; names without a replacement stay. */
export function substituteDim(dim: Dim, replacement: (name: string) => Dim | undefined): Dim {
  let total = constantDim(0);
  for (const term of dim.terms) {
    let product = constantDim(term.coefficient);
    for (const atom of term.atoms) product = multiplyDims(product, substituteAtom(atom, replacement));
    total = addDims(total, product);
  }
  return dim.label === undefined ? total : labelled(total, dim.label);
}

function substituteAtom(atom: Atom, replacement: (name: string) => Dim | undefined): Dim {
  if (atom.kind === "name") return replacement(atom.name) ?? namedDim(atom.name);
  const left = substituteDim(atom.left, replacement);
  const right = substituteDim(atom.right, replacement);
  return atom.kind === "quotient" ? quotientDims(left, right) : remainderDims(left, right);
}

/** The names a dimension depends on. */
export function namesOfDim(dim: Dim): ReadonlySet<string> {
  const names = new Set<string>();
  for (const term of dim.terms)
    for (const atom of term.atoms) {
      if (atom.kind === "name") names.add(atom.name);
      else for (const side of [atom.left, atom.right]) for (const name of namesOfDim(side)) names.add(name);
    }
  return names;
}

/** The size under bindings. Throws on an unbound name: callers bind every free name before they run. */
export function sizeOfDim(dim: Dim, bindings: Bindings): number {
  const bound = substituteDim(dim, (name) => {
    const size = bindings[name];
    return size === undefined ? undefined : constantDim(size);
  });
  const size = knownSize(bound);
  if (size === undefined)
    throw new Error(`the size of ${dim.key} needs a value for ${[...namesOfDim(bound)].join(", ")}`);
  return size;
}

function fromTerms(terms: readonly Term[]): Dim {
  const [only] = terms;
  if (only !== undefined && terms.length === 1 && only.coefficient !== 0 && only.atoms.length <= 1) {
    const term: readonly [string, Term] = [only.atoms[0]?.key ?? "", only];
    return { key: printTerms([term]), terms };
  }
  const sums = new Map<string, Term>();
  for (const term of terms) {
    const atoms = [...term.atoms].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    const key = atoms.map((atom) => atom.key).join("*");
    const coefficient = (sums.get(key)?.coefficient ?? 0) + term.coefficient;
    sums.set(key, { coefficient, atoms });
  }
  const kept = [...sums]
    .filter(([, term]) => term.coefficient !== 0)
    .sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1));
  return { key: printTerms(kept), terms: kept.map(([, term]) => term) };
}

function printTerms(terms: readonly (readonly [string, Term])[]): string {
  if (terms.length === 0) return "0";
  return terms
    .map(([key, { coefficient }], index) => {
      const sign = coefficient < 0 ? (index === 0 ? "-" : " - ") : index === 0 ? "" : " + ";
      const size = Math.abs(coefficient);
      return sign + (key === "" ? String(size) : size === 1 ? key : `${size}*${key}`);
    })
    .join("");
}

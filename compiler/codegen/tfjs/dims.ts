/**
 * Dimensions as JavaScript: a number, or an expression over variables that hold the free sizes. Every
 * name of a dimension is given its JavaScript name by the caller.
 */
import { type Atom, type Dim, type Term, knownSize } from "../../ir/dim.ts";

/** `4*N + 1` as JavaScript. The result is safe inside a product or a call. */
export function dimText(dim: Dim, nameOf: (name: string) => string): string {
  const size = knownSize(dim);
  if (size !== undefined) return String(size);
  const text = dim.terms.map((term, index) => signedTerm(term, index, nameOf)).join("");
  const single = dim.terms.length === 1 && dim.terms[0]?.coefficient === 1 && dim.terms[0].atoms.length === 1;
  return single ? text : `(${text})`;
}

export function shapeText(shape: readonly Dim[], nameOf: (name: string) => string): string {
  return `[${shape.map((dim) => dimText(dim, nameOf)).join(", ")}]`;
}

function signedTerm({ coefficient, atoms }: Term, index: number, nameOf: (name: string) => string): string {
  const sign = coefficient < 0 ? (index === 0 ? "-" : " - ") : index === 0 ? "" : " + ";
  const size = Math.abs(coefficient);
  const factors = atoms.map((atom) => atomText(atom, nameOf));
  if (size !== 1 || factors.length === 0) factors.unshift(String(size));
  return sign + factors.join(" * ");
}

function atomText(atom: Atom, nameOf: (name: string) => string): string {
  if (atom.kind === "name") return nameOf(atom.name);
  const [left, right] = [dimText(atom.left, nameOf), dimText(atom.right, nameOf)];
  // The remainder takes the divisor's sign, as in the language.
  return atom.kind === "quotient"
    ? `Math.floor(${left} / ${right})`
    : `(${left} - ${right} * Math.floor(${left} / ${right}))`;
}

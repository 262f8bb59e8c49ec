/** Dimensions as WGSL: u32 expressions over constants, `override` names, and the size of the chunk at hand. */
import { type Atom, type Dim, type Term, knownSize } from "../../ir/dim.ts";

/** `4*N + 1` as u32 text, safe inside a product. */
export function sizeText(dim: Dim, nameOf: (name: string) => string): string {
  const size = knownSize(dim);
  if (size !== undefined) return `${size}u`;
  const text = dim.terms.map((term, index) => signedTerm(term, index, nameOf)).join("");
  const single = dim.terms.length === 1 && dim.terms[0]?.coefficient === 1 && dim.terms[0].atoms.length === 1;
  return single ? text : `(${text})`;
}

/** Positive terms first, since u32 has no negative numbers on the way. */
function signedTerm(term: Term, index: number, nameOf: (name: string) => string): string {
  const size = Math.abs(term.coefficient);
  const factors = term.atoms.map((atom) => atomText(atom, nameOf));
  if (size !== 1 || factors.length === 0) factors.unshift(`${size}u`);
  const product = factors.join(" * ");
  if (term.coefficient < 0) return index === 0 ? `0u - ${product}` : ` - ${product}`;
  return index === 0 ? product : ` + ${product}`;
}

function atomText(atom: Atom, nameOf: (name: string) => string): string {
  if (atom.kind === "name") return nameOf(atom.name);
  const [left, right] = [sizeText(atom.left, nameOf), sizeText(atom.right, nameOf)];
  return `(${left} ${atom.kind === "quotient" ? "/" : "%"} ${divisor(right)})`;
}

/** u32 arithmetic that leaves out zeros and ones. */
export function plus(a: string, b: string): string {
  return a === "0u" ? b : b === "0u" ? a : `${a} + ${b}`;
}

export function times(a: string, b: string): string {
  if (a === "0u" || b === "0u") return "0u";
  return a === "1u" ? b : b === "1u" ? a : `${grouped(a)} * ${grouped(b)}`;
}

export function over(a: string, b: string): string {
  return a === "0u" || b === "1u" ? a : `${grouped(a)} / ${divisor(b)}`;
}

export function modulo(a: string, b: string): string {
  return a === "0u" || b === "1u" ? "0u" : `${grouped(a)} % ${divisor(b)}`;
}

/** No pipeline may divide by an override that is zero, not even where there are no rows to divide. */
function divisor(text: string): string {
  return text.includes("size_") ? `max(${text}, 1u)` : grouped(text);
}

function grouped(text: string): string {
  return /^[\w.]+$/.test(text) || /^\([^()]*\)$/.test(text) ? text : `(${text})`;
}

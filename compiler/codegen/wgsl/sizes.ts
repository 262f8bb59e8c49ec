/**
 * Dimensions as WGSL, over constants, `override` names, and the size of the chunk at hand: u32 expressions where they are
 * sizes of something, f32 ones where a formula asks for them as numbers.
 */
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

/** The same as an f32 number, which may be below 0 or beyond what u32 holds: `f32(N) - 5.0`. */
export function numberText(dim: Dim, nameOf: (name: string) => string): string {
  const terms = dim.terms.map(({ coefficient, atoms }) => {
    const factors = atoms.map((atom) => numberOfAtom(atom, nameOf));
    return (coefficient === 1 && factors.length > 0 ? factors : [decimal(coefficient), ...factors]).join(
      " * ",
    );
  });
  const text = terms.length === 0 ? "0.0" : terms.join(" + ");
  return /^[\w.]+(\(\w+\))?$/.test(text) ? text : `(${text})`;
}

function numberOfAtom(atom: Atom, nameOf: (name: string) => string): string {
  return `f32(${atom.kind === "name" ? nameOf(atom.name) : integerOfAtom(atom, nameOf)})`;
}

/** As i32: a size that goes into a division may be below 0, and what it is divided by too. */
function integerText(dim: Dim, nameOf: (name: string) => string): string {
  const terms = dim.terms.map(({ coefficient, atoms }) =>
    [`${coefficient}i`, ...atoms.map((atom) => integerOfAtom(atom, nameOf))].join(" * "),
  );
  return terms.length === 0 ? "0i" : `(${terms.join(" + ")})`;
}

/** Division rounds down, and the remainder has the sign of the divisor, as in the language. */
function integerOfAtom(atom: Atom, nameOf: (name: string) => string): string {
  if (atom.kind === "name") return `i32(${nameOf(atom.name)})`;
  const left = integerText(atom.left, nameOf);
  const by = divisorOf(atom.right, nameOf);
  const remainder = `((${left} % ${by} + ${by}) % ${by})`;
  return atom.kind === "remainder" ? remainder : `((${left} - ${remainder}) / ${by})`;
}

function divisorOf(dim: Dim, nameOf: (name: string) => string): string {
  const size = knownSize(dim);
  if (size !== undefined) return `${size}i`;
  const text = integerText(dim, nameOf);
  return `select(${text}, 1i, ${text} == 0i)`;
}

function decimal(whole: number): string {
  return `${whole}.0`;
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

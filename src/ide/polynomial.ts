/**
 * Formulas in one canonical form: sums of products of powers, `8·c⁴ − 8·c² + 1`. What is no product or sum (a root, an
 * exponential) is an atom of its own, named by its text. Small and exact enough to read; nothing is computed with it.
 */

export interface Term {
  readonly coefficient: number;
  /** Powers by atom; negative ones stand below a fraction bar. */
  readonly powers: ReadonlyMap<string, number>;
}

export type Polynomial = readonly Term[];

export const zero: Polynomial = [];

export function constant(value: number): Polynomial {
  return value === 0 ? zero : [{ coefficient: value, powers: new Map() }];
}

export function atom(name: string): Polynomial {
  return [{ coefficient: 1, powers: new Map([[name, 1]]) }];
}

export function plus(a: Polynomial, b: Polynomial): Polynomial {
  const sums = new Map<string, Term>();
  for (const term of [...a, ...b]) {
    const key = keyOf(term);
    const coefficient = (sums.get(key)?.coefficient ?? 0) + term.coefficient;
    sums.set(key, { ...term, coefficient });
  }
  const largest = Math.max(0, ...[...a, ...b].map(({ coefficient }) => Math.abs(coefficient)));
  // What is left of two numbers that cancel is rounding.
  return [...sums.values()].filter(({ coefficient }) => Math.abs(coefficient) > 1e-12 * largest);
}

export function times(a: Polynomial, b: Polynomial): Polynomial {
  return a.map((left) => b.map((right) => product(left, right))).reduce<Polynomial>(plus, zero);
}

export function negative(a: Polynomial): Polynomial {
  return a.map((term) => ({ ...term, coefficient: -term.coefficient }));
}

/** One over it: exact for a single term, an atom otherwise. */
export function inverse(a: Polynomial): Polynomial {
  const [only] = a;
  if (a.length !== 1 || only === undefined)
    return [{ coefficient: 1, powers: new Map([[`(${print(a)})`, -1]]) }];
  const powers = new Map([...only.powers].map(([name, power]) => [name, -power]));
  return [{ coefficient: 1 / only.coefficient, powers }];
}

/** A number, if it is one. */
export function numberOf(a: Polynomial): number | undefined {
  if (a.length === 0) return 0;
  const [only] = a;
  return a.length === 1 && only?.powers.size === 0 ? only.coefficient : undefined;
}

/** The coefficients by power, if `name` is its only atom and no power is negative. */
export function coefficientsIn(a: Polynomial, name: string): readonly number[] | undefined {
  const found: number[] = [];
  for (const { coefficient, powers } of a) {
    const power = powers.get(name) ?? 0;
    if (powers.size > (powers.has(name) ? 1 : 0) || power < 0) return undefined;
    found[power] = coefficient;
  }
  return Array.from(found, (coefficient) => coefficient ?? 0);
}

function product(a: Term, b: Term): Term {
  const powers = new Map(a.powers);
  for (const [name, power] of b.powers) {
    const sum = (powers.get(name) ?? 0) + power;
    if (sum === 0) powers.delete(name);
    else powers.set(name, sum);
  }
  return { coefficient: a.coefficient * b.coefficient, powers };
}

function keyOf({ powers }: Term): string {
  return [...powers]
    .map(([name, power]) => `${name}^${power}`)
    .sort()
    .join("·");
}

// ---------------------------------------------------------------- text

export function print(a: Polynomial): string {
  if (a.length === 0) return "0";
  return inReadingOrder(a)
    .map((term, index) => {
      const sign = term.coefficient < 0 ? (index === 0 ? "−" : " − ") : index === 0 ? "" : " + ";
      return sign + printTerm(term);
    })
    .join("");
}

/** The highest power first; a number first where that would begin with a minus: `1 − c²`. */
function inReadingOrder(a: Polynomial): Polynomial {
  const sorted = a.toSorted((x, y) => degree(y) - degree(x));
  const first = sorted.findIndex(({ coefficient }) => coefficient > 0);
  const [leading] = first > 0 ? sorted.splice(first, 1) : [];
  return leading === undefined ? sorted : [leading, ...sorted];
}

function degree({ powers }: Term): number {
  return [...powers.values()].reduce((sum, power) => sum + power, 0);
}

function printTerm({ coefficient, powers }: Term): string {
  const above = [...powers].filter(([, power]) => power > 0).map(printPower);
  const below = [...powers]
    .filter(([, power]) => power < 0)
    .map(([name, power]) => printPower([name, -power]));
  const size = printNumber(Math.abs(coefficient));
  const front = size === "1" && above.length > 0 ? [] : [size];
  const top = [...front, ...above].join("·");
  if (below.length === 0) return top;
  return `${top}/${below.length === 1 ? (below[0] ?? "") : `(${below.join("·")})`}`;
}

function printPower([name, power]: readonly [string, number]): string {
  return power === 1 ? name : `${name}${superscript(power)}`;
}

function superscript(power: number): string {
  return Number.isInteger(power)
    ? String(power).replace(/\d|-/g, (sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻".charAt("0123456789-".indexOf(sign)))
    : `^${power}`;
}

/** Four digits are for reading. */
export function printNumber(value: number): string {
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

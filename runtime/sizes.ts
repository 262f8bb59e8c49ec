/**
 * Sizes in an artifact are numbers or canonical text such as `N`, `2*N + 1` or `(H + 1 // 2)*K`. This reads
 * that text with the free names bound, so that the runtime needs no compiler to check a shape.
 */
export type Sizes = Readonly<Record<string, number>>;

/** Undefined where a name has no value yet. Throws on text that is no size. */
export function sizeOf(size: number | string, names: Sizes): number | undefined {
  if (typeof size === "number") return size;
  const reader = { tokens: size.match(/\/\/|[-+*%()]|[^\s\-+*/%()]+/g) ?? [], at: 0 };
  const value = readSum(reader, names);
  if (reader.at !== reader.tokens.length) throw new Error(`"${size}" is not a size`);
  return value;
}

/** The name, when the text is nothing but one: what a given size can bind. */
export function nameOfSize(size: number | string): string | undefined {
  return typeof size === "string" && /^[^\s\-+*/%()\d][^\s\-+*/%()]*$/.test(size) ? size : undefined;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
}

type Partial = number | undefined;

function readSum(reader: Reader, names: Sizes): Partial {
  let total = readProduct(reader, names);
  for (let sign = reader.tokens[reader.at]; sign === "+" || sign === "-"; sign = reader.tokens[reader.at]) {
    reader.at++;
    const term = readProduct(reader, names);
    total = combine(total, term, (a, b) => (sign === "+" ? a + b : a - b));
  }
  return total;
}

/** Inside its parentheses a division is the loosest: `(N + 1 // 2)` divides the sum. */
function readGroup(reader: Reader, names: Sizes): Partial {
  const left = readSum(reader, names);
  const sign = reader.tokens[reader.at];
  if (sign !== "//" && sign !== "%") return left;
  reader.at++;
  const right = readSum(reader, names);
  return combine(left, right, (a, b) => (sign === "//" ? Math.floor(a / b) : a - b * Math.floor(a / b)));
}

function readProduct(reader: Reader, names: Sizes): Partial {
  let product = readAtom(reader, names);
  while (reader.tokens[reader.at] === "*") {
    reader.at++;
    product = combine(product, readAtom(reader, names), (a, b) => a * b);
  }
  return product;
}

function readAtom(reader: Reader, names: Sizes): Partial {
  const token = reader.tokens[reader.at++];
  if (token === "-") return combine(0, readProduct(reader, names), (a, b) => a - b);
  if (token === "(") {
    const inner = readGroup(reader, names);
    if (reader.tokens[reader.at++] !== ")") throw new Error("a size lacks a closing parenthesis");
    return inner;
  }
  if (token === undefined) throw new Error("a size ends too early");
  return /^\d+$/.test(token) ? Number(token) : names[token];
}

function combine(a: Partial, b: Partial, f: (a: number, b: number) => number): Partial {
  return a === undefined || b === undefined ? undefined : f(a, b);
}

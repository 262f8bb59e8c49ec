/**
 * A reader of one line of the IR's text form: words, numbers, strings, node references and dimensions. It
 * has a place in the line, hence a class.
 */
import {
  type Dim,
  addDims,
  constantDim,
  multiplyDims,
  namedDim,
  quotientDims,
  remainderDims,
  subtractDims,
} from "./dim.ts";

export class TextReader {
  readonly #line: string;
  readonly #number: number;
  #at = 0;

  constructor(line: string, number: number) {
    this.#line = line;
    this.#number = number;
  }

  /** Takes `text` if it comes next. */
  accept(text: string): boolean {
    this.#skip();
    if (!this.#line.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw this.mistake(`expected ${text}`);
  }

  word(): string {
    return this.#match(/[A-Za-z_][A-Za-z_0-9]*/y, "a word");
  }

  reference(): string {
    return this.#match(/%\d+/y, "a node");
  }

  string(): string {
    return String(JSON.parse(this.#match(/"(?:[^"\\]|\\.)*"/y, "a string")));
  }

  number(): number {
    const text = this.#match(/-?(?:Infinity|NaN|\d+(?:\.\d+)?(?:e[+-]?\d+)?)/y, "a number");
    return Number(text);
  }

  /** A polynomial of names, with `(a // b)` and `(a % b)` as atoms. */
  dim(): Dim {
    let sum = this.accept("-") ? subtractDims(constantDim(0), this.#product()) : this.#product();
    for (;;) {
      if (this.accept("+")) sum = addDims(sum, this.#product());
      else if (this.accept("-")) sum = subtractDims(sum, this.#product());
      else return sum;
    }
  }

  list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    if (this.accept(close)) return items;
    do items.push(item());
    while (this.accept(","));
    this.expect(close);
    return items;
  }

  bracketed<T>(item: () => T): T[] {
    this.expect("[");
    return this.list("]", item);
  }

  /** Everything up to the end of the line. */
  rest(): string {
    this.#skip();
    const text = this.#line.slice(this.#at).trimEnd();
    this.#at = this.#line.length;
    return text;
  }

  end(): void {
    if (this.rest() !== "") throw this.mistake("expected the end of the line");
  }

  mistake(message: string): Error {
    return new Error(`line ${this.#number}: ${message} in ${this.#line.trim()}`);
  }

  #product(): Dim {
    let product = this.#atom();
    while (this.accept("*")) product = multiplyDims(product, this.#atom());
    return product;
  }

  #atom(): Dim {
    if (!this.accept("(")) {
      const text = this.#match(/\d+|[^\s\d+*/%()[\]{},:="-][^\s+*/%()[\]{},:="-]*/y, "a dimension");
      return /^\d/.test(text) ? constantDim(Number(text)) : namedDim(text);
    }
    const left = this.dim();
    const divide = this.accept("//") ? quotientDims : remainderDims;
    if (divide === remainderDims) this.expect("%");
    const right = this.dim();
    this.expect(")");
    return divide(left, right);
  }

  #match(pattern: RegExp, what: string): string {
    this.#skip();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#line)?.[0];
    if (found === undefined) throw this.mistake(`expected ${what}`);
    this.#at += found.length;
    return found;
  }

  #skip(): void {
    while (this.#line[this.#at] === " ") this.#at++;
  }
}

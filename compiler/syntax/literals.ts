/** What numbers and strings stand for. */
import type { IToken } from "chevrotain";
import type { NumberExpression, StringExpression } from "./ast.ts";
import type { Build } from "./build.ts";
import { spanOfToken } from "./cst.ts";
import { UnclosedString } from "../../grammar/tokens.ts";
import { numberTooLarge, unknownEscape } from "../errors/syntax.ts";

export function numberExpression(build: Build, token: IToken): NumberExpression {
  const span = spanOfToken(build.file, token);
  const text = token.image.replaceAll("_", "");
  const value = Number(text);
  const isInteger = /^\d+$/.test(text);
  const isTooLarge = !Number.isFinite(value) || (isInteger && !Number.isSafeInteger(value));
  if (isTooLarge) build.slips.push(numberTooLarge.report({ span, text: token.image, isInteger }));
  return { kind: "number", value: Number.isFinite(value) ? value : 0, isInteger, span };
}

export function stringExpression(build: Build, token: IToken): StringExpression {
  return { kind: "string", value: stringValue(build, token), span: spanOfToken(build.file, token) };
}

/** The text between the quotes with escapes replaced. Quotes may be missing or of the wrong kind. */
export function stringValue(build: Build, token: IToken): string {
  const { image } = token;
  const closed = token.tokenType !== UnclosedString;
  const inner = image.slice(1, closed ? -1 : undefined);
  return inner.replace(/\\(u\{([0-9a-fA-F]{1,6})\}|.?)/gs, (whole, escape: string, code, offset: number) => {
    const known = code === undefined ? escapes[escape] : codePoint(Number.parseInt(String(code), 16));
    if (known !== undefined) return known;
    const start = token.startOffset + 1 + offset;
    const span = { file: build.file, start, end: start + whole.length };
    if (closed) build.slips.push(unknownEscape.report({ span, text: whole }));
    return escape;
  });
}

const escapes: Readonly<Record<string, string | undefined>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  '"': '"',
  "'": "'",
  "\\": "\\",
};

function codePoint(code: number): string | undefined {
  const isScalar = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isScalar ? String.fromCodePoint(code) : undefined;
}

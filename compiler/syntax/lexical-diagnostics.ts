/** The lexer's and the layout's facts in the user's words. */
import type { ILexingResult, IToken } from "chevrotain";
import { spanOfToken } from "./cst.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import {
  commentNotDivision,
  foreignWord,
  loopWord,
  missingBracket,
  missingTimes,
  nestedTooDeep,
  reservedName,
  returnWord,
  semicolon,
  singleQuotes,
  strayBracket,
  type Member,
  strayCharacter,
  unclosedString,
} from "../errors/syntax.ts";
import type { LayoutFault } from "../../grammar/faults.ts";
import { Identifier, SingleQuoted, UnclosedString } from "../../grammar/tokens.ts";

export function lexicalDiagnostics(
  file: string,
  text: string,
  { tokens, errors }: ILexingResult,
  comments: readonly IToken[],
): readonly Diagnostic[] {
  const stray = errors.flatMap(({ offset, length }) => {
    const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
    const end = offset + Math.max(length, 1);
    const member = character === "." ? memberAt(file, text, offset) : undefined;
    if (member === "told before") return [];
    return [strayCharacter.report({ span: { file, start: offset, end }, character, member })];
  });
  const strings = tokens.flatMap((token) => {
    const span = spanOfToken(file, token);
    if (token.tokenType === UnclosedString) return [unclosedString.report({ span })];
    if (token.tokenType === SingleQuoted) return [singleQuotes.report({ span, text: token.image })];
    return [];
  });
  return [...stray, ...strings, ...divisionsMeant(file, text, tokens, comments)];
}

/** `torch.nn.Linear` is told at its first point. */
function memberAt(file: string, text: string, offset: number): Member | "told before" | undefined {
  const before = /([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)$/.exec(text.slice(Math.max(0, offset - 200), offset));
  const after = /^(?:\.[A-Za-z_]\w*)+/.exec(text.slice(offset))?.[0];
  if (before?.[1] === undefined || after === undefined) return undefined;
  if (before[2] !== "") return "told before";
  const name = after.slice(after.lastIndexOf(".") + 1);
  const start = offset - before[1].length;
  return { object: before[1], name, path: { file, start, end: offset + after.length - name.length } };
}

/** Comments behind an operand that hold just a number or a name that the file uses: `n // 2`. */
function divisionsMeant(
  file: string,
  text: string,
  tokens: readonly IToken[],
  comments: readonly IToken[],
): readonly Diagnostic[] {
  const candidates = comments.filter(({ image }) => /^\/\/ ?(?:\d+|[A-Za-z]\w*)$/.test(image));
  if (candidates.length === 0) return [];
  const names = new Set(tokens.filter(({ tokenType }) => tokenType === Identifier).map(({ image }) => image));
  return candidates.flatMap((comment) => {
    const divisor = comment.image.slice(2).trim();
    const before = text.slice(text.lastIndexOf("\n", comment.startOffset) + 1, comment.startOffset);
    const isOperand = /[\w)\]] ?$/.test(before) && (names.has(divisor) || /^\d+$/.test(divisor));
    return isOperand ? [commentNotDivision.report({ span: spanOfToken(file, comment), divisor })] : [];
  });
}

export function faultDiagnostics(file: string, faults: readonly LayoutFault[]): readonly Diagnostic[] {
  return faults.map((fault) => faultDiagnostic(file, fault));
}

function faultDiagnostic(file: string, fault: LayoutFault): Diagnostic {
  const spanOf = (token: IToken) => spanOfToken(file, token);
  switch (fault.kind) {
    case "unclosed": {
      const { opener, closer, at, isOnLineOfOpener } = fault;
      const span = { file, start: at, end: at };
      const facts = { span, opener: spanOf(opener), open: opener.image, closer };
      return missingBracket.report({
        ...facts,
        newText: closer === "}" && !isOnLineOfOpener ? "\n}" : closer,
      });
    }
    case "strayCloser":
      return strayBracket.report({ span: spanOf(fault.token), closer: fault.token.image });
    case "semicolon":
      return semicolon.report({ span: spanOf(fault.token), endsLine: fault.endsLine });
    case "foreignWord":
    case "misspeltWord":
      return foreignWord.report({ span: spanOf(fault.token), written: fault.token.image, meant: fault.word });
    case "returnWord":
      return returnWord.report({ span: spanOf(fault.token) });
    case "loopWord":
      return loopWord.report({ span: spanOf(fault.token), word: fault.token.image });
    case "reservedName":
      return reservedName.report({ span: spanOf(fault.token), word: fault.token.image });
    case "missingTimes": {
      const [number, name] = [spanOf(fault.number), spanOf(fault.name)];
      const span = { ...number, end: name.end };
      const between = { ...number, start: number.end };
      return missingTimes.report({ span, number: fault.number.image, name: fault.name.image, between });
    }
    case "tooDeep":
      return nestedTooDeep.report({ span: spanOf(fault.token) });
    default:
      return fault satisfies never;
  }
}

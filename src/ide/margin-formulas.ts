/**
 * A margin as mathematics: what the compiler leaves of `target` after `angles` and `simplify`, and its derivative along
 * the cosine, piece by piece. It is the graph that is trained, only printed as formulas.
 */
import { elaborateCheckedEntry } from "../../compiler/check/index.ts";
import { defaultPassOptions, stagesOf } from "../../compiler/compile.ts";
import { passes } from "../../compiler/passes/index.ts";
import { isCompilable } from "./compilable.ts";
import type { Documents } from "./documents.ts";
import { type Abbreviations, type Piece, piecesOf } from "./formula.ts";
import { printNumber } from "./polynomial.ts";

/** Lines of text, none where the formula is longer than anybody reads; undefined where the margin has mistakes. */
export function marginFormulas(
  documents: Documents,
  file: string,
  name: string,
): readonly string[] | undefined {
  if (isCompilable(documents, file, name).kind !== "compilable") return undefined;
  const { program } = elaborateCheckedEntry(documents.workspace, file, name, { openSettings: true });
  const curve = program?.functions.find((one) => one.name === "curve");
  if (program === undefined || curve === undefined) return undefined;
  const simplified = stagesOf(program, curve, { ...defaultPassOptions, without: laterPasses }).at(-1);
  const short: Abbreviations = new Map();
  const pieces = (wanted: string): readonly Piece[] | undefined => {
    const output = simplified?.graph.outputs.find((one) => one.name === wanted);
    return output === undefined ? undefined : piecesOf(output.node, short);
  };
  const [target, slope] = [pieces("target"), pieces("gradient:target")];
  if (target === undefined || !isReadable(target)) return [];
  const derivative = slope === undefined || !isReadable(slope) ? [] : linesOf("dψ/dc", slope);
  const parts = [...short].map(([text, letter]) => `with ${letter} = ${text}`);
  return [...linesOf("ψ", target), ...derivative, ...parts];
}

const laterPasses = passes
  .map(({ name }) => name)
  .slice(passes.findIndex(({ name }) => name === "simplify") + 1);

function isReadable(pieces: readonly Piece[]): boolean {
  return pieces.every(({ formula, conditions }) => formula.length <= longest && conditions.length <= 1);
}

const longest = 200;

function linesOf(name: string, pieces: readonly Piece[]): readonly string[] {
  return pieces.map(({ formula, ...piece }, index) => {
    const front = index === 0 ? `${name} = ` : `${" ".repeat(name.length)} = `;
    const where = [...rangeText(piece), ...piece.conditions].join(", ");
    return `${front}${formula}${where === "" ? "" : `    where ${where}`}`;
  });
}

function rangeText({ from, to }: Pick<Piece, "from" | "to">): readonly string[] {
  if (from === -1 && to === 1) return [];
  if (from === -1) return [`c < ${printNumber(to)}`];
  return to === 1 ? [`c > ${printNumber(from)}`] : [`${printNumber(from)} < c < ${printNumber(to)}`];
}

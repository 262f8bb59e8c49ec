/**
 * Random texts in Margo's syntax for fast-check: every kind of declaration, statement and expression, laid out as
 * nobody would, with brackets and commas more than needed. They parse without a mistake and mean nothing. A text is made from a tape of
 * integers, so a failing one shrinks to a short tape.
 */
import fc from "fast-check";

export function randomSources(): fc.Arbitrary<string> {
  return fc.array(fc.nat(2 ** 20), { minLength: 5, maxLength: 150 }).map(sourceFrom);
}

interface Tape {
  /** An integer in 0 … below-1. */
  readonly integer: (below: number) => number;
  readonly isEmpty: () => boolean;
  /** How many brackets are open: line ends are free inside them. */
  open: number;
}

function sourceFrom(values: readonly number[]): string {
  let at = 0;
  const tape: Tape = {
    integer: (below) => (values[at++] ?? 0) % below,
    isEmpty: () => at >= values.length,
    open: 0,
  };
  const lines: string[] = [];
  while (!tape.isEmpty()) lines.push(declaration(tape), "\n".repeat(1 + tape.integer(3)));
  return lines.join("");
}

type Choice = string | (() => string);

function pick(tape: Tape, ...choices: readonly [Choice, ...Choice[]]): string {
  const choice = choices[tape.integer(choices.length)] ?? choices[0];
  return typeof choice === "string" ? choice : choice();
}

/** Blanks; inside of brackets also line ends. */
function gap(tape: Tape): string {
  return tape.open > 0 ? pick(tape, " ", " ", "  ", "\n  ", "\n\n    ") : pick(tape, " ", " ", "   ");
}

/** The same where nothing may stand. */
function tight(tape: Tape): string {
  return tape.open > 0 ? pick(tape, "", "", " ", "\n  ") : "";
}

function inBrackets(tape: Tape, open: string, close: string, print: () => string): string {
  tape.open++;
  const inner = `${tight(tape)}${print()}${tight(tape)}`;
  tape.open--;
  return `${open}${inner}${close}`;
}

function listOf(tape: Tape, most: number, item: () => string): string {
  const items = Array.from({ length: tape.integer(most + 1) }, item);
  const comma = items.length > 0 && tape.integer(4) === 0 ? "," : "";
  return items.join(`,${gap(tape)}`) + comma;
}

// ---------------------------------------------------------------- declarations

function declaration(tape: Tape): string {
  const doc = pick(tape, "", "", "/// What it is.\n", "// A note.\n\n", "/// Two lines.\n/// Of text.\n");
  const head = doc + pick(tape, "", "export ");
  const word = (): string => pick(tape, "fn", "model", "margin", "loss", "optimizer");
  return pick(
    tape,
    () =>
      `import ${inBrackets(tape, "{ ", " }", () => listOf(tape, 4, () => importName(tape)))} from "std/layers"`,
    () => `${head}let ${name(tape)}${gap(tape)}=${gap(tape)}${expression(tape, 3)}`,
    () => `${head}fn ${name(tape)}${parameters(tape)}${returns(tape)} = ${expression(tape, 3)}`,
    () => `${head}layer ${name(tape)}${parameters(tape)}${parameters(tape)}${returns(tape)} ${block(tape)}`,
    () => `${head}${word()} ${name(tape)}${parameters(tape)}${returns(tape)} ${block(tape)}`,
    () => `${head}train ${name(tape)} ${block(tape)}`,
  );
}

function importName(tape: Tape): string {
  return pick(
    tape,
    () => name(tape),
    () => `${name(tape)} as ${name(tape)}`,
  );
}

function parameters(tape: Tape): string {
  return inBrackets(tape, "(", ")", () =>
    listOf(tape, 5, () => {
      const annotation = pick(tape, "", () => `:${gap(tape)}${type(tape)}`);
      return `${name(tape)}${annotation}${pick(tape, "", () => ` = ${expression(tape, 1)}`)}`;
    }),
  );
}

function returns(tape: Tape): string {
  return pick(tape, "", () => ` -> ${type(tape)}`);
}

function type(tape: Tape): string {
  const dims = (): string =>
    inBrackets(tape, "[", "]", () => listOf(tape, 3, () => pick(tape, "...", "2 * K", () => chain(tape, 1))));
  return pick(
    tape,
    "int",
    "list",
    "f32[N, (H // 2)]",
    () => `f32${dims()}`,
    () => `index<C - 1>${dims()}`,
  );
}

function block(tape: Tape): string {
  const lines = Array.from(
    { length: tape.integer(5) },
    () => `${pick(tape, "", "  ", "\n")}${statement(tape)}\n`,
  );
  return `{\n${lines.join("")}}`;
}

function statement(tape: Tape): string {
  return pick(
    tape,
    () => `let ${name(tape)} = ${expression(tape, 3)}`,
    () => `param ${name(tape)}: ${type(tape)} ~ ${expression(tape, 2)}`,
    () => `param ${name(tape)}`,
    () => `state ${name(tape)} = ${expression(tape, 2)}`,
    () => `${name(tape)} <- ${expression(tape, 3)}`,
    () => `${name(tape)} = ${expression(tape, 3)}`,
    () => `require ${chain(tape, 2)} else "it is at least 1"`,
    () => name(tape) + `(${expression(tape, 2)})`,
  );
}

// ---------------------------------------------------------------- expressions

function expression(tape: Tape, depth: number): string {
  if (depth <= 0) return atom(tape);
  const step = (): string =>
    pick(tape, "\n  |> ", () => `${gap(tape)}|>${gap(tape)}`) + operand(tape, depth - 1);
  return pick(
    tape,
    () => chain(tape, depth),
    () => conditional(tape, depth),
    () => chain(tape, depth - 1) + Array.from({ length: 1 + tape.integer(5) }, step).join(""),
  );
}

function conditional(tape: Tape, depth: number): string {
  if (depth <= 0) return atom(tape);
  const branch = (): string =>
    pick(
      tape,
      () => chain(tape, depth - 1),
      () => `(${conditional(tape, depth - 1)})`,
    );
  const condition = branch();
  const whenTrue = branch();
  const whenFalse = pick(tape, branch, () => conditional(tape, depth - 1));
  return `if ${condition}${pick(tape, " ", "\n  ")}then ${whenTrue}${pick(tape, " ", "\n")}else ${whenFalse}`;
}

function chain(tape: Tape, depth: number): string {
  const count = tape.integer(5);
  let text = operand(tape, depth);
  for (let at = 0; at < count; at++) {
    const comparison = (): string => pick(tape, "<", ">=", "==");
    const arithmetic = (): string => pick(tape, "+", "-", "*", "/", "@", "%", "^");
    const operator = at === 1 && count < 4 ? comparison() : arithmetic();
    text += `${gap(tape)}${operator}${gap(tape)}${operand(tape, depth)}`;
  }
  return text;
}

function operand(tape: Tape, depth: number): string {
  if (depth <= 0) return atom(tape);
  const inner = (): string => expression(tape, depth - 1);
  const argument = (): string => pick(tape, "", () => `${name(tape)}:${gap(tape)}`) + inner();
  const call = (): string => inBrackets(tape, "(", ")", () => listOf(tape, 4, argument));
  return pick(
    tape,
    () => atom(tape),
    () => `-${operand(tape, depth - 1)}`,
    () => `not ${atom(tape)}`,
    () => inBrackets(tape, "(", ")", inner),
    () => inBrackets(tape, "((", "))", inner),
    () => `${name(tape)}${call()}`,
    () => `${name(tape)}${call()}${call()}`,
    () => `${name(tape)}${inBrackets(tape, "[", "]", inner)}`,
    () => inBrackets(tape, "[", "]", () => listOf(tape, 6, inner)),
    () => `(${name(tape)} // 2)`,
    () => `f(3 // ${name(tape)}, [a, b])`,
  );
}

function atom(tape: Tape): string {
  return pick(tape, "2", "0.5", "2.5e-5", '"a text // with signs"', "true", "[]", "f()", () => name(tape));
}

function name(tape: Tape): string {
  return pick(tape, "x", "y", "theta", "θ_y", "margin", "momentum", "a_rather_long_name_of_a_value", "W");
}

/** Seeded edits as people make them: letters, words, pastes of half programs, cuts, undo. */

/** Numbers from 0 to below 1; the same seed gives the same ones (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export const startText = `import { dense, relu as r } from "std/layers"
import { margin_softmax } from "std/losses"
import { twice } from "./other.margo"

let width = 8

/// Two layers.
model Net(x: f32[N, 4]) -> f32[N, 2] {
  x |> dense(width) |> r() |> dense(2)
}

fn centred(x: f32[N, D]) -> f32[N, D] = x - mean(x, over: D, keep: true)

layer scaled(by = 2)(x: f32[N, K]) {
  param W: f32[K]
  let y = twice(x) * by
  y * W
}

/// cos(θ + m)
margin Arc(m = 0.5, s = 64) {
  state t = 0
  t <- 0.9 * t + 0.1 * mean(cos_y)
  scale = s
  target = if theta + m <= pi then cos(theta + m) else cos - m
}

loss both(x: f32[N, D], y: index<C>[N], margin: margin) {
  param W: f32[C, D]
  let z = logits(margin, x, W, y)
  predict = cosine(x, W)
  mean(logsumexp(z, over: C) - pick(z, y))
}

train Run {
  model = Net
  loss = margin_softmax(margin: Arc(m: 0.3))
  data = csv("rows.csv", label: -1, classes: 3)
  optimizer = adam()
  epochs = 2
}
`;

const letters = [
  ...'abxyN_09.,:()[]{}<>=+-*/^|~" \n\t',
  "θ",
  "π",
  "é",
  "😀",
  "\r\n",
  "//",
  "///",
  "|>",
  "<-",
  "->",
  "...",
];
const snippets = [
  "let a = 1\n",
  "fn f(x: f32[N]) = x\n",
  "model Half(x: f32[N, 4]) {\n  x |> dense(",
  "margin Half(m = 0.5) {\n  target = ",
  'import { sgd } from "std/optimizers"\n',
  'import { centred } from "./main.margo"\n',
  "param W: f32[K, 2] ~ he()\n",
  "if x > 1 then ",
  "layer l(a: int, b = 2)(x: f32[N]) { x }\n",
  "/// words\n",
  "}\n",
  "(",
  'require width > 1 else "no"\n',
];

/** The next edit of a text; `earlier` are texts that an undo may go back to. */
export function nextEdit(random: () => number, text: string, earlier: readonly string[]): Edit {
  const at = (limit: number): number => Math.floor(random() * limit);
  const start = at(text.length + 1);
  const kind = random();
  if (kind < 0.45) return { start, end: start, text: letters[at(letters.length)] ?? "" };
  if (kind < 0.7) return { start, end: Math.min(text.length, start + 1 + at(4)), text: "" };
  if (kind < 0.8) return { start, end: start, text: snippets[at(snippets.length)] ?? "" };
  if (kind < 0.86) return { start, end: Math.min(text.length, start + at(60)), text: "" };
  if (kind < 0.92) {
    const from = at(text.length);
    return { start, end: start, text: text.slice(from, from + at(80)) };
  }
  // Undo, or a fresh start before the text is nothing but ruins.
  return { start: 0, end: text.length, text: earlier[at(earlier.length)] ?? startText };
}

export function applyEdit(text: string, { start, end, text: added }: Edit): string {
  return text.slice(0, start) + added + text.slice(end);
}

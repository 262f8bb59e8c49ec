/** The source around a mistake in a `train`, for examples that differ in one line. */

/** A program around one `train`, for examples that differ in one line. */
export function trainExample(settings: string): string {
  return `model M(x: f32[N, 4]) = x
loss L(x: f32[N, D], y: index<C>[N]) {
  param W: f32[C, D]
  predict = cosine(x, W)
  mean(logsumexp(cosine(x, W), over: C) - pick(cosine(x, W), y))
}
optimizer sgd(rate = 0.1) {
  param <- param - rate * grad
}
train T {
${settings
  .split("\n")
  .map((line) => `  ${line}`)
  .join("\n")}
}
`;
}

export const data = 'data = csv("flowers.csv", label: "kind", classes: 3)';

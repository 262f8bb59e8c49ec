import { registerGradients } from "./eager-gradients.ts";
await registerGradients();
import { loadBackend } from "../runtime/tfjs/backend.ts";
import { normalNumbers, uniformNumbers } from "../runtime/random.ts";
import { eagerArcFaceHead } from "./eager-head.ts";
import { medianTimes, peakBytes } from "./measure.ts";
await loadBackend("wasm");
const [n, d, c] = [256, 512, 10000];
const h = eagerArcFaceHead({
  x: normalNumbers(1, 1, 1, n * d),
  labels: Int32Array.from(uniformNumbers(1, 1, 2, n), (u) => Math.floor(u * c)),
  weights: normalNumbers(1, 0, 1, c * d).map((v) => v * 0.01),
  features: d,
  classes: c,
});
console.log(h.step(), h.step());
console.log(await medianTimes({ warmUps: 0, runs: 2 }, () => h.step()));
console.log((await peakBytes(() => h.step())) / 2 ** 20);

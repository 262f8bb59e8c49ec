/** The same head and network in PyTorch on the processor, where python3 with torch is found (`PYTHON` names another one). */
import { threadsOfMachine } from "../src/executors/machine.ts";
import { askTorch } from "./gpu/peers.ts";
import { type Benchmark, type Row, medianTimes, milliseconds, times } from "./measure.ts";
import { elaborate, executorOf, headProgram, randomBatch, stepOf, trainingOnly } from "./programs.ts";
import { restartWith } from "./threads.ts";

const head = { N: 256, D: 512, C: 10_000 };
const batch = 32;

export const besideTorch: Benchmark = {
  name: "Beside PyTorch on the processor",
  run: async (size) => {
    const runs = size === "quick" ? 3 : 7;
    const wanted = JSON.stringify({ device: "cpu", heads: [head], batch, runs });
    // Before and after, since the two sides cannot take turns.
    const before = await askTorch(wanted);
    if ("missing" in before) return [{ what: "PyTorch", value: "not measured", peer: before.missing }];
    await restartWith(threadsOfMachine());
    const ours = [
      await stepTime(headProgram(head.C), randomBatch([head.N, head.D], head.C), runs),
      await stepTime(
        trainingOnly(elaborate("examples/mnist/paper.margo", "Paper4")),
        randomBatch([batch, 28, 28, 1], 10),
        runs,
      ),
    ];
    await restartWith(1);
    const after = await askTorch(wanted);
    if ("missing" in after) throw new Error(after.missing);
    const theirs = [before, after].map(({ heads, networks }) => [eagerStep(heads), eagerStep(networks)]);
    const whats = [
      `ArcFace head, N = ${head.N}, D = ${head.D}, C = 10,000`,
      `\`mnist/paper.margo\`, batch ${batch}`,
    ];
    return whats.map((what, at): Row => {
      const margo = ours[at] ?? NaN;
      const torch = ((theirs[0]?.[at] ?? NaN) + (theirs[1]?.[at] ?? NaN)) / 2;
      const peer = `${milliseconds(torch)} eager PyTorch ${before.torch}`;
      return {
        what: `${what}: step`,
        value: milliseconds(margo),
        peer,
        ratio: `${times(margo / torch)} its time`,
      };
    });
  },
};

async function stepTime(
  program: Parameters<typeof executorOf>[0],
  rows: ReturnType<typeof randomBatch>,
  runs: number,
): Promise<number> {
  const executor = await executorOf(program);
  const [step = NaN] = await medianTimes({ warmUps: 2, runs }, stepOf(executor, rows));
  executor.dispose();
  return step;
}

function eagerStep(rows: readonly Readonly<Record<string, unknown>>[]): number {
  const eager = rows.find(({ how, precision }) => how === "PyTorch eager" && precision === "f32");
  return Number(eager?.["step ms"]);
}

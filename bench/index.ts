/**
 * `npm run bench`: every benchmark, one table, the machine named. `-- --quick` takes fewer runs and smaller
 * sizes; `-- --only word` runs the benchmarks whose name has the word in it.
 */
import { arch, cpus, platform, totalmem } from "node:os";
import { describeBackend, loadBackend } from "../runtime/tfjs/backend.ts";
import { arcFaceHead } from "./arcface-head.ts";
import { compileTimes } from "./compile.ts";
import { convnet } from "./convnet.ts";
import { formatter } from "./format.ts";
import { growth } from "./growth.ts";
import { languageServer } from "./language-server.ts";
import type { Benchmark, Row, Size } from "./measure.ts";
import { pairs } from "./pairs.ts";
import { playground } from "./playground.ts";
import { steadyTensors } from "./steady.ts";
import { threads } from "./threads.ts";
import { besideTorch } from "./torch.ts";

const benchmarks: readonly Benchmark[] = [
  arcFaceHead,
  convnet,
  threads,
  besideTorch,
  growth,
  pairs,
  compileTimes,
  formatter,
  languageServer,
  playground,
  steadyTensors,
];

async function main(options: readonly string[]): Promise<void> {
  const size: Size = options.includes("--quick") ? "quick" : "full";
  const word = options.includes("--only") ? (options[options.indexOf("--only") + 1] ?? "") : "";
  await loadBackend("wasm");
  console.log(`${await machine()}\n`);
  for (const { name, run } of benchmarks.filter((one) =>
    one.name.toLowerCase().includes(word.toLowerCase()),
  )) {
    console.log(`### ${name}\n`);
    console.log(tableOf(await run(size)));
  }
}

async function machine(): Promise<string> {
  const [cpu] = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  return `${cpu?.model.trim() ?? arch()}, ${cpus().length} cores, ${memory}, ${platform()}, Node ${process.version}, ${await describeBackend()}`;
}

function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ what, value, peer = "", ratio = "", goal = "" }) => [
    what,
    value,
    peer,
    ratio,
    goal,
  ]);
  const lines = [
    ["what", "Margo", "beside it", "ratio", "goal"],
    ["---", "--:", "---", "--:", "---"],
    ...cells,
  ];
  return `${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}\n`;
}

await main(process.argv.slice(2));

/**
 * `npm run bench:gpu`: what the adapter can do, our products, heads and networks on it, and the same on PyTorch where
 * python3 with torch and CUDA is found. `-- --full` takes more runs and larger sizes, `-- --only heads` one part,
 * `-- --out FOLDER` writes gpu.md and gpu.json there. On a software adapter the sizes are small.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, platform, release } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openDevice } from "../../runtime/webgpu/device.ts";
import { gpuOfNode } from "../../src/executors/dawn.ts";
import { heads } from "./heads.ts";
import { million } from "./million.ts";
import { ceilings } from "./micro.ts";
import { networks } from "./networks.ts";
import { peers } from "./peers.ts";
import { products } from "./products.ts";
import { type Results, type Section, type Size, markdownOf, sectionText } from "./section.ts";

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    out: { type: "string" },
    "torch-on-cpu": { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const gpu = await openDevice(await gpuOfNode());
  if (gpu === undefined) throw new Error("WebGPU finds no adapter on this machine");
  const size: Size = values.full ? "full" : "quick";
  const { name, kind } = gpu.adapter;
  const sections: Section[] = [];
  const add = (...made: readonly Section[]): void => {
    sections.push(...made);
    for (const section of made) console.log(sectionText(section, name));
  };
  const wanted = (part: string): boolean => part.startsWith(values.only);
  const { flops, section } = await ceilings(gpu, size);
  if (wanted("ceilings")) add(section);
  if (wanted("products")) add(await products(gpu, size, flops));
  if (wanted("heads")) add(...(await heads(gpu, size)));
  if (wanted("million")) add(await million(gpu));
  if (wanted("networks")) add(await networks(gpu, size));
  if (wanted("peers")) add(...(await peers(size, values["torch-on-cpu"])));
  if (values.out !== undefined) write(values.out, { adapter: name, kind, machine: machine(), sections });
  gpu.device.destroy();
}

function machine(): string {
  const [cpu] = cpus();
  const day = new Date().toISOString().slice(0, 10);
  return `${cpu?.model.trim() ?? process.arch}, ${cpus().length} cores, ${platform()} ${release()}, Node ${process.version}, ${day}`;
}

function write(folder: string, results: Results): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "gpu.md"), markdownOf(results));
  writeFileSync(join(folder, "gpu.json"), `${JSON.stringify(results, undefined, 2)}\n`);
}

await main();

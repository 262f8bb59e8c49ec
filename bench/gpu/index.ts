/**
 * `npm run bench:gpu`: what the adapter can do, our products, heads and networks on it, and the same on PyTorch where
 * python3 with torch and CUDA is found. `-- --full` takes more runs and larger sizes, `-- --only heads` one part,
 * `-- --out FOLDER` writes gpu.md and gpu.json there, after each part anew, so that a machine that ends halfway leaves
 * what it measured. On a software adapter the sizes are small.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, platform, release } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type GpuDevice, openDevice } from "../../runtime/webgpu/device.ts";
import { gpuOfNode } from "../../src/executors/dawn.ts";
import { heads } from "./heads.ts";
import { kernels } from "./kernels.ts";
import { million } from "./million.ts";
import { type Ceilings, ceilings } from "./micro.ts";
import { networks } from "./networks.ts";
import { peers } from "./peers.ts";
import { products } from "./products.ts";
import { type Results, type Section, type Size, markdownOf, sectionText } from "./section.ts";

interface Bench {
  readonly gpu: GpuDevice;
  readonly size: Size;
  readonly ceiling: Ceilings;
  readonly torchOnCpu: boolean;
}

/** In the order in which they run. */
const parts: Readonly<Record<string, (bench: Bench) => Promise<readonly Section[]>>> = {
  ceilings: async ({ ceiling }) => [ceiling.section],
  products: async ({ gpu, size, ceiling }) => [await products(gpu, size, ceiling)],
  heads: ({ gpu, size, ceiling }) => heads(gpu, size, ceiling),
  million: async ({ gpu }) => [await million(gpu)],
  networks: async ({ gpu, size, ceiling }) => [await networks(gpu, size, ceiling)],
  kernels: ({ gpu, size }) => kernels(gpu, size),
  peers: ({ size, torchOnCpu }) => peers(size, torchOnCpu),
};

const options = {
  full: { type: "boolean", default: false },
  only: { type: "string" },
  out: { type: "string" },
  "torch-on-cpu": { type: "boolean", default: false },
} as const;

async function main(): Promise<void> {
  const { only, out, full, "torch-on-cpu": torchOnCpu } = asked();
  const gpu = await openDevice(await gpuOfNode());
  if (gpu === undefined)
    refuse("WebGPU finds no adapter on this machine: install a driver that offers Vulkan");
  const { name, kind } = gpu.adapter;
  const size: Size = full ? "full" : "quick";
  const bench: Bench = { gpu, size, ceiling: await ceilings(gpu, size), torchOnCpu };
  const sections: Section[] = [];
  for (const [part, run] of Object.entries(parts)) {
    if (only !== undefined && part !== only) continue;
    const made = await run(bench);
    sections.push(...made);
    for (const section of made) console.log(sectionText(section, name));
    if (out !== undefined) write(out, { adapter: name, kind, machine: machine(), sections });
  }
  gpu.device.destroy();
}

function asked() {
  try {
    const { values } = parseArgs({ options });
    if (values.only === undefined || Object.hasOwn(parts, values.only)) return values;
    return refuse(`there is no part ${values.only}: --only takes ${Object.keys(parts).join(", ")}`);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(message: string): never {
  console.error(`error: ${message}`);
  process.exit(2);
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

// Packed into one file its line is a wall of text, which Node would print.
await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.stack : error);
  process.exit(1);
});

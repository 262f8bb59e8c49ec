/**
 * Pipelines, made asynchronously and once: a kernel with the same sizes is never compiled twice. Layouts are written
 * out, so that kernels with the same kinds of buffers share them.
 */
import type { Sizes } from "../sizes.ts";
import { settled } from "./plan.ts";
import type { Access, GpuKernel } from "./schedule.ts";

export interface Pipelines {
  /** Throws, naming the kernel, when the driver refuses it. */
  readonly pipeline: (kernel: number, sizes: Sizes) => Promise<GPUComputePipeline>;
  readonly storageLayout: (access: readonly Access[]) => GPUBindGroupLayout;
  readonly chunkLayout: GPUBindGroupLayout;
}

/** Hears how many pipelines there are by now of how many that were asked for. */
export type CompileListener = (ready: number, asked: number) => void;

/** `GPUShaderStage.COMPUTE`, which is no global in Node. */
const computeStage = 4;

export function createPipelines(
  device: GPUDevice,
  kernels: readonly GpuKernel[],
  onCompiled: CompileListener = () => undefined,
): Pipelines {
  const modules = new Map<number, GPUShaderModule>();
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();
  const layouts = new Map<string, GPUBindGroupLayout>();
  let ready = 0;
  const chunkLayout = device.createBindGroupLayout({
    entries: [{ binding: 0, visibility: computeStage, buffer: { type: "uniform" } }],
  });
  const storageLayout = (access: readonly Access[]): GPUBindGroupLayout => {
    const key = access.map((each) => (each === "read" ? "r" : "w")).join("");
    const known = layouts.get(key) ?? device.createBindGroupLayout({ entries: access.map(layoutEntry) });
    layouts.set(key, known);
    return known;
  };
  const make = async (
    index: number,
    kernel: GpuKernel,
    constants: Record<string, number>,
  ): Promise<GPUComputePipeline> => {
    const module = modules.get(index) ?? shaderOf(device, kernel);
    modules.set(index, module);
    const bindGroupLayouts = [storageLayout(kernel.access), ...(kernel.chunked ? [chunkLayout] : [])];
    try {
      const made = await device.createComputePipelineAsync({
        label: kernel.name,
        layout: device.createPipelineLayout({ bindGroupLayouts }),
        compute: { module, entryPoint: "main", constants },
      });
      onCompiled(++ready, pipelines.size);
      return made;
    } catch (error) {
      throw new Error(await refusal(kernel, module, error), { cause: error });
    }
  };
  return {
    chunkLayout,
    storageLayout,
    pipeline: (index, sizes) => {
      const kernel = kernels[index];
      if (kernel === undefined) throw new Error(`the module has no kernel ${index}`);
      const constants = Object.fromEntries(
        kernel.overrides.map(({ name, size }) => [name, settled(size, sizes)]),
      );
      const key = `${index} ${Object.values(constants).join(" ")}`;
      const known = pipelines.get(key) ?? make(index, kernel, constants);
      pipelines.set(key, known);
      return known;
    },
  };
}

/** What is wrong with a shader is told when its pipeline is made, with the kernel's name. */
function shaderOf(device: GPUDevice, { code, name }: GpuKernel): GPUShaderModule {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code, label: name });
  device.popErrorScope().catch(() => undefined);
  return module;
}

function layoutEntry(access: Access, binding: number): GPUBindGroupLayoutEntry {
  const type = access === "read" ? "read-only-storage" : "storage";
  return { binding, visibility: computeStage, buffer: { type } };
}

async function refusal(kernel: GpuKernel, module: GPUShaderModule, error: unknown): Promise<string> {
  const { messages } = await module.getCompilationInfo();
  const lines = messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
  const reason = lines.length > 0 ? lines.join("\n") : String(error);
  const { name, from, code } = kernel;
  return `the kernel "${name}"${from === undefined ? "" : ` of ${from}`} does not compile, which is a bug in Margo; please report it with this text:\n${reason}\n${code}`;
}

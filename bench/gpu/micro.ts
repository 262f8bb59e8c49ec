/**
 * What the adapter itself can do, by kernels that do nothing else: multiply-adds from registers, copies of memory, and
 * dispatches of an empty kernel. The ceilings that every other table is read against.
 */
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import type { Section, Size } from "./section.ts";
import { type Effort, passSeconds } from "./timing.ts";

export interface Ceilings {
  /** Floating-point operations a second, in f32. */
  readonly flops: number;
  /** Bytes a second, those that are read and those that are written. */
  readonly bytes: number;
  readonly section: Section;
}

export async function ceilings(gpu: GpuDevice, size: Size): Promise<Ceilings> {
  const effort: Effort = { runs: size === "quick" ? 3 : 9, least: 0.2 };
  const f32 = await multiplyAdds(gpu, "f32", size, effort);
  const f16 = gpu.device.features.has("shader-f16")
    ? await multiplyAdds(gpu, "f16", size, effort)
    : undefined;
  const memory = await copies(gpu, size, effort);
  const rows = [
    { what: "multiply-adds in f32", value: f32 / 1e9, unit: "GFLOP/s" },
    ...(f16 === undefined ? [] : [{ what: "multiply-adds in f16", value: f16 / 1e9, unit: "GFLOP/s" }]),
    { what: "copy, bytes read and written", value: memory / 1e9, unit: "GB/s" },
    ...(await launches(gpu, effort)),
  ];
  return { flops: f32, bytes: memory, section: { title: "What the adapter can do", rows } };
}

const chains = 8;

async function multiplyAdds(
  gpu: GpuDevice,
  type: "f32" | "f16",
  size: Size,
  effort: Effort,
): Promise<number> {
  const { device } = gpu;
  const groups = gpu.adapter.kind === "hardware" ? 8192 : 64;
  const names = Array.from({ length: chains }, (_, index) => `s${index}`);
  const code = `${type === "f16" ? "enable f16;\n" : ""}override rounds: u32;
@group(0) @binding(0) var<storage, read_write> sums: array<f32>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = vec4<${type}>(${type}(0.99) + ${type}(id.x % 7u) * ${type}(0.001));
  let b = vec4<${type}>(${type}(sums[id.x % 64u]));
${names.map((name, index) => `  var ${name} = a * ${type}(${index + 1});`).join("\n")}
  for (var round = 0u; round < rounds; round += 1u) {
${names.map((name) => `    ${name} = fma(${name}, a, b);`).join("\n")}
  }
  let total = ${names.join(" + ")};
  sums[id.x] = f32(total.x + total.y + total.z + total.w);
}`;
  const sums = device.createBuffer({ size: groups * 256 * 4, usage: 128 });
  // Long enough that starting and ending do not count, short enough for a watchdog.
  const wanted = size === "quick" ? 0.05 : 0.1;
  for (let rounds = 64; ; rounds *= 2) {
    const run = await kernel(device, code, [sums], { rounds });
    const seconds = await passSeconds(device, { ...effort, runs: 1 }, (pass) => run(pass, groups));
    if (seconds < wanted && rounds < 2 ** 20) continue;
    const best = await passSeconds(device, effort, (pass) => run(pass, groups));
    sums.destroy();
    return (groups * 256 * rounds * chains * 4 * 2) / best;
  }
}

async function copies(gpu: GpuDevice, size: Size, effort: Effort): Promise<number> {
  const { device } = gpu;
  const wanted = gpu.adapter.kind === "hardware" && size === "full" ? 2 ** 30 : 2 ** 26;
  const bytes =
    Math.min(wanted, device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize) & ~0xffff;
  const [from, to] = [0, 1].map(() => device.createBuffer({ size: bytes, usage: 128 }));
  if (from === undefined || to === undefined) throw new Error("two buffers were made");
  const code = `@group(0) @binding(0) var<storage, read_write> from_: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> to_: array<vec4f>;
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = (group.x + group.y * groups.x) * 256u + lane;
  if (at < arrayLength(&to_)) { to_[at] = from_[at]; }
}`;
  const run = await kernel(device, code, [from, to], {});
  const seconds = await passSeconds(device, effort, (pass) => run(pass, Math.ceil(bytes / 16 / 256)));
  from.destroy();
  to.destroy();
  return (2 * bytes) / seconds;
}

/** A dispatch among others of a pass, a submit among others, and one that is waited for. */
async function launches({ device }: GpuDevice, effort: Effort): Promise<Section["rows"]> {
  const buffer = device.createBuffer({ size: 256, usage: 128 });
  const code = `@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(1) fn main() { out[0] = out[0] + 1.0; }`;
  const run = await kernel(device, code, [buffer], {});
  const dispatches = 1000;
  const pass = await passSeconds(device, effort, (into) => {
    for (let each = 0; each < dispatches; each++) run(into, 1);
  });
  const submit = (): void => {
    const encoder = device.createCommandEncoder();
    const into = encoder.beginComputePass();
    run(into, 1);
    into.end();
    device.queue.submit([encoder.finish()]);
  };
  const clock = async (count: number, waits: boolean): Promise<number> => {
    const start = performance.now();
    for (let each = 0; each < count; each++) {
      submit();
      if (waits) await device.queue.onSubmittedWorkDone();
    }
    await device.queue.onSubmittedWorkDone();
    return ((performance.now() - start) * 1000) / count;
  };
  await clock(20, false);
  const rows = [
    { what: "a dispatch among 1,000 of a pass", value: (pass * 1e6) / dispatches, unit: "µs" },
    { what: "a submit of one dispatch among 200", value: await clock(200, false), unit: "µs" },
    { what: "a submit that is waited for", value: await clock(50, true), unit: "µs" },
  ];
  buffer.destroy();
  return rows;
}

/** Puts a dispatch of the kernel into a pass; more than 65,535 workgroups come as a plane. */
async function kernel(
  device: GPUDevice,
  code: string,
  buffers: readonly GPUBuffer[],
  constants: Record<string, number>,
): Promise<(pass: GPUComputePassEncoder, groups: number) => void> {
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module, entryPoint: "main", constants },
  });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  return (pass, groups) => {
    const x = Math.min(groups, 65535);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(x, Math.ceil(groups / x));
  };
}

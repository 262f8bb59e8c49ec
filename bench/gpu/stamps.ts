/**
 * A device whose dispatches are timed one by one: it stands in for the real one, and gives each dispatch a compute pass of
 * its own between two time stamps. Whoever encodes need not know.
 */
import type { GpuDevice } from "../../runtime/webgpu/device.ts";

/** Of WebGPU's flags, which are no globals in Node. */
const [mapRead, copySource, copyTarget, queryResolve] = [0x1, 0x4, 0x8, 0x200];

export interface Stamped {
  /** The name that its pipeline bears. */
  readonly kernel: string;
  readonly workgroups: number;
  readonly seconds: number;
}

export interface StampedDevice {
  readonly gpu: GpuDevice;
  /** The dispatches since it was asked last, when the device has done them. */
  readonly take: () => Promise<readonly Stamped[]>;
}

/** WebGPU allows so many time stamps in a set. */
const stampsOfSet = 4096;

/** A device whose dispatches are timed one by one. */
export function stampDispatches(gpu: GpuDevice): StampedDevice {
  const pending: (() => Promise<readonly Stamped[]>)[] = [];
  const createCommandEncoder = (descriptor?: GPUCommandEncoderDescriptor): GPUCommandEncoder => {
    const encoder = gpu.device.createCommandEncoder(descriptor);
    const stamps = collectStamps(gpu.device, encoder);
    return standIn(encoder, {
      beginComputePass: () => stamps.pass,
      finish: () => {
        pending.push(stamps.resolve());
        return encoder.finish();
      },
    });
  };
  return {
    gpu: { ...gpu, device: standIn(gpu.device, { createCommandEncoder }) },
    take: async () => (await Promise.all(pending.splice(0).map((read) => read()))).flat(),
  };
}

/** An object of the driver with some of its methods replaced. */
function standIn<T extends object>(original: T, replaced: Partial<T>): T {
  return new Proxy(original, {
    get: (target, key) => {
      if (key in replaced) return Reflect.get(replaced, key) as unknown;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

interface Stamps {
  readonly pass: GPUComputePassEncoder;
  /** Puts the way back of the stamps behind everything; gives what reads them. */
  readonly resolve: () => () => Promise<readonly Stamped[]>;
}

function collectStamps(device: GPUDevice, encoder: GPUCommandEncoder): Stamps {
  const sets: GPUQuerySet[] = [];
  const dispatches: Dispatched[] = [];
  let pipeline: GPUComputePipeline | undefined;
  const groups: (GPUBindGroup | null | undefined)[] = [];
  const dispatch = (x: number, y = 1): void => {
    const at = 2 * dispatches.length;
    const querySet =
      sets[Math.floor(at / stampsOfSet)] ?? device.createQuerySet({ type: "timestamp", count: stampsOfSet });
    if (!sets.includes(querySet)) sets.push(querySet);
    const first = at % stampsOfSet;
    const pass = encoder.beginComputePass({
      timestampWrites: { querySet, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 },
    });
    if (pipeline !== undefined) pass.setPipeline(pipeline);
    groups.forEach((group, index) => pass.setBindGroup(index, group));
    pass.dispatchWorkgroups(x, y);
    pass.end();
    dispatches.push({ kernel: pipeline?.label ?? "", workgroups: x * y });
  };
  const pass = {
    setPipeline: (next: GPUComputePipeline) => (pipeline = next),
    setBindGroup: (index: number, group?: GPUBindGroup | null) => (groups[index] = group),
    dispatchWorkgroups: dispatch,
    end: () => undefined,
  };
  return { pass: asPass(pass), resolve: () => resolveStamps(device, encoder, sets, dispatches) };
}

type Dispatched = Omit<Stamped, "seconds">;

function resolveStamps(
  device: GPUDevice,
  encoder: GPUCommandEncoder,
  sets: readonly GPUQuerySet[],
  dispatches: readonly Dispatched[],
): () => Promise<readonly Stamped[]> {
  const bytes = stampsOfSet * 8;
  const stagings = sets.map((set) => {
    const resolved = device.createBuffer({ size: bytes, usage: queryResolve | copySource });
    const staging = device.createBuffer({ size: bytes, usage: mapRead | copyTarget });
    const used = 2 * dispatches.length - stampsOfSet * sets.indexOf(set);
    encoder.resolveQuerySet(set, 0, Math.min(used, stampsOfSet), resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    return { set, resolved, staging };
  });
  return async () => {
    const stamps: bigint[] = [];
    for (const { set, resolved, staging } of stagings) {
      await staging.mapAsync(1);
      stamps.push(...new BigUint64Array(staging.getMappedRange().slice(0)));
      for (const each of [set, resolved, staging]) each.destroy();
    }
    return dispatches.map((dispatch, at) => ({
      ...dispatch,
      seconds: Number((stamps[2 * at + 1] ?? 0n) - (stamps[2 * at] ?? 0n)) / 1e9,
    }));
  };
}

/** The executor asks no more of a pass than this. */
function asPass(pass: object): GPUComputePassEncoder {
  return pass as GPUComputePassEncoder;
}

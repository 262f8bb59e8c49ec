/**
 * What a device offers beyond plain kernels. Subgroups count only where kernels can number them (the language feature
 * `subgroup_id`): WebGPU does not say which lanes of a workgroup make a subgroup. Subgroup matrices are an experiment
 * of Dawn whose spelling has changed, so both are tried on a small kernel.
 */
import type { GpuOffer, MatrixShape, MatrixSpelling } from "./schedule.ts";

export const matrixFeature = "chromium-experimental-subgroup-matrix";

/** What WebGPU's types do not know yet. */
interface ExperimentalInfo {
  readonly subgroupMinSize?: number;
  readonly subgroupMaxSize?: number;
  readonly subgroupMatrixConfigs?: Iterable<MatrixConfig>;
}

interface MatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

export async function offerOf(
  gpu: GPU,
  info: GPUAdapterInfo,
  device: GPUDevice,
  kind: GpuOffer["kind"],
): Promise<GpuOffer> {
  const features = [...device.features];
  const { subgroupMinSize, subgroupMaxSize, subgroupMatrixConfigs } = info as ExperimentalInfo;
  const numbered = features.includes("subgroups") && gpu.wgslLanguageFeatures.has("subgroup_id");
  const matrices = features.includes(matrixFeature) ? [...(subgroupMatrixConfigs ?? [])].map(shapeOf) : [];
  const probed = matrices.find(({ operand }) => operand === "f16");
  return {
    kind,
    features,
    subgroups:
      numbered && subgroupMinSize !== undefined && subgroupMaxSize !== undefined
        ? { smallest: subgroupMinSize, largest: subgroupMaxSize }
        : undefined,
    matrices,
    workgroupBytes: device.limits.maxComputeWorkgroupStorageSize,
    storageBuffers: device.limits.maxStorageBuffersPerShaderStage,
    matrixSpelling: probed === undefined ? undefined : await spellingOf(device, probed),
  };
}

function shapeOf({ componentType, resultComponentType, M, N, K }: MatrixConfig): MatrixShape {
  return { operand: componentType, result: resultComponentType, rows: M, columns: N, depth: K };
}

/** The first spelling that the device compiles. */
async function spellingOf(device: GPUDevice, shape: MatrixShape): Promise<MatrixSpelling | undefined> {
  for (const spelling of ["layout", "flag"] as const) {
    device.pushErrorScope("validation");
    device.createShaderModule({ code: probe(spelling, shape), label: "probe of subgroup matrices" });
    if ((await device.popErrorScope()) === null) return spelling;
  }
  return undefined;
}

function probe(spelling: MatrixSpelling, { operand, rows, depth }: MatrixShape): string {
  const type = `subgroup_matrix_left<${operand}, ${depth}, ${rows}>`;
  const [load, store] = {
    flag: [
      `subgroupMatrixLoad<${type}>(&memory, 0u, false, ${depth}u)`,
      `subgroupMatrixStore(&memory, 0u, m, false, ${depth}u)`,
    ],
    layout: [
      `subgroupMatrixLoad<${type}, row_major>(&memory, 0u, ${depth}u)`,
      `subgroupMatrixStore<row_major>(&memory, 0u, m, ${depth}u)`,
    ],
  }[spelling];
  return `enable f16;
enable chromium_experimental_subgroup_matrix;
var<workgroup> memory: array<${operand}, ${rows * depth}>;
@compute @workgroup_size(128)
fn main() {
  let m = ${load};
  ${store};
}
`;
}

/**
 * An executor without a compiler behind it: softmax regression by gradient descent with momentum in
 * plain f32 arithmetic, for tests of what stands above executors. Its gradient also gets noise from
 * (seed, step), so that a run which mixes up its counters shows.
 */
import { uniformNumbers } from "../../runtime/random.ts";
import type { Executor, HostTensor, NamedTensors, ProgramInfo } from "../../runtime/program.ts";

export interface FakeSettings {
  readonly width: number;
  readonly classes: number;
  readonly rate: number;
}

export function fakeExecutor({ width, classes, rate }: FakeSettings): Executor {
  let W: Float32Array = new Float32Array(classes * width);
  let v: Float32Array = new Float32Array(classes * width);
  const tensor = (data: Float32Array): HostTensor => ({
    dtype: "f32",
    shape: [classes, width],
    data: data.slice(),
  });
  const scores = (x: Float32Array, rows: number): Float32Array =>
    Float32Array.from({ length: rows * classes }, (_, at) => {
      const [row, j] = [Math.floor(at / classes), at % classes];
      let sum = 0;
      for (let i = 0; i < width; i++) sum += (x[row * width + i] ?? 0) * (W[j * width + i] ?? 0);
      return sum;
    });
  const step = (inputs: NamedTensors): NamedTensors => {
    const { x, y, rows } = read(inputs);
    const z = scores(x, rows);
    const { loss, accuracy, gradient } = softmaxLoss(z, y, classes);
    const noise = uniformNumbers(integer(inputs, "seed"), integer(inputs, "step"), 1, v.length);
    for (let j = 0; j < classes; j++)
      for (let i = 0; i < width; i++) {
        let g = (noise[j * width + i] ?? 0) * 1e-3;
        for (let row = 0; row < rows; row++)
          g += (gradient[row * classes + j] ?? 0) * (x[row * width + i] ?? 0);
        v[j * width + i] = 0.9 * (v[j * width + i] ?? 0) + g;
        W[j * width + i] = (W[j * width + i] ?? 0) - rate * (v[j * width + i] ?? 0);
      }
    return {
      loss: scalar(loss),
      accuracy: scalar(accuracy),
      "trace:epoch": scalar(integer(inputs, "epoch")),
    };
  };
  const functions: Readonly<Record<string, (inputs: NamedTensors) => NamedTensors>> = {
    step,
    evaluate: (inputs) => {
      const { x, y, rows } = read(inputs);
      const z = scores(x, rows);
      const { loss, accuracy } = softmaxLoss(z, y, classes);
      const features: HostTensor = { dtype: "f32", shape: [rows, width], data: x };
      return {
        loss: scalar(loss),
        accuracy: scalar(accuracy),
        predictions: { dtype: "i32", shape: [rows], data: bestClasses(z, classes) },
        features,
      };
    },
    predict: (inputs) => {
      const { x, rows } = read(inputs);
      return { scores: { dtype: "f32", shape: [rows, classes], data: scores(x, rows) } };
    },
    embed: (inputs) => ({ features: inputs["x"] as HostTensor }),
  };
  return {
    info: fakeInfo(width, classes),
    initialize: async (seed) => {
      W = uniformNumbers(seed, 0, 0, classes * width);
      v = new Float32Array(classes * width);
    },
    call: async (name, inputs) => functions[name]?.(inputs) ?? {},
    read: async (names) =>
      Object.fromEntries(
        Object.entries({ W: tensor(W), "sgd.v.W": tensor(v) }).filter(
          ([name]) => names?.includes(name) ?? true,
        ),
      ),
    write: async (values) => {
      if (values["W"] !== undefined) W = Float32Array.from(values["W"].data);
      if (values["sgd.v.W"] !== undefined) v = Float32Array.from(values["sgd.v.W"].data);
    },
    memory: () => ({ bytes: W.byteLength * 2, tensors: 2 }),
    dispose: () => undefined,
  };
}

function fakeInfo(width: number, classes: number): ProgramInfo {
  const x = { name: "x", dtype: "f32", shape: ["N", width], role: "data" } as const;
  const y = { name: "y", dtype: "i32", shape: ["N"], role: "labels", bound: classes } as const;
  const counters = ["step", "epoch", "seed"].map(
    (name) => ({ name, dtype: "i32", shape: [], role: "counter" }) as const,
  );
  const value = (name: string) => ({ name, dtype: "f32", shape: [] }) as const;
  return {
    name: "Fake",
    version: "1",
    target: "fake",
    variables: [
      { name: "W", kind: "parameter", dtype: "f32", shape: [classes, width] },
      { name: "sgd.v.W", kind: "optimizer", dtype: "f32", shape: [classes, width] },
    ],
    functions: [
      {
        name: "step",
        inputs: [x, y, ...counters],
        outputs: [value("loss"), value("accuracy"), value("trace:epoch")],
      },
      {
        name: "evaluate",
        inputs: [x, y],
        outputs: [value("loss"), value("accuracy"), value("predictions"), value("features")],
      },
      { name: "predict", inputs: [x], outputs: [value("scores")] },
      { name: "embed", inputs: [x], outputs: [value("features")] },
    ],
  };
}

function read(inputs: NamedTensors): { x: Float32Array; y: ArrayLike<number>; rows: number } {
  const x = inputs["x"];
  return { x: Float32Array.from(x?.data ?? []), y: inputs["y"]?.data ?? [], rows: x?.shape[0] ?? 0 };
}

function softmaxLoss(z: Float32Array, y: ArrayLike<number>, classes: number) {
  const rows = z.length / classes;
  const gradient = new Float32Array(z.length);
  let [loss, correct] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const own = z.subarray(row * classes, (row + 1) * classes);
    const top = Math.max(...own);
    const total = own.reduce((sum, value) => sum + Math.exp(value - top), 0);
    const label = y[row] ?? 0;
    loss += Math.log(total) + top - (own[label] ?? 0);
    if (own.indexOf(top) === label) correct++;
    for (let j = 0; j < classes; j++)
      gradient[row * classes + j] = (Math.exp((own[j] ?? 0) - top) / total - (j === label ? 1 : 0)) / rows;
  }
  return { loss: loss / rows, accuracy: correct / rows, gradient };
}

function bestClasses(z: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: z.length / classes }, (_, row) => {
    const own = z.subarray(row * classes, (row + 1) * classes);
    return own.indexOf(Math.max(...own));
  });
}

function scalar(value: number): HostTensor {
  return { dtype: "f32", shape: [], data: Float32Array.of(value) };
}

function integer(inputs: NamedTensors, name: string): number {
  return inputs[name]?.data[0] ?? 0;
}

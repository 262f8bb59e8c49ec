/**
 * What PyTorch, Keras, JAX and NumPy call things that are here under another name. The checker asks only where a name is
 * unknown, so a name of the user's own always goes first. Spelling is looked up without case and `_`: `batch_size`,
 * `batchSize` and `BatchSize` are one word.
 */
import { suggestName } from "./suggest.ts";

/** Functions, layers, losses and margins. */
const callables: Readonly<Record<string, string | undefined>> = {
  linear: "dense", fc: "dense", conv2: "conv2d", conv: "conv2d", convolution2d: "conv2d",
  maxpool2d: "max_pool", maxpooling2d: "max_pool", avgpool2d: "avg_pool", averagepooling2d: "avg_pool",
  globalaveragepooling2d: "global_avg_pool", adaptiveavgpool2d: "global_avg_pool", globalmaxpooling2d: "global_max_pool",
  depthwiseconv2d: "depthwise_conv2d", separableconv2d: "depthwise_conv2d", infonce: "paired_softmax", cliploss: "paired_softmax",
  multiplenegativesrankingloss: "paired_softmax", requiresgrad: "frozen", batchnorm1d: "batch_norm", batchnorm2d: "batch_norm", batchnormalization: "batch_norm",
  layernormalization: "layer_norm", randomhorizontalflip: "random_flip", randomcrop: "random_crop",
  crossentropy: "softmax_cross_entropy", crossentropyloss: "softmax_cross_entropy",
  mse: "mean_squared_error", mseloss: "mean_squared_error",
  amsoftmax: "CosFace", cosinemargin: "CosFace", arcmargin: "ArcFace", arcmarginproduct: "ArcFace", sphereface: "ASoftmax",
  cosineannealing: "cosine_decay", cosineannealinglr: "cosine_decay", steplr: "step_decay", exponentiallr: "exponential_decay",
  multisteplr: "piecewise", linearwarmup: "warm_up", warmup: "warm_up",
  kaimingnormal: "he", henormal: "he", xavieruniform: "glorot", glorotuniform: "glorot", randomnormal: "normal",
  len: "length", arccos: "acos", clip: "clamp", cat: "concat", concatenate: "concat", arange: "range",
  stopgradient: "detach", cosinesimilarity: "cosine", gather: "take_along", takealongaxis: "take_along", permute: "transpose",
  view: "reshape", amax: "max", amin: "min", maximum: "max", minimum: "min", reducesum: "sum", reducemean: "mean", logits: undefined,
}; // prettier-ignore

/** Arguments of functions and settings of layers and optimizers; the first that the callee has is meant. */
const settings: Readonly<Record<string, readonly string[]>> = {
  lr: ["rate", "value"], learningrate: ["rate", "value"], p: ["rate"], rate: ["value"],
  dim: ["over"], axis: ["over"], axes: ["over"], dims: ["over"], keepdim: ["keep"], keepdims: ["keep"],
  outfeatures: ["units"], features: ["units"], hidden: ["units"], outchannels: ["filters"],
  kernelsize: ["kernel", "size", "window"], poolsize: ["size", "window"], strides: ["stride"], usebias: ["bias"],
  wd: ["weight_decay"], decay: ["weight_decay"], negativeslope: ["slope"], epsilon: ["eps"],
  maxnorm: ["clip"], clipnorm: ["clip"], gradclip: ["clip"], stepsize: ["every"], tmax: ["steps"], totalsteps: ["steps"],
  warmupsteps: ["steps"], milestones: ["at"], gamma: ["factor"], numembeddings: ["entries"], embeddingdim: ["size"],
  labelsmoothing: ["smoothing"], weight: ["weights"], classweights: ["weights"], scale: ["s"], subcenters: ["centres"],
  subcentres: ["centres"], k: ["centres"], centers: ["centres"], numclasses: ["classes"], ignoreindex: ["ignore"],
  b1: ["beta1"], b2: ["beta2"], target: ["label"], labels: ["label"], delimiter: ["separator"], min: ["low"], max: ["high"],
}; // prettier-ignore

/** Settings of a `train`. */
const trainSettings: Readonly<Record<string, readonly string[]>> = {
  batchsize: ["batch"], bs: ["batch"], epoch: ["epochs"], numepochs: ["epochs"], nepochs: ["epochs"], maxepochs: ["epochs"],
  maxsteps: ["steps"], numsteps: ["steps"], iterations: ["steps"], dataset: ["data"], traindata: ["data"], train: ["data"],
  val: ["validation"], valdata: ["validation"], valid: ["validation"], validationdata: ["validation"], test: ["validation"],
  testdata: ["validation"], criterion: ["loss"], lossfn: ["loss"], net: ["model"], network: ["model"], randomseed: ["seed"],
  optim: ["optimizer"], opt: ["optimizer"], optimiser: ["optimizer"], metric: ["metrics"],
}; // prettier-ignore

/** Values that a place gives, and constants. */
const values: Readonly<Record<string, readonly string[]>> = {
  true: ["true"], false: ["false"], gradient: ["grad"], gradients: ["grad"], g: ["grad"], gradnorm: ["grad_norm"],
  weight: ["param"], w: ["param"], p: ["param"], parameter: ["param"],
  cosine: ["cos"], costheta: ["cos"], cosineof: ["cos"], angle: ["theta"], label: ["y"], labels: ["y"], target: ["y"],
  featurenorm: ["x_norm"], xnorm: ["x_norm"], wnorm: ["w_norm"], globalstep: ["step"], iteration: ["step"], iter: ["step"],
  istraining: ["training"],
}; // prettier-ignore

/** Results of margins and losses. */
const results: Readonly<Record<string, readonly string[]>> = {
  logit: ["target"], logits: ["target", "predict"], score: ["target"], scores: ["predict"], output: ["target", "predict"],
  psi: ["target"], positive: ["target"], others: ["other"], negative: ["other"], s: ["scale"], regularizer: ["penalty"],
  prediction: ["predict"], predictions: ["predict"],
}; // prettier-ignore

/** Words of types. */
const types: Readonly<Record<string, string | undefined>> = {
  float: "f32", float32: "f32", f64: "f32", float64: "f32", double: "f32", half: "f32", f16: "f32", tensor: "f32", array: "f32",
  int: "i32", int32: "i32", int64: "i32", i64: "i32", long: "i32", uint8: "i32", boolean: "bool", integer: "int", str: "string",
}; // prettier-ignore

export function foreignCallable(name: string): string | undefined {
  return own(callables, name);
}

/** What is meant by the name of an argument, among those that there are. */
export function suggestSetting(name: string, known: readonly string[]): string | undefined {
  return own(settings, name)?.find((meant) => known.includes(meant)) ?? suggestName(name, known);
}

/** Settings that others give in another form, with one that the callee has. */
const forms: Readonly<Record<string, { readonly has: string; readonly written: string } | undefined>> = {
  betas: { has: "beta1", written: "beta1: 0.9, beta2: 0.999" },
  easymargin: { has: "beyond", written: 'beyond: "easy"' },
};

export function spelledOutSetting(name: string, known: readonly string[]): string | undefined {
  const form = own(forms, name);
  return form !== undefined && known.includes(form.has) ? `write \`${form.written}\`` : undefined;
}

export function suggestTrainSetting(name: string, known: readonly string[]): string | undefined {
  return own(trainSettings, name)?.[0] ?? suggestName(name, known);
}

/** What is meant by a bare name, among those that its place gives. */
export function foreignValue(name: string, given: readonly string[]): string | undefined {
  return own(values, name)?.find((meant) => given.includes(meant));
}

export function suggestResult(name: string, known: readonly string[]): string | undefined {
  return own(results, name)?.find((meant) => known.includes(meant)) ?? suggestName(name, known);
}

export function foreignType(name: string): string | undefined {
  return own(types, name);
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  const key = name.replaceAll("_", "").toLowerCase();
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Functions that are written with others: a name nearby, as `tanh` for `tan`, means something else. */
const formulas: Readonly<Record<string, string | undefined>> = {
  tan: "sin(x) / cos(x)",
  asin: "pi / 2 - acos(x)",
  sinh: "(exp(x) - exp(-x)) / 2",
  cosh: "(exp(x) + exp(-x)) / 2",
  log2: "log(x) / log(2)",
  log10: "log(x) / log(10)",
  pow: "x ^ k",
  power: "x ^ k",
  square: "x ^ 2",
  rsqrt: "1 / sqrt(x)",
  where: "if condition then value else other",
  matmul: "a @ b",
  mm: "a @ b",
  dot: "a @ b",
  einsum: "a @ b",
  var: "std(x, over: axes) ^ 2",
  log_softmax: "log(softmax(x, over: C))",
  unsqueeze: "reshape(x, [N, 1, D])",
  expand_dims: "reshape(x, [N, 1, D])",
  squeeze: "reshape(x, [N, D])",
  tensor: "[1, 2, 3]",
  zeros_like: "0 * x",
  ones_like: "0 * x + 1",
  nll_loss: "-mean(pick(log_p, y))",
  radians: "degrees * pi / 180",
  deg2rad: "degrees * pi / 180",
};

/** The formula to write instead of a call that other languages have. */
export function spelledOut(name: string): string | undefined {
  return Object.hasOwn(formulas, name) ? formulas[name] : undefined;
}

/** Objects whose members are functions elsewhere: `torch.sum(x)`. */
export function isNamespace(name: string): boolean {
  return namespaces.has(name);
}

const namespaces = new Set([
  "torch",
  "F",
  "nn",
  "np",
  "numpy",
  "jnp",
  "jax",
  "tf",
  "keras",
  "math",
  "Math",
  "optim",
  "std",
]);

/** What is written for `x.member`. */
export function memberSpelledOut(object: string, member: string): string {
  const written: Readonly<Record<string, string | undefined>> = {
    T: `transpose(${object})`,
    shape: `size(${object}, over: 0)`,
    size: `size(${object}, over: 0)`,
    item: object,
    cpu: object,
    cuda: object,
    grad: "grad",
  };
  const known = Object.hasOwn(written, member) ? written[member] : undefined;
  return known ?? spelledOut(member) ?? `${own(callables, member) ?? member}(${object})`;
}

/**
 * Gradcheck of a file's declarations by name. A margin is checked inside `margin_softmax`, since its gradient
 * is felt there; everything else as it stands. Settings without a default get small stand-ins, so that
 * a layer or a loss can be checked without being told how wide it is.
 */
import { type ElaborateResult, elaborateEntry } from "../check/index.ts";
import { type SourceHost, isLibrary, loadModule, openWorkspace, resolveGlobal } from "../check/workspace.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import { type GradcheckOptions, type GradcheckReport, gradcheck } from "../gradcheck.ts";
import { constantDim } from "../ir/dim.ts";
import type { TensorType } from "../ir/type.ts";
import type { Program } from "../program.ts";
import { smallSize } from "./points.ts";
import type { Callable, Expression, Parameter } from "../syntax/ast.ts";

export interface EntryGradcheck {
  readonly entry: string;
  /** Absent when the entry could not be made, or has no gradient: `reason` or `diagnostics` say why. */
  readonly report?: GradcheckReport;
  readonly reason?: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Settings as expressions in text, by name, as `--set` gives them. */
export type SettingTexts = Readonly<Record<string, string>>;

/** The names of a file's declarations that have gradients, in source order; of the library's, those it exports. */
export function gradcheckNames(host: SourceHost, file: string): readonly string[] {
  const module = loadModule(openWorkspace(host), file);
  return [...(module?.declarations.values() ?? [])].flatMap((declaration) => {
    const isOffered = declaration.exported || !isLibrary(file);
    return isCallable(declaration) && isOffered && canMove(declaration) ? [declaration.name.name] : [];
  });
}

/** Checks one name that a file declares or imports, as it is in training. */
export function gradcheckEntry(
  host: SourceHost,
  file: string,
  entry: string,
  settings: SettingTexts,
  options: GradcheckOptions,
): EntryGradcheck {
  const workspace = openWorkspace(host);
  const module = loadModule(workspace, file);
  const declaration = module === undefined ? undefined : resolveGlobal(workspace, module, entry)?.declaration;
  if (declaration !== undefined && !(isCallable(declaration) && canMove(declaration)))
    return { entry, reason: `this ${declaration.kind} has no gradient of its own`, diagnostics: [] };
  const margin = declaration?.kind === "margin" ? declaration : undefined;
  const place = withMarginLoss(host, file, entry);
  const tries = attemptsOf(declaration).map(({ standIns, inputTypes }) => () => {
    const filled = { ...standIns, ...settings };
    const [name, set] =
      margin === undefined ? [entry, filled] : [lossName, { margin: called(entry, filled) }];
    return elaborateEntry(place.host, place.file, name, { set, training: true, inputTypes });
  });
  const { program, diagnostics } = firstSound(tries);
  const own = diagnostics.filter(({ message }) => !message.includes(suffix));
  if (program === undefined) return { entry, reason: "it does not check", diagnostics: own };
  const angles = margin === undefined ? options.angles : [...options.angles, ...anglesOf(margin, settings)];
  const report = checked(program, entry, { ...options, angles });
  return report === undefined
    ? { entry, reason: "it gives no float value", diagnostics: own }
    : { entry, report, diagnostics: own };
}

/** The first result that has a program, or the first of all. */
function firstSound(tries: readonly (() => ElaborateResult)[]): ElaborateResult {
  let first: ElaborateResult | undefined;
  for (const attempt of tries) {
    const result = attempt();
    if (result.program !== undefined) return result;
    first ??= result;
  }
  return first ?? { diagnostics: [] };
}

const suffix = "_of_gradcheck";
const lossName = `margin_softmax${suffix}`;
const plainMargin = `CosFace${suffix}`;

/**
 * The file with the loss that margins are checked in, and a margin for losses that want one. A module of the
 * library cannot be added to, so there a file that imports the entry stands in its place.
 */
function withMarginLoss(
  host: SourceHost,
  file: string,
  entry: string,
): { readonly host: SourceHost; readonly file: string } {
  const imports = `\nimport { margin_softmax as ${lossName} } from "std/losses"\nimport { CosFace as ${plainMargin} } from "std/margins"\n`;
  const place = isLibrary(file) ? `gradcheck${suffix}.margo` : file;
  const read = (name: string): string | undefined => {
    if (name !== place) return host.read(name);
    if (isLibrary(file)) return `import { ${entry} } from "${file}"${imports}`;
    const text = host.read(name);
    return text === undefined ? undefined : text + imports;
  };
  return { host: { ...host, read }, file: place };
}

function checked(program: Program, name: string, options: GradcheckOptions): GradcheckReport | undefined {
  const fn = program.functions.find(({ graph }) => graph.outputs.some((output) => output.name === "value"));
  const value = fn?.graph.outputs.find((output) => output.name === "value");
  if (fn === undefined || value?.node.type.dtype !== "f32") return undefined;
  return gradcheck({ name, builder: program.builder, variables: program.variables, fn }, options);
}

function hasGradient(kind: string): boolean {
  return kind === "fn" || kind === "layer" || kind === "model" || kind === "margin" || kind === "loss";
}

function isCallable(declaration: { readonly kind: string }): declaration is Callable {
  return hasGradient(declaration.kind);
}

function called(name: string, settings: SettingTexts): string {
  return `${name}(${Object.entries(settings)
    .map(([setting, text]) => `${setting}: ${text}`)
    .join(", ")})`;
}

/** Whether there is anything to take a gradient by: inputs, or what a body other than a function may learn. */
function canMove({ kind, parameters, settings }: Callable): boolean {
  return kind !== "fn" || [...settings, ...parameters].some(({ type }) => type?.kind === "tensor");
}

/** Lists are as long as there are classes in a check; failing that, each one longer than the one before. */
const lists = ["[3, 1, 2, 5, 4]", "[1, 2, 3, 4, 5, 6]", "[1, 2, 3, 4, 5, 6, 7]"];
const texts: SettingTexts = { int: "3", float: "0.5", bool: "true", margin: plainMargin };

/** What the settings and inputs of an entry may be, in the order to try. */
interface Attempt {
  readonly standIns: SettingTexts;
  /** Sizes that a body asks about while it is compiled (`if C == 1`) must be known; others stay free. */
  readonly inputTypes: Readonly<Record<string, TensorType>>;
}

function attemptsOf(declaration: Callable | undefined): readonly Attempt[] {
  if (declaration === undefined) return [{ standIns: {}, inputTypes: {} }];
  const even = standInsOf(declaration, () => lists[0]);
  const rising = standInsOf(declaration, (index) => lists[index]);
  const known = declaration.kind === "margin" ? {} : knownTypes(declaration);
  return [
    { standIns: even, inputTypes: {} },
    { standIns: even, inputTypes: known },
    { standIns: rising, inputTypes: {} },
  ];
}

function standInsOf(
  { settings, parameters }: Callable,
  listAt: (index: number) => string | undefined,
): SettingTexts {
  let seen = 0;
  return Object.fromEntries(
    [...settings, ...parameters].flatMap(({ name, type, defaultValue }) => {
      if (type?.kind !== "setting" || defaultValue !== undefined) return [];
      const text = type.name === "list" ? listAt(seen++) : texts[type.name];
      return text === undefined ? [] : [[name.name, text]];
    }),
  );
}

/** Small sizes for the names in the inputs' types; `...` is one axis. None where a size is worked out. */
function knownTypes({ parameters }: Callable): Readonly<Record<string, TensorType>> {
  const types: Record<string, TensorType> = {};
  for (const { name, type } of parameters) {
    if (type?.kind !== "tensor") continue;
    const shape = type.dims.map((dim) => {
      if (dim.kind === "ellipsis") return constantDim(3);
      return dim.kind === "name"
        ? constantDim(smallSize(dim.name))
        : dim.kind === "number"
          ? constantDim(dim.value)
          : undefined;
    });
    const sizes = shape.filter((dim) => dim !== undefined);
    if (sizes.length < shape.length) return {};
    types[name.name] = { dtype: type.dtype === "index" ? "i32" : type.dtype, shape: sizes };
  }
  return types;
}

/**
 * Angles at which a margin with these settings may break: for a setting v, θ + v = π, θ = v, cos θ = ±v, and
 * the ends of v pieces when v is whole; and a right angle.
 */
export function anglesOf(margin: Callable, settings: SettingTexts): readonly number[] {
  const numbers = [...margin.settings, ...margin.parameters].flatMap((parameter) =>
    settingValue(parameter, settings),
  );
  const angles = numbers.flatMap((v) => [
    Math.PI - v,
    v,
    ...(Math.abs(v) < 1 ? [Math.acos(v), Math.acos(-v)] : []),
    ...(Number.isInteger(v) && v >= 2 && v <= 8
      ? Array.from({ length: v - 1 }, (_, k) => ((k + 1) * Math.PI) / v)
      : []),
  ]);
  const inside = [Math.PI / 2, ...angles].filter((angle) => angle > 0 && angle < Math.PI);
  return [...new Set(inside.map((angle) => Number(angle.toPrecision(15))))];
}

function settingValue({ name, defaultValue }: Parameter, settings: SettingTexts): readonly number[] {
  const text = settings[name.name];
  const value = text === undefined ? literalValue(defaultValue) : Number(text);
  return value === undefined || !Number.isFinite(value) ? [] : [value];
}

function literalValue(expression: Expression | undefined): number | undefined {
  return expression?.kind === "number" ? expression.value : undefined;
}

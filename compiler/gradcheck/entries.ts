/**
 * Gradcheck of a file's declarations by name. A margin is checked inside `margin_softmax`, since its gradient
 * is felt there; everything else as it stands. Settings without a default get small stand-ins, so that
 * a layer or a loss can be checked without being told how wide it is.
 */
import { elaborateEntry } from "../check/index.ts";
import { type SourceHost, loadModule, openWorkspace, resolveGlobal } from "../check/workspace.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import { type GradcheckOptions, type GradcheckReport, gradcheck } from "../gradcheck.ts";
import type { Program } from "../program.ts";
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

/** The names of a file's declarations that have gradients, in source order. */
export function gradcheckNames(host: SourceHost, file: string): readonly string[] {
  const module = loadModule(openWorkspace(host), file);
  return [...(module?.declarations.values() ?? [])].flatMap((declaration) =>
    hasGradient(declaration.kind) ? [declaration.name.name] : [],
  );
}

/** Checks one name that a file declares or imports. */
export function gradcheckEntry(
  host: SourceHost,
  file: string,
  entry: string,
  settings: SettingTexts,
  options: GradcheckOptions,
): EntryGradcheck {
  const extended = withMarginLoss(host, file);
  const workspace = openWorkspace(extended);
  const module = loadModule(workspace, file);
  const declaration = module === undefined ? undefined : resolveGlobal(workspace, module, entry)?.declaration;
  if (declaration !== undefined && !isCallable(declaration))
    return { entry, reason: `a ${declaration.kind} has no gradient of its own`, diagnostics: [] };
  const filled = declaration === undefined ? settings : { ...standIns(declaration), ...settings };
  const isMargin = declaration?.kind === "margin";
  const elaborated = isMargin
    ? elaborateEntry(extended, file, lossName, { set: { margin: called(entry, filled) } })
    : elaborateEntry(extended, file, entry, { set: filled });
  const { program, diagnostics } = elaborated;
  if (program === undefined) return { entry, reason: "it does not check", diagnostics };
  const angles = isMargin ? [...options.angles, ...anglesOf(declaration, settings)] : options.angles;
  const report = checked(program, entry, { ...options, angles });
  return report === undefined
    ? { entry, reason: "it gives no float value", diagnostics }
    : { entry, report, diagnostics };
}

const lossName = "margin_softmax_of_gradcheck";
const plainMargin = "CosFace_of_gradcheck";

/** The file as it is, with the loss that margins are checked in, and a margin for losses that want one. */
function withMarginLoss(host: SourceHost, file: string): SourceHost {
  const imports = `\nimport { margin_softmax as ${lossName} } from "std/losses"\nimport { CosFace as ${plainMargin} } from "std/margins"\n`;
  return {
    ...host,
    read: (name) => {
      const text = host.read(name);
      return text === undefined || name !== file ? text : text + imports;
    },
  };
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

/** Lists are as long as there are classes in a check. */
const texts: SettingTexts = {
  int: "3",
  float: "0.5",
  list: "[3, 1, 2, 5, 4]",
  bool: "true",
  margin: plainMargin,
};

function standIns({ settings, parameters }: Callable): SettingTexts {
  return Object.fromEntries(
    [...settings, ...parameters].flatMap(({ name, type, defaultValue }) => {
      const text = type?.kind === "setting" && defaultValue === undefined ? texts[type.name] : undefined;
      return text === undefined ? [] : [[name.name, text]];
    }),
  );
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

/**
 * The settings of a `train`, as plain facts: which model, loss and optimizer, which data, how long. What is
 * wrong with one of them is reported where it was written.
 */
import type { OneOrMore } from "../../runtime/dataset.ts";
import type { DataSource } from "../../runtime/program.ts";
import type { Expression, TrainDeclaration } from "../syntax/ast.ts";
import { duplicateName } from "../errors/check-names.ts";
import {
  bothLengths,
  missingTrainSetting,
  unknownTrainSetting,
  wrongTrainSetting,
} from "../errors/check-train.ts";
import type { Fix } from "../errors/diagnostic.ts";
import type { Span } from "../errors/span.ts";
import type { Given } from "./arguments.ts";
import { evaluate } from "./expressions.ts";
import { type Frame, moduleFrame } from "./frame.ts";
import { type Metrics, accuracyName, readMetrics } from "./metrics.ts";
import { report } from "./report.ts";
import type { Session } from "./session.ts";
import { suggestTrainSetting } from "../errors/foreign-names.ts";
import { withArticle } from "../errors/suggest.ts";
import { plainNumberFix, readerFix, unquotedNameFix, withoutBracketsFix } from "./unquoted.ts";
import { type FunctionValue, type Value, phraseOf, knownInt } from "./values.ts";
import type { LoadedModule } from "./workspace.ts";

export interface Chosen {
  readonly callee: FunctionValue;
  readonly given: Given;
  readonly span: Span;
}

export interface ChosenOptimizer extends Chosen {
  /** The names of the parameters that it is for; absent where it is for all. */
  readonly only?: readonly string[];
}

export interface ChosenReader {
  readonly source: DataSource;
  readonly span: Span;
}

export interface TrainSettings {
  /** One, or several whose outputs go to the loss side by side. */
  readonly models: OneOrMore<Chosen>;
  readonly loss: Chosen;
  /** One, or several: a parameter gets the first that is for it. */
  readonly optimizers: OneOrMore<ChosenOptimizer>;
  /** One, or several whose rows lie side by side. */
  readonly data: OneOrMore<ChosenReader>;
  readonly validation: OneOrMore<ChosenReader> | undefined;
  readonly verification: OneOrMore<ChosenReader> | undefined;
  readonly batch: number;
  readonly perClass: number | undefined;
  readonly epochs: number | undefined;
  readonly steps: number | undefined;
  readonly seed: number;
  readonly metrics: Metrics;
  readonly spans: Readonly<Record<string, Span>>;
}

/** Replacements from outside (`--set batch=32`), parsed. */
export type Overrides = ReadonlyMap<string, Expression>;

const settingNames = [
  "model",
  "loss",
  "data",
  "validation",
  "verification",
  "optimizer",
  "batch",
  "per_class",
  "epochs",
  "steps",
  "seed",
  "metrics",
] as const;
type SettingName = (typeof settingNames)[number];

/** The frame in which a train's settings are evaluated: only there do data readers have a meaning. */
export function trainFrame(session: Session, module: LoadedModule, train: TrainDeclaration): Frame {
  return {
    ...moduleFrame(session, module, train),
    ambient: { context: "train", names: [accuracyName], lookup: () => undefined },
  };
}

/** Undefined after a diagnostic. */
export function readTrain(
  frame: Frame,
  train: TrainDeclaration,
  overrides: Overrides,
): TrainSettings | undefined {
  const written = settingExpressions(frame, train, overrides);
  const read = <T>(
    name: SettingName,
    fit: (value: Value) => T | undefined,
    wanted: string,
  ): T | undefined => {
    const expression = written.get(name);
    return expression === undefined ? undefined : readSetting(frame, name, expression, fit, wanted);
  };
  const chosen = (name: "model" | "optimizer") => readOneOrMore(frame, name, written.get(name), choice(name));
  const [models, optimizers] = [chosen("model"), chosen("optimizer")];
  const lost = written.get("loss");
  const loss = lost && readPlaced(frame, "loss", lost, choice("loss").fit, withArticle("loss"));
  const readers = (name: SettingName) => readReaders(frame, name, written.get(name));
  const [data, validation, verification] = [readers("data"), readers("validation"), readers("verification")];
  const positive = (name: SettingName) =>
    read(name, (value) => wholeFrom(value, 1), "a whole number of at least 1");
  const [batch, perClass] = [positive("batch"), positive("per_class")];
  const [epochs, steps] = [positive("epochs"), positive("steps")];
  const seed = read("seed", (value) => wholeFrom(value, 0), "a whole number of at least 0");
  const listed = written.get("metrics");
  const metrics = listed === undefined ? "default" : readMetrics(frame, listed);
  reportMissing(frame, train, written);
  const spans = Object.fromEntries([...written].map(([name, { span }]) => [name, span]));
  const isWhole = epochs !== undefined || steps !== undefined;
  if (
    models === undefined ||
    loss === undefined ||
    optimizers === undefined ||
    data === undefined ||
    !isWhole
  )
    return undefined;
  if (metrics === undefined) return undefined;
  if (written.has("validation") && validation === undefined) return undefined;
  if (written.has("verification") && verification === undefined) return undefined;
  return {
    models,
    loss,
    optimizers,
    data,
    validation,
    verification,
    batch: batch ?? defaultBatch,
    perClass,
    epochs,
    steps,
    seed: seed ?? 0,
    metrics,
    spans,
  };
}

const defaultBatch = 128;

function settingExpressions(
  frame: Frame,
  train: TrainDeclaration,
  overrides: Overrides,
): Map<string, Expression> {
  const written = new Map<string, Expression>();
  for (const statement of train.body) {
    if (statement.kind !== "result") continue;
    const { name, span } = statement.name;
    if (!isSettingName(name))
      report(
        frame,
        unknownTrainSetting.report({
          span,
          name,
          known: settingNames,
          suggestion: suggestTrainSetting(name, settingNames),
        }),
      );
    else if (written.has(name))
      report(frame, duplicateName.report({ span, name, earlier: written.get(name)?.span ?? span }));
    else written.set(name, statement.value);
  }
  for (const [name, expression] of overrides) {
    if (isSettingName(name)) written.set(name, expression);
    else
      report(
        frame,
        unknownTrainSetting.report({
          span: expression.span,
          name,
          known: settingNames,
          suggestion: suggestTrainSetting(name, settingNames),
        }),
      );
  }
  // What is given from outside wins: a number of steps replaces a number of epochs, and the other way round.
  if (overrides.has("steps") && !overrides.has("epochs")) written.delete("epochs");
  if (overrides.has("epochs") && !overrides.has("steps")) written.delete("steps");
  const [epochs, steps] = [written.get("epochs"), written.get("steps")];
  if (epochs !== undefined && steps !== undefined)
    report(frame, bothLengths.report({ span: steps.span, epochs: epochs.span }));
  return written;
}

function isSettingName(name: string): name is SettingName {
  return settingNames.some((known) => known === name);
}

function readSetting<T>(
  frame: Frame,
  name: SettingName,
  expression: Expression,
  fit: (value: Value) => T | undefined,
  wanted: string,
): T | undefined {
  const value = evaluate(frame, expression);
  if (value.kind === "error") return undefined;
  const fitting = fit(value);
  if (fitting === undefined)
    report(
      frame,
      wrongTrainSetting.report({
        span: expression.span,
        name,
        wanted,
        found: phraseOf(value),
        fix: fixOf(frame, name, value, expression.span),
      }),
    );
  return fitting;
}

/** What a setting takes one of or several, and how it is called. */
interface Kind<T> {
  readonly fit: (value: Value) => T | undefined;
  readonly one: string;
  readonly several: string;
}

type Placed<T> = T & { readonly span: Span };

function choice(kind: "model" | "loss" | "optimizer"): Kind<Omit<ChosenOptimizer, "span">> {
  return { fit: (value) => asChosen(value, kind), one: withArticle(kind), several: `${kind}s` };
}

const readerKind: Kind<Omit<ChosenReader, "span">> = {
  fit: asData,
  one: "a data reader, such as idx(…)",
  several: "data readers, such as idx(…)",
};

/** Of several readers each says which labels it gives, a single one need not: a list of one would be either. */
function readReaders(
  frame: Frame,
  name: SettingName,
  written: Expression | undefined,
): OneOrMore<ChosenReader> | undefined {
  const readers = readOneOrMore(frame, name, written, readerKind);
  if (readers?.length !== 1 || written?.kind !== "list") return readers;
  const { span } = written;
  const wanted = `${readerKind.one}, or a list of several`;
  const fix = withoutBracketsFix(span, readers[0].span);
  report(frame, wrongTrainSetting.report({ span, name, wanted, found: "a list of one", fix }));
  return undefined;
}

/** `Features`, or a list of several; undefined after a diagnostic. */
function readOneOrMore<T>(
  frame: Frame,
  name: SettingName,
  written: Expression | undefined,
  { fit, one, several }: Kind<T>,
): OneOrMore<Placed<T>> | undefined {
  if (written === undefined) return undefined;
  const items = written.kind === "list" ? written.items : [written];
  const wanted = written.kind === "list" ? `a list of ${several}` : `${one}, or a list of them`;
  const read = items.map((item) => readPlaced(frame, name, item, fit, wanted));
  const [first, ...rest] = read.filter((item) => item !== undefined);
  if (items.length === 0)
    report(frame, wrongTrainSetting.report({ span: written.span, name, wanted, found: "empty" }));
  return first === undefined || rest.length + 1 < read.length ? undefined : [first, ...rest];
}

function readPlaced<T>(
  frame: Frame,
  name: SettingName,
  written: Expression,
  fit: (value: Value) => T | undefined,
  wanted: string,
): Placed<T> | undefined {
  const value = readSetting(frame, name, written, fit, wanted);
  return value === undefined ? undefined : { ...value, span: written.span };
}

function fixOf(frame: Frame, name: SettingName, value: Value, span: Span): Fix | undefined {
  switch (name) {
    case "model":
      return unquotedNameFix(frame, value, span, ["model", "layer"]);
    case "loss":
    case "optimizer":
      return unquotedNameFix(frame, value, span, [name]);
    case "data":
    case "validation":
    case "verification":
      return readerFix(value, span);
    case "batch":
    case "per_class":
    case "epochs":
    case "steps":
    case "seed":
      return wholeFixFrom(plainNumberFix(frame, value, span, "int"), name === "seed" ? 0 : 1);
    case "metrics":
      return undefined;
    default:
      return name satisfies never;
  }
}

/** A number below the least is no way out. */
function wholeFixFrom(fix: Fix | undefined, least: number): Fix | undefined {
  return Number(fix?.edits[0]?.newText) >= least ? fix : undefined;
}

function reportMissing(
  frame: Frame,
  train: TrainDeclaration,
  written: ReadonlyMap<string, Expression>,
): void {
  const { name, span } = train.name;
  for (const setting of ["model", "loss", "data", "optimizer"] as const)
    if (!written.has(setting)) report(frame, missingTrainSetting.report({ span, train: name, setting }));
  if (!written.has("epochs") && !written.has("steps"))
    report(frame, missingTrainSetting.report({ span, train: name, setting: "epochs" }));
}

function asChosen(
  value: Value,
  kind: "model" | "loss" | "optimizer",
): Omit<ChosenOptimizer, "span"> | undefined {
  if (value.kind !== "function" && value.kind !== "partial") return undefined;
  const { callable, module } = value;
  const isKind = callable.kind === kind || (kind === "model" && callable.kind === "layer");
  if (!isKind) return undefined;
  return {
    callee: { kind: "function", callable, module },
    given: value.kind === "partial" ? value.given : new Map(),
    ...(value.kind === "partial" && value.only !== undefined ? { only: value.only } : {}),
  };
}

function asData(value: Value): Omit<ChosenReader, "span"> | undefined {
  return value.kind === "data" ? { source: value.source } : undefined;
}

function wholeFrom(value: Value, least: number): number | undefined {
  const known = knownInt(value);
  return known !== undefined && known >= least ? known : undefined;
}

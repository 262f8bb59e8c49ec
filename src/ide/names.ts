/**
 * Every name in a file with what it stands for, from one walk over the tree with scopes. The walk looks at one file
 * alone: a name from elsewhere is kept as "what that file calls so", and symbols.ts follows it when somebody asks. So
 * an edit never makes the names of another file stale.
 */
import { isBuiltin } from "../../compiler/check/builtins/table.ts";
import { type LoadedModule, resolvePath } from "../../compiler/check/workspace.ts";
import type { Span } from "../../compiler/errors/span.ts";
import type {
  Callable,
  CallableKind,
  Expression,
  Identifier,
  Parameter,
  Statement,
  TrainDeclaration,
  TypeExpression,
} from "../../compiler/syntax/ast.ts";
import { type Place, isReadEverywhere, isSizeReading, readingIn } from "./vocabulary.ts";

export type LocalKind = "setting" | "input" | "let" | "param" | "state" | "dimension";

/** What a name stands for, as far as its own file tells. */
export type Target =
  /** What a file calls so at its top level: a declaration of its own or something it imports. */
  | { readonly kind: "global"; readonly file: string; readonly name: string }
  /** A name of a body; `declared` is where it is made. */
  | {
      readonly kind: "local";
      readonly local: LocalKind;
      readonly name: string;
      readonly declared: Span;
      readonly owner: string;
    }
  /** `m` of `LSoftmax(m: 4)`: a parameter of what is called. */
  | { readonly kind: "label"; readonly callee: Target; readonly name: string }
  /** `theta` in a margin, `grad` in an optimizer, `pi` everywhere. */
  | { readonly kind: "context"; readonly place: Place; readonly name: string }
  | { readonly kind: "builtin"; readonly name: string }
  /** `scale = …` in a margin, `predict = …` in a loss, `batch = …` in a train. */
  | { readonly kind: "result"; readonly of: CallableKind | "train"; readonly name: string }
  | { readonly kind: "unknown"; readonly name: string };

export interface Occurrence {
  readonly span: Span;
  readonly target: Target;
  /** Where the name is made, given a new value, or read. `import` makes a name of another file known here. */
  readonly role: "declaration" | "import" | "write" | "read";
}

export function occurrencesOf(module: LoadedModule): readonly Occurrence[] {
  const walk: Walk = { module, found: [] };
  for (const declaration of module.module.declarations) {
    switch (declaration.kind) {
      case "import":
        for (const { name, alias } of declaration.names) {
          const from = resolvePath(module.file, declaration.from.value);
          if (from.kind !== "file") continue;
          put(walk, name, { kind: "global", file: from.file, name: name.name }, "import");
          if (alias !== undefined) put(walk, alias, globalOf(walk, alias.name), "declaration");
        }
        break;
      case "let":
        put(walk, declaration.name, globalOf(walk, declaration.name.name), "declaration");
        walkExpression(scopeOf(walk, undefined, declaration.name.name), declaration.value);
        break;
      case "train":
        put(walk, declaration.name, globalOf(walk, declaration.name.name), "declaration");
        walkTrain(walk, declaration);
        break;
      case "fn":
      case "layer":
      case "model":
      case "margin":
      case "loss":
      case "optimizer":
        put(walk, declaration.name, globalOf(walk, declaration.name.name), "declaration");
        walkCallable(walk, declaration);
        break;
      default:
        return declaration satisfies never;
    }
  }
  return walk.found.sort((a, b) => a.span.start - b.span.start);
}

// ---------------------------------------------------------------- the walk

interface Walk {
  readonly module: LoadedModule;
  readonly found: Occurrence[];
}

interface Scope {
  readonly walk: Walk;
  readonly kind: Place;
  readonly owner: string;
  readonly names: Map<string, Target & { readonly kind: "local" }>;
  /** Names of settings that hold something to call: `margin: margin`. */
  readonly callables: Set<string>;
}

function scopeOf(walk: Walk, kind: Scope["kind"], owner: string): Scope {
  return { walk, kind, owner, names: new Map(), callables: new Set() };
}

function put(walk: Walk, { name, span }: Identifier, target: Target, role: Occurrence["role"]): void {
  if (name !== "") walk.found.push({ span, target, role });
}

function globalOf({ module }: Walk, name: string): Target {
  return { kind: "global", file: module.file, name };
}

function walkTrain(walk: Walk, train: TrainDeclaration): void {
  const scope = scopeOf(walk, "train", train.name.name);
  for (const statement of train.body) walkStatement(scope, statement);
}

function walkCallable(walk: Walk, callable: Callable): void {
  const scope = scopeOf(walk, callable.kind, callable.name.name);
  const parameters = [...callable.settings, ...callable.parameters];
  // The shapes of inputs may speak of settings: the checker binds those first.
  for (const parameter of parameters) if (parameter.type?.kind !== "tensor") bindParameter(scope, parameter);
  for (const parameter of parameters) if (parameter.type?.kind === "tensor") bindParameter(scope, parameter);
  walkType(scope, callable.returns);
  for (const statement of callable.body) walkStatement(scope, statement);
}

function bindParameter(scope: Scope, { name, type, defaultValue }: Parameter): void {
  if (defaultValue !== undefined) walkExpression(scope, defaultValue);
  walkType(scope, type);
  if (type?.kind === "setting" && !plainSettings.has(type.name)) scope.callables.add(name.name);
  declare(scope, type?.kind === "tensor" ? "input" : "setting", name);
}

const plainSettings = new Set(["int", "float", "bool", "string", "list"]);

/** The first of a name counts, as for the checker. */
function declare(scope: Scope, local: LocalKind, { name, span }: Identifier): void {
  const known = scope.names.get(name);
  const own = { kind: "local", local, name, declared: span, owner: scope.owner } as const;
  if (known === undefined || known.local === "dimension") scope.names.set(name, own);
  put(
    scope.walk,
    { name, span },
    known === undefined || known.local === "dimension" ? own : known,
    "declaration",
  );
}

function walkStatement(scope: Scope, statement: Statement): void {
  switch (statement.kind) {
    case "let":
      walkExpression(scope, statement.value);
      walkType(scope, statement.type);
      declare(scope, "let", statement.name);
      return;
    case "param":
    case "state":
      walkType(scope, statement.type);
      if (statement.initial !== undefined) walkExpression(scope, statement.initial);
      declare(scope, statement.kind, statement.name);
      return;
    case "update":
      walkExpression(scope, statement.value);
      put(scope.walk, statement.target, valueTarget(scope, statement.target.name), "write");
      return;
    case "result":
      put(scope.walk, statement.name, resultOf(scope, statement.name.name), "write");
      walkExpression(scope, statement.value);
      return;
    case "require":
      walkExpression(scope, statement.condition);
      return;
    case "expression":
      walkExpression(scope, statement.value);
      return;
    case "error":
      return;
    default:
      return statement satisfies never;
  }
}

function resultOf({ kind }: Scope, name: string): Target {
  return kind === undefined ? { kind: "unknown", name } : { kind: "result", of: kind, name };
}

function walkType(scope: Scope, type: TypeExpression | undefined): void {
  if (type?.kind !== "tensor") return;
  if (type.bound !== undefined) walkSize(scope, type.bound);
  for (const dim of type.dims) if (dim.kind !== "ellipsis") walkSize(scope, dim);
}

/** A name in a type that nothing has given a size yet makes a dimension, also in `f32[N, H // 2]`. */
function walkSize(scope: Scope, root: Expression): void {
  const stack: Expression[] = [root];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at.kind === "binary") stack.push(at.right, at.left);
    else if (at.kind === "unary") stack.push(at.operand);
    else if (at.kind === "name" && isFreshSize(scope, at.name)) declare(scope, "dimension", at);
    else walkExpression(scope, at);
  }
}

/** What is no size (`e`, a function) does not stand in the way of a dimension of that name. */
function isFreshSize(scope: Scope, name: string): boolean {
  if (scope.names.has(name) || isSizeReading(scope.kind, name)) return false;
  const { declarations, imports } = scope.walk.module;
  return declarations.get(name)?.kind !== "let" && !imports.has(name);
}

/** With a stack of its own, so that chains of any length may lean to the left. */
function walkExpression(scope: Scope, root: Expression): void {
  const stack: Expression[] = [root];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    switch (at.kind) {
      case "name":
        put(scope.walk, at, valueTarget(scope, at.name), "read");
        break;
      case "call":
        walkCall(scope, at, stack);
        break;
      case "list":
        stack.push(...at.items);
        break;
      case "index":
        stack.push(at.target, at.index);
        break;
      case "unary":
        stack.push(at.operand);
        break;
      case "binary":
      case "pipe":
        stack.push(at.left, at.right);
        break;
      case "if":
        stack.push(at.condition, at.whenTrue, at.whenFalse);
        break;
      case "number":
      case "string":
      case "bool":
      case "error":
        break;
      default:
        return at satisfies never;
    }
  }
}

function walkCall(scope: Scope, call: Extract<Expression, { kind: "call" }>, stack: Expression[]): void {
  const callee = calleeTarget(scope, call.callee);
  if (call.callee.kind === "name") put(scope.walk, call.callee, callee, "read");
  else stack.push(call.callee);
  for (const { name, value } of call.arguments) {
    if (name !== undefined) put(scope.walk, name, { kind: "label", callee, name: name.name }, "read");
    stack.push(value);
  }
}

/** What an expression in front of `(` calls; `dense(10)(x)` calls `dense` twice. */
function calleeTarget(scope: Scope, callee: Expression): Target {
  let at = callee;
  while (at.kind === "call") at = at.callee;
  return at.kind === "name" ? functionTarget(scope, at.name) : { kind: "unknown", name: "" };
}

/** A call looks a function up: `cos` and `cos(…)` live side by side. */
function functionTarget(scope: Scope, name: string): Target {
  const own = scope.names.get(name);
  if (own !== undefined && scope.callables.has(name)) return own;
  return declaredTarget(scope, name) ?? own ?? { kind: "unknown", name };
}

function valueTarget(scope: Scope, name: string): Target {
  const own = scope.names.get(name);
  if (own !== undefined) return own;
  const declared = declaredTarget(scope, name);
  if (isReadEverywhere(name) && declared !== undefined) return declared;
  if (readingIn(scope.kind, name) !== undefined) return { kind: "context", place: scope.kind, name };
  return declared ?? { kind: "unknown", name };
}

function declaredTarget({ walk }: Scope, name: string): Target | undefined {
  const { declarations, imports } = walk.module;
  if (declarations.has(name) || imports.has(name)) return globalOf(walk, name);
  return isBuiltin(name) ? { kind: "builtin", name } : undefined;
}

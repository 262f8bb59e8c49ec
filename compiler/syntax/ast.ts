/**
 * The abstract syntax: what the text says, sugar still visible. It is built from the CST and is total:
 * where the text is broken there is an `error` expression or statement, never a hole. Names are already
 * folded (θ is `theta`, π is `pi`); spans point at the text as written.
 */
import type { Span } from "../errors/span.ts";

export interface Module {
  readonly file: string;
  readonly declarations: readonly Declaration[];
  readonly span: Span;
}

export interface Identifier {
  readonly name: string;
  readonly span: Span;
}

interface Located {
  readonly span: Span;
}

// ---------------------------------------------------------------- declarations

export type Declaration = Import | Callable | TrainDeclaration | ConstantDeclaration;

export interface Import extends Located {
  readonly kind: "import";
  readonly names: readonly { readonly name: Identifier; readonly alias?: Identifier }[];
  /** The text between the quotes: `./file.margo`, `std/layers`. */
  readonly from: { readonly value: string; readonly span: Span };
}

export type CallableKind = "fn" | "layer" | "model" | "margin" | "loss" | "optimizer";

/** Everything with a body that is elaborated at each use. */
export interface Callable extends Located {
  readonly kind: CallableKind;
  readonly name: Identifier;
  readonly exported: boolean;
  /** The `///` lines above, joined by newlines, without the slashes. */
  readonly doc?: string;
  /** The first parameter list of a `layer`, which has two; empty for the rest. */
  readonly settings: readonly Parameter[];
  /** The only list of every other kind, tensors and settings mixed. */
  readonly parameters: readonly Parameter[];
  readonly returns?: TypeExpression;
  readonly body: readonly Statement[];
}

export interface Parameter extends Located {
  readonly name: Identifier;
  readonly type?: TypeExpression;
  readonly defaultValue?: Expression;
}

export interface TrainDeclaration extends Located {
  readonly kind: "train";
  readonly name: Identifier;
  readonly exported: boolean;
  readonly doc?: string;
  /** Results (`model = Features`), and `error` statements where the text is broken. */
  readonly body: readonly Statement[];
}

/** `let faces = 512` outside a body. */
export interface ConstantDeclaration extends Located {
  readonly kind: "let";
  readonly name: Identifier;
  readonly exported: boolean;
  readonly doc?: string;
  readonly value: Expression;
}

// ---------------------------------------------------------------- types

export type TypeExpression = TensorTypeExpression | SettingTypeExpression;

export interface TensorTypeExpression extends Located {
  readonly kind: "tensor";
  readonly dtype: "f32" | "i32" | "bool" | "index";
  /** The C of `index<C>`. */
  readonly bound?: Expression;
  /** Empty for a scalar: `f32`. */
  readonly dims: readonly (Expression | Ellipsis)[];
}

/** `...`: any number of axes; at most one in a type. */
export interface Ellipsis extends Located {
  readonly kind: "ellipsis";
}

export interface SettingTypeExpression extends Located {
  readonly kind: "setting";
  /** `bool` alone is the setting; `bool[N]` is a tensor. An unknown word is kept for the checker to name. */
  readonly name: string;
}

// ---------------------------------------------------------------- statements

export type Statement =
  | LetStatement
  | ParamStatement
  | StateStatement
  | UpdateStatement
  | ResultStatement
  | RequireStatement
  | ExpressionStatement
  | ErrorStatement;

export interface LetStatement extends Located {
  readonly kind: "let";
  readonly name: Identifier;
  readonly type?: TypeExpression;
  readonly value: Expression;
}

/** `param W: f32[C, D] ~ normal(std: 0.01)` */
export interface ParamStatement extends Located {
  readonly kind: "param";
  readonly name: Identifier;
  readonly type?: TypeExpression;
  readonly initial?: Expression;
}

/** `state t = 0` */
export interface StateStatement extends Located {
  readonly kind: "state";
  readonly name: Identifier;
  readonly type?: TypeExpression;
  readonly initial: Expression;
}

/** `t <- 0.99 * t + 0.01 * mean(cos_y)` */
export interface UpdateStatement extends Located {
  readonly kind: "update";
  readonly target: Identifier;
  readonly value: Expression;
}

/** `scale = s`, `predict = …`, and the settings of a `train`. */
export interface ResultStatement extends Located {
  readonly kind: "result";
  readonly name: Identifier;
  readonly value: Expression;
}

/** `require m >= 1 else "m counts the pieces of the angle: at least 1"` */
export interface RequireStatement extends Located {
  readonly kind: "require";
  readonly condition: Expression;
  readonly message: string;
}

/** The value of a body: its last statement. */
export interface ExpressionStatement extends Located {
  readonly kind: "expression";
  readonly value: Expression;
}

export interface ErrorStatement extends Located {
  readonly kind: "error";
}

// ---------------------------------------------------------------- expressions

export type Expression =
  | NumberExpression
  | StringExpression
  | BoolExpression
  | ListExpression
  | NameExpression
  | CallExpression
  | IndexExpression
  | UnaryExpression
  | BinaryExpression
  | PipeExpression
  | IfExpression
  | ErrorExpression;

export interface NumberExpression extends Located {
  readonly kind: "number";
  readonly value: number;
  /** Written without point or exponent. */
  readonly isInteger: boolean;
}

export interface StringExpression extends Located {
  readonly kind: "string";
  readonly value: string;
}

export interface BoolExpression extends Located {
  readonly kind: "bool";
  readonly value: boolean;
}

export interface ListExpression extends Located {
  readonly kind: "list";
  readonly items: readonly Expression[];
}

export interface NameExpression extends Located {
  readonly kind: "name";
  readonly name: string;
}

export interface CallExpression extends Located {
  readonly kind: "call";
  readonly callee: Expression;
  readonly arguments: readonly Argument[];
}

export interface Argument extends Located {
  readonly name?: Identifier;
  /** `over: ...` is the name `...`. */
  readonly value: Expression;
}

/** `m[y]` */
export interface IndexExpression extends Located {
  readonly kind: "index";
  readonly target: Expression;
  readonly index: Expression;
}

export interface UnaryExpression extends Located {
  readonly kind: "unary";
  readonly operator: "-" | "not";
  readonly operand: Expression;
}

export type BinaryOperator =
  "or" | "and" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "//" | "%" | "@" | "^";

export interface BinaryExpression extends Located {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly operatorSpan: Span;
  readonly left: Expression;
  readonly right: Expression;
}

/** `x |> f(settings)` */
export interface PipeExpression extends Located {
  readonly kind: "pipe";
  readonly left: Expression;
  readonly right: Expression;
}

export interface IfExpression extends Located {
  readonly kind: "if";
  readonly condition: Expression;
  readonly whenTrue: Expression;
  readonly whenFalse: Expression;
}

export interface ErrorExpression extends Located {
  readonly kind: "error";
}

/**
 * A frame is one body being elaborated: its names, its dimensions, and who called it. Names are looked up
 * here first; what is not found may be ambient (`theta` in a margin, `grad` in an optimizer) or global.
 */
import { type Dim, labelled } from "../ir/dim.ts";
import type { Callable, CallableKind, ConstantDeclaration, TrainDeclaration } from "../syntax/ast.ts";
import type { Span } from "../errors/span.ts";
import type { GeometryName, Head } from "./geometry.ts";
import type { Session } from "./session.ts";
import type { TensorValue, Value } from "./values.ts";
import type { LoadedModule } from "./workspace.ts";

export interface Frame {
  readonly session: Session;
  readonly module: LoadedModule;
  readonly owner: Callable | TrainDeclaration | ConstantDeclaration | undefined;
  readonly names: Map<string, Binding>;
  readonly dims: Map<string, DimBinding>;
  /** The axes that `...` stands for. */
  ellipsis?: EllipsisBinding;
  /** What the names of variables begin with: `margin_softmax.` */
  readonly path: string;
  /** Tells apart the uses of one body, for random sites: every call on the way here. */
  readonly trail: string;
  /** How often each name was called in this body, for `conv2d_2`. */
  readonly calls: Map<string, number>;
  /** What the names of each margin's variables begin with: a margin is one, however often this body uses it. */
  readonly margins: Map<Value, string>;
  /** Of a margin: the body that it belongs to, also where a function uses it that was given it. */
  readonly home?: Frame;
  readonly caller?: { readonly frame: Frame; readonly span: Span };
  readonly depth: number;
  readonly ambient: Ambient;
  /** Where penalties of margins go: the loss around. */
  readonly penalties?: TensorValue[];
  /** Set where an expression is walked only so that its mistakes show: a branch not taken. */
  readonly dead?: true;
  /** Set once a `require` of this body failed: what follows from it is not said. */
  refused?: true;
}

export type BindingKind = "let" | "setting" | "input" | "param" | "state";

export interface Binding {
  readonly kind: BindingKind;
  readonly value: Value;
  readonly span: Span;
  /** The full name of the variable behind a param or state. */
  readonly variable?: string;
  /** Where a setting was given, when it was. */
  readonly givenAt?: Span;
  /** A size as the caller calls it. */
  readonly original?: Dim;
  used: boolean;
}

export interface DimBinding {
  readonly dim: Dim;
  /** The caller's dimension, with the caller's label. */
  readonly original: Dim;
  readonly span: Span;
  /** What it was bound by: "`x` is f32[N, 512]". */
  readonly because: string;
}

export interface EllipsisBinding {
  /** Labelled `...0`, `...1`, so that `over: ...` finds them again. */
  readonly dims: readonly Dim[];
  /** The same with the caller's labels. */
  readonly originals: readonly Dim[];
  readonly span: Span;
}

/** Names that a context gives to every body elaborated within it. */
export interface Ambient {
  readonly context: "none" | "margin" | "optimizer" | "initialiser" | "train";
  /** The value of an ambient name; made when it is first asked for. */
  readonly lookup: (name: string) => Value | undefined;
  readonly names: readonly string[];
  /** In an initialiser or optimizer: the shape of the parameter. */
  readonly shape?: readonly Dim[];
  /** In an optimizer: what the names of its states end with. */
  readonly suffix?: string;
  /** In a margin: the two readings of a name (see margins.ts). */
  readonly reading?: Reading;
  readonly head?: Head;
  readonly geometry?: (name: GeometryName) => Value;
}

/** How a margin's body is read: for every pair of row and class, or for each row's own class. */
export interface Reading {
  readonly of: "pairs" | "own";
  /** The frames in which the body is read, once its statements are. */
  readonly frames: MarginFrames | undefined;
  /** A per-class value as it takes part in formulas: a row [1, C] for pairs, the own class's [N, 1]. */
  readonly perPair: (value: Value) => Value;
  /** A value for pairs as the value for each row's own class. */
  readonly toOwn: (value: Value) => Value;
}

export interface MarginFrames {
  readonly pairs: () => Frame;
  readonly own: () => Frame;
}

export const noAmbient: Ambient = { context: "none", lookup: () => undefined, names: [] };

/** The frame in which a file's constants and a train's settings are evaluated. */
export function moduleFrame(session: Session, module: LoadedModule, owner: Frame["owner"]): Frame {
  return {
    session,
    module,
    owner,
    names: new Map(),
    dims: new Map(),
    path: "",
    trail: "",
    calls: new Map(),
    margins: new Map(),
    depth: 0,
    ambient: noAmbient,
  };
}

/** The frame in which a margin's body is read in that way; undefined outside of its statements. */
export function frameOfReading({ ambient, dead }: Frame, of: Reading["of"]): Frame | undefined {
  const frame = ambient.reading?.frames?.[of]();
  return frame === undefined || dead === undefined ? frame : { ...frame, dead };
}

export function outermost(frame: Frame): Frame {
  let current = frame;
  while (current.caller !== undefined) current = current.caller.frame;
  return current;
}

/** Whether this body, or one that it belongs to, is of that kind. */
export function isWithin({ owner, home, caller }: Frame, kind: CallableKind): boolean {
  const around = home ?? caller?.frame;
  return owner?.kind === kind || (around !== undefined && isWithin(around, kind));
}

export function bindDim(frame: Frame, name: string, dim: Dim, span: Span, because: string): Dim {
  const bound = labelled(dim, name);
  frame.dims.set(name, { dim: bound, original: dim, span, because });
  return bound;
}

/** The owner's name for messages: "`dense`". */
export function ownerName(frame: Frame): string {
  return frame.owner === undefined ? "this file" : frame.owner.name.name;
}

/** Numbers the calls of one name in a body: `conv2d`, then `conv2d_2`. */
export function pathOfCall(frame: Frame, name: string): string {
  const count = (frame.calls.get(name) ?? 0) + 1;
  frame.calls.set(name, count);
  return `${frame.path}${count === 1 ? name : `${name}_${count}`}.`;
}

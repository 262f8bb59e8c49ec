/**
 * The state of one elaboration. A `Program` here is everything that the functions of one entry share: the
 * graph builder, the variables, the numbering of random sites. A `Session` is one function of it being
 * made: the new values of its states. Both are filled as the source is walked, in source order;
 * everything else in the checker is a function of them.
 */
import { type Dim, knownSize } from "../ir/dim.ts";
import { GraphBuilder, type Node } from "../ir/node.ts";
import type { ProgramInput, ProgramVariable } from "../program.ts";
import type { Callable, ConstantDeclaration } from "../syntax/ast.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import type { Span } from "../errors/span.ts";
import type { TensorValue, Value } from "./values.ts";
import type { CallMemory } from "./call-memory.ts";
import type { Workspace } from "./workspace.ts";

/** A generic check knows no setting without a default and visits every branch; a concrete one makes a program. */
export type Mode = "generic" | "concrete";

export interface ProgramState {
  readonly workspace: Workspace;
  /** What the check of the whole file finds. The check of one declaration fills lists of its own first. */
  readonly whole: Findings;
  readonly builder: GraphBuilder;
  readonly mode: Mode;
  readonly diagnostics: Diagnostic[];
  /** The places of these diagnostics. */
  readonly reported: Set<string>;
  /** Types of expressions, kept for the declaration that is being checked. */
  readonly types: TypeRecord[];
  readonly variables: Map<string, ProgramVariable>;
  /** Numbers of random sites by the calls that lead there and the place that asks. */
  readonly sites: Map<string, number>;
  readonly constants: Map<ConstantDeclaration, Value | "evaluating">;
  /** Declarations that failed their own check: their uses stay silent. */
  readonly checked: Map<Callable, "checking" | "sound" | "broken">;
  /** Numbers of classes by the name of their dimension, where only a list with a number a class tells. */
  readonly classCounts: Map<string, number>;
  /** Names of dimensions that stand for settings without a default. */
  readonly openSettings: Set<string>;
  /** Names that the walk has looked at, for warnings about imports that nobody uses. */
  readonly usedGlobals: Set<string>;
  /** Expressions looked at, how deep the walk stands, errors reported so far, and calls that were remembered. */
  readonly effort: { steps: number; depth: number; errors: number; recalled: number };
  /** Set where calls that gave no mistakes need not be made again. */
  readonly calls?: CallMemory;
  /** Counters that the program asks for. */
  readonly counters: Set<string>;
  /** Everything that is fed; a function's own inputs are those that its graph reaches. */
  readonly inputs: Map<string, ProgramInput>;
}

/** What a check leaves behind. */
export interface Findings {
  readonly diagnostics: Diagnostic[];
  readonly types: TypeRecord[];
  readonly usedGlobals: Set<string>;
  readonly calls: CallMemory;
}

/** The type of an expression as people read it, `f32[N, 512]`, and where the expression stands. */
export interface TypeRecord {
  readonly span: Span;
  readonly text: string;
}

export interface Session {
  readonly program: ProgramState;
  /** True in a training step, false elsewhere, undefined where a generic check cannot know. */
  readonly training: boolean | undefined;
  /** States that were updated, with their new values. */
  readonly updated: Map<string, TensorValue>;
  readonly traces: Map<string, Node>;
}

export function newProgram(workspace: Workspace, mode: Mode): ProgramState {
  const whole: Findings = { diagnostics: [], types: [], usedGlobals: new Set(), calls: new Map() };
  const { diagnostics, types, usedGlobals } = whole;
  return {
    workspace,
    whole,
    diagnostics,
    types,
    usedGlobals,
    builder: new GraphBuilder(),
    mode,
    variables: new Map(),
    sites: new Map(),
    constants: new Map(),
    checked: new Map(),
    classCounts: new Map(),
    openSettings: new Set(),
    reported: new Set(),
    effort: newEffort(),
    counters: new Set(),
    inputs: new Map(),
  };
}

export function newEffort(): ProgramState["effort"] {
  return { steps: 0, depth: 0, errors: 0, recalled: 0 };
}

/** The first list decides how many classes there are where nothing else does. */
export function noteClassCount(
  { classCounts }: ProgramState,
  classes: Dim | undefined,
  items: Dim | undefined,
): void {
  const [name, count] = [classes?.key ?? "", items === undefined ? 1 : (knownSize(items) ?? 1)];
  if (/^[A-Za-z_]\w*$/.test(name) && count > 1 && !classCounts.has(name)) classCounts.set(name, count);
}

export function newSession(program: ProgramState, training: boolean | undefined): Session {
  return { program, training, updated: new Map(), traces: new Map() };
}

/** One number a place in the source and way of calls to it: the same in every function of a program. */
export function siteOf(program: ProgramState, trail: string, place: Span): number {
  const key = `${trail}>${place.file}:${place.start}`;
  const site = program.sites.get(key) ?? program.sites.size;
  program.sites.set(key, site);
  return site;
}

/** A fed leaf. Counters are i32 scalars that the run feeds. */
export function feedInput(session: Session, input: ProgramInput): Node {
  session.program.inputs.set(input.name, input);
  const { dtype, shape } = input.type;
  return session.program.builder.make("input", [], { name: input.name, dtype, shape }, input.span);
}

export function feedCounter(session: Session, name: "step" | "epoch" | "seed"): Node {
  session.program.counters.add(name);
  return feedInput(session, { name, type: { dtype: "i32", shape: [] }, role: "counter" });
}

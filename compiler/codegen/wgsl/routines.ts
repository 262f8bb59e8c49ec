/**
 * Functions of a kernel that are called at many places, with parameters that stay the same from call to call: the row of
 * an element, say, for all elements of the row. What such a function loads by one group of parameters alone is loaded
 * once for the group, and calls pass it.
 */
import type { Parameter, ScalarType, Statement } from "./kernel.ts";
import type { KernelWriter } from "./writer.ts";

/** Parameters that are passed together, and how many loaded values may be kept for them. */
export interface ParameterGroup {
  readonly parameters: readonly Parameter[];
  readonly most: number;
}

export interface RoutineText {
  readonly name: string;
  readonly groups: readonly ParameterGroup[];
  /** Parameters of each call. */
  readonly own?: readonly Parameter[];
  /** Where it does anything at all: a condition on the parameters. */
  readonly where?: string;
}

export interface Routine {
  /** Names what calls pass for a group: its operands and what is loaded by them, which are read at `at`. */
  readonly prepare: (
    group: ParameterGroup,
    operands: readonly string[],
    at?: readonly string[],
  ) => readonly string[];
  /** How many names that is. */
  readonly passed: (group: ParameterGroup) => number;
  /** The text of a call, with what was prepared for each group in their order. */
  readonly call: (prepared: readonly (readonly string[])[], own?: readonly string[]) => string;
}

/** `write` writes the body, for parameters of these names, and gives the f32 that is returned, if any. */
export function routine(
  writer: KernelWriter,
  { name, groups, own = [], where }: RoutineText,
  write: () => string | undefined,
): Routine {
  let result: string | undefined;
  const written = writer.block(() => {
    result = write();
  });
  const { body, values } = shareLoads(writer, written, result ?? "", groups, own);
  const shared = (group: ParameterGroup): readonly SharedValue[] => values.get(group) ?? [];
  for (const group of groups)
    for (const each of shared(group))
      writer.declare({
        name: `${name}_${each.name}`,
        parameters: group.parameters,
        body: each.body,
        result: { text: each.name, type: each.type },
      });
  writer.declare({
    name,
    parameters: [...groups.flatMap((group) => [...group.parameters, ...shared(group)]), ...own],
    body: where === undefined ? body : [{ kind: "if", condition: where, body }],
    result: result === undefined ? undefined : { text: result, type: "f32" },
  });
  return {
    passed: (group) => group.parameters.length + shared(group).length,
    prepare: (group, operands, at = operands) => [
      ...operands,
      ...shared(group).map(
        (each) =>
          writer.let({ text: `${name}_${each.name}(${at.join(", ")})`, type: each.type }, "kept").text,
      ),
    ],
    call: (prepared, values = []) => `${name}(${[...prepared.flat(), ...values].join(", ")})`,
  };
}

/** A value of a group, and the statements that it takes, itself the last. */
interface SharedValue {
  readonly name: string;
  readonly type: ScalarType;
  readonly body: readonly Let[];
}

type Let = Extract<Statement, { readonly kind: "let" }>;

/** Takes out of a body what it loads by the parameters of one group alone. */
function shareLoads(
  writer: KernelWriter,
  body: readonly Statement[],
  result: string,
  groups: readonly ParameterGroup[],
  own: readonly Parameter[],
): {
  readonly body: readonly Statement[];
  readonly values: ReadonlyMap<ParameterGroup, readonly SharedValue[]>;
} {
  const lets = new Map(body.flatMap((each) => (each.kind === "let" ? [[each.name, each] as const] : [])));
  const changing = [...own.map(({ name }) => name), ...changingNames(body)];
  const groupOf = groupsOfLets(writer, body, groups, changing);
  const values = new Map(
    groups.map((group) => {
      const decided = [...lets.values()].filter(({ name }) => groupOf.get(name) === group);
      return [group, endsOfLoads(lets, decided).slice(0, group.most)] as const;
    }),
  );
  const names = new Set([...values.values()].flat().map(({ name }) => name));
  const left = body.filter((each) => each.kind !== "let" || !names.has(each.name));
  return { body: withoutUnread(left, result), values };
}

/** Those that load something and that no other of them needs: the last of a chain stands for all of it. */
function endsOfLoads(lets: ReadonlyMap<string, Let>, decided: readonly Let[]): readonly SharedValue[] {
  const values = decided.flatMap((each): readonly SharedValue[] => {
    const needed = neededBy(lets, each);
    const loads = needed.some(({ value }) => value.includes("["));
    return loads && each.type !== undefined ? [{ name: each.name, type: each.type, body: needed }] : [];
  });
  const inside = new Set(values.flatMap(({ body }) => body.slice(0, -1).map(({ name }) => name)));
  return values.filter(({ name }) => !inside.has(name));
}

/** The `let`s that a `let` is made of, in their order, and itself. */
function neededBy(lets: ReadonlyMap<string, Let>, one: Let): readonly Let[] {
  const needed = new Set<Let>();
  const visit = (each: Let): void => {
    for (const name of identifiers(each.value)) {
      const other = lets.get(name);
      if (other !== undefined && !needed.has(other)) visit(other);
    }
    needed.add(each);
  };
  visit(one);
  return [...needed];
}

/** The group by which alone each `let` can be worked out; of those that no parameter decides there is none. */
function groupsOfLets(
  writer: KernelWriter,
  body: readonly Statement[],
  groups: readonly ParameterGroup[],
  changing: readonly string[],
): ReadonlyMap<string, Decided> {
  const known = new Map<string, Decided>(changing.map((name) => [name, "body"]));
  for (const group of groups) for (const { name } of group.parameters) known.set(name, group);
  for (const statement of body) {
    if (statement.kind !== "let" || known.has(statement.name)) continue;
    const deciding = new Set(
      [...identifiers(statement.value)].map(
        (name) => known.get(name) ?? (writer.isNeverWritten(name) ? "nothing" : "body"),
      ),
    );
    deciding.delete("nothing");
    const [first = "nothing"] = deciding;
    known.set(statement.name, deciding.size > 1 ? "body" : first);
  }
  return known;
}

/** What decides a value: the parameters of a group, nothing that changes, or what only the body itself knows. */
type Decided = ParameterGroup | "nothing" | "body";

/** Variables, and names of blocks within the body. */
function changingNames(body: readonly Statement[]): readonly string[] {
  return body.flatMap((statement) => {
    if (statement.kind === "variable" || statement.kind === "fragment") return [statement.name];
    if (statement.kind !== "if" && statement.kind !== "loop") return [];
    const inner = statement.body.flatMap((each) => (each.kind === "let" ? [each.name] : []));
    return [
      ...inner,
      ...changingNames(statement.body),
      ...(statement.kind === "loop" ? [statement.name] : []),
    ];
  });
}

/** Leaves out each `let` that nothing behind it reads. */
function withoutUnread(body: readonly Statement[], result: string): readonly Statement[] {
  const read = new Set(identifiers(result));
  return body
    .toReversed()
    .filter((statement) => {
      if (statement.kind === "let" && !read.has(statement.name)) return false;
      for (const text of textsOf(statement)) for (const name of identifiers(text)) read.add(name);
      return true;
    })
    .toReversed();
}

function textsOf(statement: Statement): readonly string[] {
  switch (statement.kind) {
    case "let":
    case "variable":
      return [statement.value];
    case "assign":
      return [statement.target, statement.value];
    case "call":
      return [statement.text];
    case "store":
    case "storeShared":
      return [statement.index, statement.value];
    case "if":
      return [statement.condition, ...statement.body.flatMap(textsOf)];
    case "loop":
      return [statement.from, statement.below, statement.step, ...statement.body.flatMap(textsOf)];
    case "leave":
      return [statement.condition];
    case "comment":
    case "fragment":
    case "barrier":
      return [];
  }
  return statement satisfies never;
}

/** Names in an expression, not those of members. */
function identifiers(text: string): ReadonlySet<string> {
  return new Set(text.match(/(?<![\w.])[A-Za-z_]\w*/g) ?? []);
}

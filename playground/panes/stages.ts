/** The IR of one function after each pass, with the lines marked that the pass made. */
import type { StageView, Stages } from "../analysis.ts";
import { element, make, offer, sentence } from "../page.ts";

export interface StagesPane {
  /** What to ask the compiler for. */
  readonly wanted: () => {
    readonly entry: string;
    readonly fn: string | undefined;
    readonly target: "tfjs" | "wgsl";
  };
  /** Says whether another entry is chosen now. */
  readonly offerEntries: (names: readonly string[]) => boolean;
  readonly choose: (entry: string) => void;
  readonly show: (stages: Stages) => void;
}

/** A text of more lines is cut: a browser lays out no more in the time of a keystroke. */
const mostLines = 4000;

export function createStagesPane(onChange: () => void): StagesPane {
  const [entry, fn, target] = ["stages-entry", "stages-function", "stages-target"].map((id) =>
    element(id, HTMLSelectElement),
  );
  const list = element("stage-list", HTMLElement);
  const about = element("stage-about", HTMLElement);
  const code = element("stage-code", HTMLElement);
  if (entry === undefined || fn === undefined || target === undefined)
    throw new Error("the page lacks its selects");
  let shown: Stages = { functions: [], stages: [] };
  let chosen = "gradient";
  for (const select of [entry, fn, target]) select.addEventListener("change", onChange);
  const draw = (): void => {
    offer(fn, shown.functions);
    list.replaceChildren(
      ...shown.stages.map((each, at) => radio(each, at, each.name === chosen, chooseStage)),
    );
    const stage = shown.stages.find(({ name }) => name === chosen) ?? shown.stages[0];
    const changes = stage === undefined ? "" : ` ${changesOf(stage)}`;
    about.textContent =
      stage === undefined
        ? "The text has errors, or nothing that can be compiled."
        : `${sentence(stage.doc)}${changes}`;
    const lines = stage === undefined ? [] : linesOf(stage);
    code.replaceChildren(
      ...lines.slice(0, mostLines),
      ...(lines.length > mostLines ? [`… and ${lines.length - mostLines} lines more\n`] : []),
    );
    // What the pass made comes into sight, with a few lines before it.
    const made = code.querySelector<HTMLElement>(".new");
    code.scrollTop = made === null ? 0 : made.offsetTop - code.offsetTop - 80;
  };
  const chooseStage = (name: string): void => {
    chosen = name;
    draw();
  };
  return {
    wanted: () => ({
      entry: entry.value,
      fn: fn.value || undefined,
      target: target.value === "wgsl" ? "wgsl" : "tfjs",
    }),
    offerEntries: (names) => offer(entry, names),
    choose: (name) => {
      entry.value = name;
    },
    show: (stages) => {
      shown = stages;
      draw();
    },
  };
}

/** The graph, then what is gone from the one before. */
function linesOf({ lines, gone }: StageView): readonly HTMLElement[] {
  const line = (text: string, className: string): HTMLElement =>
    make("span", className === "" ? {} : { class: className }, `${text}\n`);
  return [
    ...lines.map(({ text, isNew }) => line(text, isNew ? "new" : "")),
    ...(gone.length === 0 ? [] : [line("\n// gone, with the numbers from before", "note")]),
    ...gone.map((text) => line(text, "gone")),
  ];
}

function changesOf({ lines, added, gone }: StageView): string {
  if (added > 0 || gone.length > 0) return `${added} nodes are new, ${gone.length} gone.`;
  return lines.some(({ isNew }) => isNew) ? "What it found is marked." : "Nothing changed here.";
}

/** Paler where the pass changed nothing. */
function radio(
  { name, lines, gone }: StageView,
  at: number,
  isChosen: boolean,
  choose: (name: string) => void,
): HTMLElement {
  const input = make("input", { type: "radio", name: "stage", value: name });
  input.checked = isChosen;
  input.addEventListener("change", () => choose(name));
  const isIdle = at > 0 && gone.length === 0 && !lines.some(({ isNew }) => isNew);
  return make("label", isIdle ? { class: "idle", title: "changed nothing" } : {}, input, name);
}

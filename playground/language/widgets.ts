/** What stands in the text and is no text: hints between the words, and the line of commands above a declaration. */
import { WidgetType } from "@codemirror/view";
import { capital, make } from "../page.ts";

export class HintWidget extends WidgetType {
  readonly #text: string;
  readonly #blank: "before" | "after" | "none";

  constructor(text: string, blank: "before" | "after" | "none") {
    super();
    this.#text = text;
    this.#blank = blank;
  }

  override eq(other: WidgetType): boolean {
    return other instanceof HintWidget && other.#text === this.#text && other.#blank === this.#blank;
  }

  /** Hover says the same to those who cannot see it. */
  override toDOM(): HTMLElement {
    return make("span", { class: `cm-margo-hint blank-${this.#blank}`, "aria-hidden": "true" }, this.#text);
  }
}

export interface Lens {
  readonly title: string;
  /** Empty where the lens only says something. */
  readonly command: string;
  readonly entry: string;
}

export class LensWidget extends WidgetType {
  readonly #lenses: readonly Lens[];
  readonly #run: (command: string, entry: string) => void;

  constructor(lenses: readonly Lens[], run: (command: string, entry: string) => void) {
    super();
    this.#lenses = lenses;
    this.#run = run;
  }

  override eq(other: WidgetType): boolean {
    return other instanceof LensWidget && JSON.stringify(other.#lenses) === JSON.stringify(this.#lenses);
  }

  override toDOM(): HTMLElement {
    const parts = this.#lenses.map((lens) =>
      lens.command === "" ? make("span", {}, lens.title) : this.#button(lens),
    );
    return make("div", { class: "cm-margo-lenses" }, ...parts);
  }

  /** The button's clicks are not the editor's. */
  override ignoreEvent(): boolean {
    return true;
  }

  #button({ title, command, entry }: Lens): HTMLElement {
    const button = make(
      "button",
      { type: "button", "aria-label": `${capital(title)}: ${entry}` },
      capital(title),
    );
    button.addEventListener("click", () => this.#run(command, entry));
    return button;
  }
}

/** The list of problems: each leads to its place, and is mended by a button where the compiler knows how. */
import type { Editor } from "../editor.ts";
import type { Place, Problem } from "../language/problems.ts";
import { make, sentence } from "../page.ts";

export function showProblems(
  pane: HTMLElement,
  badge: HTMLElement,
  problems: readonly Problem[],
  editor: Editor,
): void {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  badge.textContent = problems.length === 0 ? "" : String(problems.length);
  badge.dataset["kind"] = errors > 0 ? "error" : "warning";
  badge.title = `${errors} errors, ${problems.length - errors} warnings`;
  pane.replaceChildren(
    problems.length === 0
      ? make("p", { class: "empty" }, "Nothing is wrong.")
      : make("ul", { class: "problems" }, ...problems.map((one) => item(one, editor))),
  );
}

function item(
  { severity, code, message, help, place, related, fixes }: Problem,
  editor: Editor,
): HTMLElement {
  const made = make(
    "li",
    { class: severity },
    make(
      "p",
      {},
      make("strong", {}, sentence(message)),
      " ",
      placeButton(place, editor),
      make(
        "a",
        { class: "code", href: `errors.html#${code}`, target: "_blank", title: "What it means" },
        code,
      ),
    ),
  );
  for (const { message: words, place: other } of related)
    made.append(
      make(
        "p",
        { class: "help" },
        `${sentence(words)} `,
        ...(other === undefined ? [] : [placeButton(other, editor)]),
      ),
    );
  if (help !== undefined) made.append(make("p", { class: "help" }, sentence(help)));
  for (const { title, apply } of fixes) {
    const button = make("button", { type: "button", class: "fix" }, title);
    button.addEventListener("click", apply);
    made.append(button);
  }
  return made;
}

function placeButton({ offset, line }: Place, editor: Editor): HTMLElement {
  const button = make("button", { class: "place", type: "button" }, `line ${line}`);
  button.addEventListener("click", () => editor.goTo(offset));
  return button;
}

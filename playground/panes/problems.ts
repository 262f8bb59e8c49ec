/** The list of diagnostics: each leads to its place, and is mended by a button where the compiler knows how. */
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import { lineOf, mainFile } from "../main-file.ts";
import { type Editor, capital } from "../editor.ts";
import { make, sentence } from "../page.ts";

export function showProblems(
  pane: HTMLElement,
  badge: HTMLElement,
  text: string,
  diagnostics: readonly Diagnostic[],
  editor: Editor,
): void {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  badge.textContent = diagnostics.length === 0 ? "" : String(diagnostics.length);
  badge.dataset["kind"] = errors > 0 ? "error" : "warning";
  badge.title = `${errors} errors, ${diagnostics.length - errors} warnings`;
  pane.replaceChildren(
    diagnostics.length === 0
      ? make("p", { class: "empty" }, "Nothing is wrong.")
      : make("ul", { class: "problems" }, ...diagnostics.map((one) => problem(text, one, editor))),
  );
}

function problem(text: string, diagnostic: Diagnostic, editor: Editor): HTMLElement {
  const { severity, code, message, span, help, fix } = diagnostic;
  const isHere = span.file === mainFile;
  const place = make(
    "button",
    { class: "place", type: "button" },
    isHere ? `line ${lineOf(text, span.start)}` : span.file,
  );
  if (isHere) place.addEventListener("click", () => editor.goTo(span.start));
  else place.disabled = true;
  const item = make(
    "li",
    { class: severity },
    make("p", {}, make("strong", {}, sentence(message)), " ", place, make("span", { class: "code" }, code)),
  );
  if (help !== undefined) item.append(make("p", { class: "help" }, sentence(help)));
  if (fix !== undefined) {
    const button = make("button", { type: "button", class: "fix" }, capital(fix.title));
    button.addEventListener("click", () => editor.applyFix(diagnostic));
    item.append(button);
  }
  return item;
}

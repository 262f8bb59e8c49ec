/** Small helpers of the page: its own elements by id, new elements, and sentences. */

/** The element of that id and class; its absence is a bug of the page. */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

type Attributes = Readonly<Record<string, string>>;

/** Text is only ever set as text, so nothing that a program says becomes markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Titles of the compiler begin small, as in a sentence; buttons and menus begin with a capital. */
export function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

export function sentence(text: string): string {
  return `${capital(text)}${/[.!?]$/.test(text) ? "" : "."}`;
}

/** Gives a select these options, and says whether its value is another now; it stays where it is still offered. */
export function offer(select: HTMLSelectElement, names: readonly string[]): boolean {
  const before = select.value;
  const same =
    names.length === select.options.length && names.every((name, at) => select.options[at]?.value === name);
  if (same) return false;
  select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  if (names.includes(before)) select.value = before;
  return select.value !== before;
}

/** Calls with the latest argument once nothing came for so long. */
export function later<T>(wait: number, call: (value: T) => void): (value: T) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (value) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(value), wait);
  };
}

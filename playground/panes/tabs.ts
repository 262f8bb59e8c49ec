/**
 * Tabs by the pattern of the ARIA practices: arrow keys walk, the chosen tab alone is in the order of Tab. On a narrow
 * screen the source is one of them; on a wide one it stands beside.
 */
export interface Tabs {
  readonly chosen: () => string;
  readonly choose: (name: string) => void;
}

/** Every tab `#tab-NAME` has its panel `#NAME`. */
export function createTabs(list: HTMLElement, onChange: (name: string) => void): Tabs {
  const tabs = [...list.querySelectorAll<HTMLButtonElement>("[role=tab]")];
  const nameOf = (tab: HTMLElement): string => tab.id.slice("tab-".length);
  let chosen = "";
  const choose = (name: string): void => {
    if (name === chosen) return;
    chosen = name;
    for (const tab of tabs) {
      const isChosen = nameOf(tab) === name;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(nameOf(tab))?.toggleAttribute("data-chosen", isChosen);
    }
    onChange(name);
  };
  const shown = (): readonly HTMLButtonElement[] => tabs.filter((tab) => tab.offsetParent !== null);
  list.addEventListener("keydown", (event) => {
    const among = shown();
    const at = among.findIndex((tab) => nameOf(tab) === chosen);
    const moves: Readonly<Record<string, number>> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1 + among.length,
      Home: 0,
      End: among.length - 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = among[to % among.length];
    if (tab === undefined) return;
    choose(nameOf(tab));
    tab.focus();
  });
  for (const tab of tabs) tab.addEventListener("click", () => choose(nameOf(tab)));
  return { chosen: () => chosen, choose };
}

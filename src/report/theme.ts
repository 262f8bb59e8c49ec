/**
 * The colours and type of every picture and page, light and dark. Pictures are drawn once, with CSS
 * variables where a colour belongs, and the page (or the SVG itself) says what they are; so one picture
 * follows its reader's setting.
 */

/** Names of the variables, ready for an SVG attribute. */
export const ink = "var(--ink)";
export const muted = "var(--muted)";
export const line = "var(--line)";
export const paper = "var(--paper)";
export const accent = "var(--c0)";

/** Distinct for ten classes, in both modes and for most colour-blind readers; repeats after them. */
export function classColor(index: number): string {
  return `var(--c${index % 10})`;
}

const light = {
  ink: "#1c2430",
  muted: "#5d6878",
  line: "#e3e7ed",
  paper: "#ffffff",
  page: "#f5f6f8",
  heat: "#d1495b",
  colors: [
    "#2f6fde",
    "#e07a1f",
    "#2a9d6f",
    "#c8375a",
    "#7a52c7",
    "#8a6d3b",
    "#d456a8",
    "#5f7285",
    "#a3a11a",
    "#16a2b8",
  ],
};

const dark = {
  ink: "#e6eaf0",
  muted: "#98a3b3",
  line: "#2c3440",
  paper: "#171c24",
  page: "#0f1319",
  heat: "#ff7a8a",
  colors: [
    "#6ea2ff",
    "#ffa251",
    "#4fd19b",
    "#ff6f91",
    "#b08cff",
    "#c9a566",
    "#ff8ed4",
    "#9db2c7",
    "#d6d350",
    "#4fd0e4",
  ],
};

export const fontFamily =
  "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/** The variables' values, for a page's `:root` or an SVG's own style. */
export function themeCss(selector: string): string {
  return `${selector}{color-scheme:light dark;${variables(light)}}@media (prefers-color-scheme:dark){${selector}{${variables(dark)}}}`;
}

/** What a variable is in the light: `ink`, `c0`. */
export function lightColor(name: string): string {
  return namedColors(light).get(name) ?? "none";
}

/** For a picture whose attributes hold the light colours: the dark ones in their place. */
export function darkCss(): string {
  const darker = namedColors(dark);
  const rules = [...namedColors(light)].map(([name, color]) =>
    ["fill", "stroke"].map((part) => `[${part}="${color}"]{${part}:${darker.get(name) ?? color}}`).join(""),
  );
  return `@media (prefers-color-scheme:dark){${rules.join("")}}`;
}

function namedColors({ colors, ...named }: typeof light): ReadonlyMap<string, string> {
  return new Map([...Object.entries(named), ...colors.map((color, index) => [`c${index}`, color] as const)]);
}

function variables(theme: typeof light): string {
  return [...namedColors(theme)].map(([name, value]) => `--${name}:${value};`).join("");
}

/** What a user can set under `margo` in the editor's settings. What is missing or of a wrong type is as by default. */

export interface Settings {
  /** Hints between the words of the text. */
  readonly inlayHints: { readonly shapes: boolean; readonly settingNames: boolean };
  /** Lines above declarations: parameters, FLOPs, commands. */
  readonly codeLens: boolean;
}

export const defaultSettings: Settings = {
  inlayHints: { shapes: true, settingNames: true },
  codeLens: true,
};

/** Reads the section `margo`, or an object that holds it. */
export function readSettings(given: unknown): Settings {
  const section = fieldOf(given, "margo") ?? given;
  const hints = fieldOf(section, "inlayHints");
  const { inlayHints, codeLens } = defaultSettings;
  return {
    inlayHints: {
      shapes: flagOf(fieldOf(hints, "shapes"), inlayHints.shapes),
      settingNames: flagOf(fieldOf(hints, "settingNames"), inlayHints.settingNames),
    },
    codeLens: flagOf(fieldOf(section, "codeLens"), codeLens),
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function flagOf(value: unknown, preset: boolean): boolean {
  return typeof value === "boolean" ? value : preset;
}

/** The settings of a `train` that name rows. */
export const dataSettings = ["data", "validation", "verification"] as const;

export type DataSetting = (typeof dataSettings)[number];

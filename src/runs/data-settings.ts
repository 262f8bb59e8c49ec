/** The settings of a `train` that name rows. */
export const dataSettings = ["data", "validation", "verification"] as const;

/** One of them: whose rows are meant. */
export type DataSetting = (typeof dataSettings)[number];

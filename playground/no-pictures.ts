/**
 * In the place of src/report/margin-plot.ts in this build. The page draws curves itself and never asks the language server
 * for a picture of one, so the library behind those, larger than the compiler, stays out of the download.
 */
export function marginSheet(): never {
  throw new Error("in the page curves are drawn by their pane");
}

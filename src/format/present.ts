/** Only whole statements are printed, and a whole statement has all its parts: whoever misses one has found a bug. */
export function present<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error("a part of the tree is missing in a statement without mistakes");
  return part;
}

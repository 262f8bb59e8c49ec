/**
 * The option `gpu` of whoever compiles without an adapter at hand: the library and the bundler plugin. Settings of a bundler are
 * seldom type-checked, so what nobody can build is refused here, with what can be taken.
 */
import { type BuiltPath, builtPathOf, whyNotBuilt } from "../../compiler/codegen/wgsl/capabilities.ts";

/** The path of an option; `plain` where there is none. Throws a `RangeError`. */
export function pathOfOption(gpu: string | undefined, target: string): BuiltPath {
  if (gpu === undefined) return "plain";
  if (target === "tfjs")
    throw new RangeError(
      `gpu: "${gpu}" says how the target wgsl computes, but the target is tfjs: take the target wgsl`,
    );
  const path = builtPathOf(gpu);
  if (path === undefined) throw new RangeError(`gpu: "${gpu}" cannot be built. ${whyNotBuilt(gpu)}`);
  return path;
}

/** The same of an option that may be several paths, of which a page takes the first that its device can run. */
export function pathsOfOption(
  gpu: string | readonly string[] | undefined,
  target: string,
): readonly BuiltPath[] {
  const paths = [gpu].flat().map((each) => pathOfOption(each, target));
  if (paths.length === 0) throw new RangeError(`gpu: [] names no path. ${whyNotBuilt("")}`);
  if (paths.slice(0, -1).includes("plain"))
    throw new RangeError(
      'gpu: every device runs "plain", so what stands behind it is never taken: put it last',
    );
  return paths;
}

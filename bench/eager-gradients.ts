/**
 * Gives tfjs-core its gradients. The core that Node loads leaves them out (the union package, which is not
 * needed otherwise, would add them), and their own file only loads through a bundler. The registry is
 * shared by all copies of tfjs, so a bundled copy can fill it.
 */
import { build } from "esbuild";

export async function registerGradients(): Promise<void> {
  const { outputFiles } = await build({
    stdin: {
      contents: 'import "@tensorflow/tfjs-core/dist/register_all_gradients";',
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire("file:///");' },
    write: false,
    logLevel: "error",
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error("the bundle of tfjs's gradients is empty");
  await import(`data:text/javascript;base64,${Buffer.from(file.contents).toString("base64")}`);
}

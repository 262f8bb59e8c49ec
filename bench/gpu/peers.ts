/** The same heads and network in PyTorch, where python3 with torch and CUDA is found; the work is in peers.py. */
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Section, Size } from "./section.ts";

type Answer =
  | { readonly missing: string }
  | {
      readonly device: string;
      readonly torch: string;
      readonly heads: Section["rows"];
      readonly networks: Section["rows"];
      readonly notes: readonly string[];
    };

/** `onCpu` checks the script on small sizes where there is no card. */
export async function peers(size: Size, onCpu: boolean): Promise<readonly Section[]> {
  const heads = [
    { N: 1024, D: 512, C: 100_000 },
    { N: 4096, D: 512, C: 100_000 },
    ...(size === "full" ? [{ N: 4096, D: 512, C: 1_000_000 }] : []),
  ];
  const wanted = onCpu
    ? { device: "cpu", heads: [{ N: 64, D: 64, C: 4000 }], batch: 0, runs: 3 }
    : { device: "cuda", heads, batch: 128, runs: size === "quick" ? 5 : 20 };
  const answer = await askTorch(JSON.stringify(wanted));
  if ("missing" in answer)
    return [{ title: "PyTorch", rows: [], notes: [`Not measured: ${answer.missing}.`] }];
  const where = `PyTorch ${answer.torch} on ${answer.device}`;
  return [
    { title: `ArcFace heads, ${where}`, rows: answer.heads, notes: answer.notes },
    ...(answer.networks.length === 0
      ? []
      : [{ title: `Convolution networks, ${where}`, rows: answer.networks }]),
  ];
}

/** What peers.py measures of what is wanted. */
export function askTorch(wanted: string): Promise<Answer> {
  const script = join(dirname(fileURLToPath(import.meta.url)), "peers.py");
  return new Promise((resolve) => {
    execFile(
      process.env["PYTHON"] ?? "python3",
      [script, wanted],
      { encoding: "utf8", maxBuffer: 2 ** 24 },
      (error, out, err) => {
        if (error === null) return resolve(JSON.parse(out.trim().split("\n").at(-1) ?? "{}") as Answer);
        const reason =
          error.code === "ENOENT" ? "there is no python3" : (err.trim().split("\n").at(-1) ?? error.message);
        resolve({ missing: reason });
      },
    );
  });
}

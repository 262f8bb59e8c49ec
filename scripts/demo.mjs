/**
 * The demo: the plain softmax and L-Softmax with m = 2 and m = 4 put real digits on a plane, and the rays
 * grow narrower. It is `margo train` on examples/mnist/demo.margo and a table of what came out; `--small`
 * trains on a few rows only, to see that everything works.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const small = process.argv.includes("--small");
const out = join(root, "runs", small ? "demo-small" : "demo");
const entries = ["Softmax", "LSoftmax2", "LSoftmax4"];
const startedAt = performance.now();

console.log("Training three margins on MNIST digits, features on a plane. This takes a few minutes.\n");
const margo = spawnSync(
  process.execPath,
  [
    join(root, "dist/margo.js"),
    "train",
    join(root, "examples/mnist/demo.margo"),
    ...["--out", out],
    ...(small ? ["--limit", "1024", "--epochs", "1"] : []),
  ],
  { stdio: ["ignore", "ignore", "inherit"] },
);
if (margo.status !== 0) process.exit(margo.status ?? 1);

const results = entries.map((entry) => ({
  entry,
  ...JSON.parse(readFileSync(join(out, entry, "evaluation.json"), "utf8")),
}));
console.log("\n              test accuracy   mean angle to own class   to nearest other");
for (const { entry, accuracy, angles } of results) {
  const cells = [
    `${(accuracy * 100).toFixed(2)} %`.padStart(14),
    `${angles.own.mean.toFixed(1)}°`.padStart(26),
    `${angles.nearestOther.mean.toFixed(1)}°`.padStart(19),
  ];
  console.log(`  ${entry.padEnd(11)}${cells.join("")}`);
}
const page = join(out, "compare.html");
console.log(`\nThe pictures: ${pathToFileURL(page).href}`);
console.log(
  `One report a run: ${entries.map((entry) => relative(root, join(out, entry, "report.html"))).join(", ")}`,
);
console.log(`Done in ${Math.round((performance.now() - startedAt) / 1000)} seconds.`);

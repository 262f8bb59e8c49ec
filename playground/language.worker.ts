/** The language server in a worker: the same that editors start, over messages instead of a pipe. */
import { serveWorker } from "../src/server/browser.ts";

serveWorker(self);

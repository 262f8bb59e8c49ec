/** Work done before anybody asks: the first completion lists what the whole library exports, so it is read in quiet. */
import { loadModule } from "../../compiler/check/workspace.ts";
import { type Session, documentsOf, perSession } from "./session.ts";

/** One module at a time, and none while somebody waits. */
export function readLibrary(session: Session, root: string): void {
  const known = stateOf(session);
  if (known.isBegun) return;
  known.isBegun = true;
  const documents = documentsOf(session, root);
  const left = [...documents.library()];
  const next = (): void => {
    if (session.waiting > 0) return later();
    const file = left.shift();
    if (file === undefined) return;
    loadModule(documents.workspace, file);
    later();
  };
  const later = (): void => void setTimeout(next, pause);
  later();
}

const stateOf = perSession(() => ({ isBegun: false }));

/** Milliseconds between two modules: longer than an edit and its diagnostics take to arrive. */
const pause = 20;

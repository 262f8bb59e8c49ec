/**
 * One kind of request: what the client may expect and how it is answered. Registering adds what all of them share: a
 * request that an edit or the client has overtaken is given up, mistakes of the client are told in the protocol's own
 * way, and a bug of ours ends one request, not the server.
 */
import {
  type CancellationToken,
  ErrorCodes,
  LSPErrorCodes,
  type ProtocolRequestType,
  ResponseError,
  type ServerCapabilities,
  type WorkDoneProgressReporter,
} from "vscode-languageserver";
import { faultIn, uriIn } from "./parameters.ts";
import type { Session } from "./session.ts";

export interface Feature {
  /** The request's name in the protocol. */
  readonly method: string;
  readonly capabilities: Partial<ServerCapabilities>;
  readonly register: (session: Session) => void;
}

/** What a long request may look at while it works. */
export interface Work {
  readonly token: CancellationToken;
  readonly progress: WorkDoneProgressReporter;
}

export type Answer<Params, Result> = (
  session: Session,
  params: Params,
  work: Work,
) => Result | Promise<Result>;

export function feature<Params, Result, Partial_, Problem, Options>(
  type: ProtocolRequestType<Params, Result, Partial_, Problem, Options>,
  capabilities: Partial<ServerCapabilities>,
  answer: Answer<Params, NoInfer<Result>>,
): Feature {
  return {
    method: type.method,
    capabilities,
    register: (session) => {
      const handle = async (params: Params, token: CancellationToken): Promise<unknown> => {
        refuseOutOfPhase(session, type.method);
        const fault = faultIn(type.method, params);
        if (fault !== undefined) throw new ResponseError(ErrorCodes.InvalidParams, fault);
        const uri = uriIn(params);
        const version = versionOf(session, uri);
        session.waiting++;
        await nextTurn();
        session.waiting--;
        if (token.isCancellationRequested)
          throw new ResponseError(LSPErrorCodes.RequestCancelled, "the request was cancelled");
        if (version !== versionOf(session, uri))
          throw new ResponseError(LSPErrorCodes.ContentModified, "the text has changed since");
        const progress = progressOf(session, params);
        try {
          return await answer(session, params, { token, progress });
        } catch (error) {
          throw asResponse(error, type.method);
        } finally {
          progress.done();
        }
      };
      session.connection.onRequest<unknown, unknown>(type.method, handle);
    },
  };
}

/** Before a client has introduced itself, and after it has said goodbye, nothing is answered. */
function refuseOutOfPhase({ phase }: Session, method: string): void {
  if (phase === "new")
    throw new ResponseError(ErrorCodes.ServerNotInitialized, `${method} came before initialize`);
  if (phase === "shut down")
    throw new ResponseError(ErrorCodes.InvalidRequest, `${method} came after shutdown`);
}

/** Lets edits and cancellations go first that have arrived behind the request: between two timers the next message is read. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(() => setTimeout(resolve, 0), 0));
}

function versionOf({ opened }: Session, uri: string | undefined): number | undefined {
  return uri === undefined ? undefined : opened.get(uri)?.document.version;
}

/** Where the client asked for it by a token: from here to the answer. */
function progressOf({ connection }: Session, params: unknown): WorkDoneProgressReporter {
  const token = tokenIn(params);
  const progress = connection.window.attachWorkDoneProgress(token);
  if (token !== undefined) progress.begin("Margo");
  return progress;
}

function tokenIn(params: unknown): string | number | undefined {
  if (typeof params !== "object" || params === null || !("workDoneToken" in params)) return undefined;
  const { workDoneToken } = params;
  return typeof workDoneToken === "string" || typeof workDoneToken === "number" ? workDoneToken : undefined;
}

function asResponse(error: unknown, method: string): ResponseError<unknown> {
  if (error instanceof ResponseError) return error;
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new ResponseError(
    ErrorCodes.InternalError,
    `Margo broke in ${method}; this is a bug in Margo: ${told}`,
  );
}

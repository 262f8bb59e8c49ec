/**
 * A client of the language server in a process of its own, as plain as can be: frames with their length in front, a
 * promise for each request, and everything that came in kept to look at.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

export interface Message {
  readonly jsonrpc?: unknown;
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

export interface Client {
  /** Everything that the server has sent, in order. */
  readonly received: readonly Message[];
  /** What it wrote beside the protocol: nothing, if all is well. */
  readonly noise: () => string;
  readonly pid: number;
  request(method: string, params: unknown): Promise<Message>;
  /** A request and its number, to cancel it by. */
  begin(method: string, params: unknown): { readonly id: number; readonly answer: Promise<Message> };
  notify(method: string, params: unknown): void;
  /** Sends all that `act` sends in one piece, as it reaches a server that was busy. */
  atOnce<T>(act: () => T): T;
  /** The next message that the server sends of its own accord. */
  next(method: string): Promise<Message>;
  /** The exit code. */
  ended(): Promise<number | null>;
}

/** What a client says to a server's questions: a result, or an error in the protocol's words. */
export type Reply = (message: Message) => Pick<Message, "result" | "error">;

export function startClient(command: readonly string[], cwd: string, reply: Reply = agreeable): Client {
  const [program = "node", ...args] = command;
  const server = spawn(program, args, { cwd, stdio: "pipe" });
  const received: Message[] = [];
  const answers = new Map<number | string, (message: Message) => void>();
  const waiting = new Map<string, ((message: Message) => void)[]>();
  let noise = "";
  server.stderr.on("data", (data: Buffer) => (noise += data.toString()));
  readFrames(server, (message) => {
    received.push(message);
    const { id, method } = message;
    if (method === undefined) answers.get(id ?? "")?.(message);
    else {
      for (const take of waiting.get(method)?.splice(0) ?? []) take(message);
      if (id !== undefined) send(server, { jsonrpc: "2.0", id, ...reply(message) });
    }
  });
  let last = 0;
  const begin = (method: string, params: unknown) => {
    const id = ++last;
    const answer = new Promise<Message>((resolve) => answers.set(id, resolve));
    send(server, { jsonrpc: "2.0", id, method, params });
    return { id, answer };
  };
  return {
    received,
    noise: () => noise,
    pid: server.pid ?? 0,
    begin,
    request: (method, params) => begin(method, params).answer,
    notify: (method, params) => send(server, { jsonrpc: "2.0", method, params }),
    atOnce: (act) => {
      server.stdin.cork();
      const result = act();
      server.stdin.uncork();
      return result;
    },
    next: (method) =>
      new Promise((resolve) => waiting.set(method, [...(waiting.get(method) ?? []), resolve])),
    ended: () => new Promise((resolve) => server.once("exit", resolve)),
  };
}

/** Settings by default, yes to everything else. */
function agreeable({ method }: Message): Pick<Message, "result"> {
  return { result: method === "workspace/configuration" ? [null] : null };
}

function send({ stdin }: ChildProcessWithoutNullStreams, message: unknown): void {
  const body = JSON.stringify(message);
  stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function readFrames({ stdout }: ChildProcessWithoutNullStreams, take: (message: Message) => void): void {
  let rest = Buffer.alloc(0);
  stdout.on("data", (data: Buffer) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      const head = rest.indexOf("\r\n\r\n");
      const length = Number(
        /Content-Length: (\d+)/i.exec(rest.subarray(0, Math.max(head, 0)).toString())?.[1],
      );
      if (head < 0 || rest.length < head + 4 + length) return;
      take(JSON.parse(rest.subarray(head + 4, head + 4 + length).toString()));
      rest = rest.subarray(head + 4 + length);
    }
  });
}

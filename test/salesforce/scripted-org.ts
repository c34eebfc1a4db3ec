import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface ScriptedAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer | object;
}

type Script = ScriptedAnswer | ((request: SeenRequest, response: ServerResponse) => void | Promise<void>);

/** An HTTP server on loopback that gives the scripted answers in order and logs what it was asked. */
export interface ScriptedOrg extends AsyncDisposable {
  readonly url: string;
  /** In the order they came. */
  readonly seen: SeenRequest[];
  script(...answers: Script[]): void;
  /** Answers everything once the queue is empty. */
  always(answer: Script): void;
}

export async function startScriptedOrg(): Promise<ScriptedOrg> {
  const seen: SeenRequest[] = [];
  const queue: Script[] = [];
  let rest: Script = { status: 599, body: 'not scripted' };
  const server = createServer(async (message, response) => {
    const request = await readRequest(message);
    seen.push(request);
    const next = queue.shift() ?? rest;
    if (typeof next === 'function') await next(request, response);
    else give(response, next);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    script: (...answers) => void queue.push(...answers),
    always: (answer) => {
      rest = answer;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function give(
  response: ServerResponse,
  { status = 200, headers = {}, body = '' }: ScriptedAnswer,
): void {
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8', ...headers });
  response.end(raw ? body : JSON.stringify(body));
}

async function readRequest(message: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    method: message.method ?? '',
    url: message.url ?? '',
    headers: message.headers,
    body: Buffer.concat(chunks).toString(),
  };
}

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedRequest {
  method: string;
  path: string;
  form: Record<string, string>;
  authorization: string | null;
}

export interface ScriptedAnswer {
  status?: number;
  json?: unknown;
  text?: string;
  headers?: Record<string, string>;
  /** Cuts the connection without an answer. */
  cut?: boolean;
  /** Answers only after this has resolved. */
  after?: Promise<unknown>;
}

export type Script = (request: ScriptedRequest) => ScriptedAnswer;

export interface ScriptedServer extends AsyncDisposable {
  url: string;
  requests: ScriptedRequest[];
  script: Script;
}

/** A real HTTP server on loopback that answers as the test says, and keeps what it was asked. */
export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const scripted: ScriptedServer = {
    url: '',
    requests: [],
    script,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server = createServer(async (request, response) => {
    const received = await read(request);
    scripted.requests.push(received);
    const answer = scripted.script(received);
    await answer.after;
    if (answer.cut) {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(answer.text ?? JSON.stringify(answer.json ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scripted.url = `http://localhost:${(server.address() as AddressInfo).port}`;
  return scripted;
}

async function read(request: IncomingMessage): Promise<ScriptedRequest> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    form: Object.fromEntries(new URLSearchParams(body)),
    authorization: request.headers.authorization ?? null,
  };
}

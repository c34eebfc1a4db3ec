import { execFile } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Emulator } from '../../src/emulator/index.ts';
import { startEmulator } from '../../src/emulator/index.ts';

const root = new URL('../..', import.meta.url).pathname;
const file = 'test/emulator/conformance/ui-api.test.ts';

/** Runs a part of the conformance suite in a process of its own; what it said, without colours. */
async function judge(env: Record<string, string>): Promise<{ green: boolean; said: string }> {
  const args = ['node_modules/vitest/vitest.mjs', 'run', file, '--maxWorkers=1'];
  // What this run's own vitest has set would make the other one take itself for a worker of it.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'));
  return new Promise((resolve) => {
    const options = { cwd: root, env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...env } };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ green: error === null, said: stdout + stderr });
    });
  });
}

describe('the conformance suite at a server that stands elsewhere', () => {
  let emulator: Emulator;

  beforeAll(async () => {
    emulator = await startEmulator({ contacts: 20 });
  });
  afterAll(() => emulator.close());

  const given = (url: string, token = emulator.accessToken) => ({
    PARAHACK_CONFORMANCE_URL: url,
    PARAHACK_CONFORMANCE_TOKEN: token,
  });

  it('runs there, twice, and counts and explains what it skips', async () => {
    for (let run = 0; run < 2; run++) {
      const { green, said } = await judge(given(emulator.url));
      expect(green, said).toBe(true);
      expect(said).toMatch(
        /\n([1-9]\d*) skipped: needs the control surface\ntests: [1-9]\d* passed, 0 failed, \1 skipped\n/,
      );
    }
    const state = (await (await fetch(`${emulator.url}/__emulator/state`)).json()) as { live: number };
    expect(state.live).toBeGreaterThan(20);
  });

  it('is red where that server answers otherwise than is documented', async () => {
    const other = createServer((message, response) => forward(message, response, emulator.port));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = other.address() as AddressInfo;
      const { green, said } = await judge(given(`http://127.0.0.1:${port}`));
      expect(green).toBe(false);
      expect(said).toContain(
        'FAIL  test/emulator/conformance/ui-api.test.ts > UI API records > creates with 201',
      );
    } finally {
      other.close();
    }
  });

  it('says what is wrong with its server or its token before any test', async () => {
    const noToken = await judge(given(emulator.url, ''));
    expect(noToken.said).toContain('PARAHACK_CONFORMANCE_TOKEN must hold an access token');
    const badToken = await judge(given(emulator.url, 'nobody'));
    expect(badToken.said).toContain(`${emulator.url} answers 403`);
    const noUrl = await judge(given('somewhere'));
    expect(noUrl.said).toContain('PARAHACK_CONFORMANCE_URL holds "somewhere", which is no URL');
    for (const { green } of [noToken, badToken, noUrl]) expect(green).toBe(false);
  });
});

/** Passes everything on to the emulator, and answers 200 where that says 201. */
function forward(message: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url: path, headers } = message;
  const options = { port, method, path, headers: { ...headers, host: `localhost:${port}` } };
  const onward = request(options, (answer) => {
    const status = answer.statusCode === 201 ? 200 : (answer.statusCode ?? 502);
    response.writeHead(status, answer.headers);
    answer.pipe(response);
  });
  message.pipe(onward);
}

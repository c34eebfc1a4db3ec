import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningEmulator } from './running-emulator.ts';
import { runEmulator } from './running-emulator.ts';

interface Sent {
  status: number;
  text: string;
  headers: Record<string, string | string[] | undefined>;
}

// What a web page in a browser on this machine can send: its own host name that points to loopback, its own origin.
describe('a web page of another origin', () => {
  let org: RunningEmulator;
  let host: string;

  beforeAll(async () => {
    org = await runEmulator({ contacts: 10 });
    host = `localhost:${org.emulator.port}`;
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(() => org.control('reset', {}));

  // fetch() sets Host and the Sec-Fetch headers itself.
  const send = (
    method: string,
    path: string,
    headers: Record<string, string>,
    body = '',
    address = '127.0.0.1',
  ): Promise<Sent> =>
    new Promise((resolve, reject) => {
      const sent = request(
        { host: address, port: org.emulator.port, method, path, headers, agent: false },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }));
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });

  const live = async () => (await org.control<{ live: number }>('state')).live;
  const json = { 'content-type': 'application/json' };

  it('reads nothing under a host name of its own, whatever the path', async () => {
    const token = { authorization: `Bearer ${org.emulator.accessToken}` };
    for (const path of [
      '/',
      '/__emulator/state',
      '/__emulator/jwt-key',
      '/services/data',
      '/services/data/v62.0/limits',
    ]) {
      for (const name of [
        'attacker.example',
        `attacker.example:${org.emulator.port}`,
        'localhost:1',
        'localhost.attacker.example',
      ]) {
        const reply = await send('GET', path, { ...token, host: name });
        expect(reply.status, `${name} ${path}`).toBe(421);
        expect(reply.text).not.toContain('PRIVATE KEY');
        const body = JSON.parse(reply.text) as { error?: { code: string } } & { errorCode: string }[];
        expect(body.error?.code ?? body[0]?.errorCode).toBe('MISDIRECTED_REQUEST');
      }
    }
    const absolute = await send('GET', 'http://attacker.example/services/data', { host });
    expect(absolute.status).toBe(421);
  });

  it('is told from a program under each of the names of loopback', async () => {
    const { port } = org.emulator;
    for (const name of [
      `localhost:${port}`,
      `LOCALHOST:${port}`,
      `127.0.0.1:${port}`,
      `[::1]:${port}`,
      'localhost',
    ]) {
      expect((await send('GET', '/services/data', { host: name })).status, name).toBe(200);
      expect((await send('GET', '/__emulator/state', { host: name })).status, name).toBe(200);
    }
  });

  it('deletes no contact, adds no callback URL and reads no key', async () => {
    const attempts: [string, string, string][] = [
      ['POST', '/__emulator/delete', '{"count":5}'],
      ['POST', '/__emulator/settings', '{"callbackUrls":["https://attacker.example/"]}'],
      ['GET', '/__emulator/jwt-key', ''],
      ['POST', '/services/oauth2/token', 'grant_type=password'],
      ['POST', '/services/oauth2/authorize', 'decision=allow'],
      ['DELETE', '/services/data/v62.0/sobjects/Contact/x', ''],
    ];
    const marks: Record<string, string>[] = [
      { origin: 'https://attacker.example' },
      { origin: 'http://localhost:1' },
      { origin: 'http://localhost' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const [method, path, body] of attempts) {
      for (const mark of marks) {
        const reply = await send(method, path, { host, ...json, ...mark }, body);
        expect(reply.status, `${method} ${path} ${JSON.stringify(mark)}`).toBe(403);
      }
    }
    expect(await live()).toBe(10);
    expect((await org.control<{ callbackUrls: string[] }>('settings')).callbackUrls).toHaveLength(3);
  });

  it('is no page of the emulator itself, and no program', async () => {
    const marks: Record<string, string>[] = [
      {},
      { origin: `http://${host}` },
      { origin: `http://127.0.0.1:${org.emulator.port}` },
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const mark of marks) {
      const reply = await send('POST', '/__emulator/touch', { host, ...json, ...mark }, '{"count":1}');
      expect(reply.status, JSON.stringify(mark)).toBe(200);
    }
  });

  it('may link to the login page, which no page may frame', async () => {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: org.emulator.clientId,
      redirect_uri: 'http://localhost:9717/callback',
    });
    const reply = await send('GET', `/services/oauth2/authorize?${query}`, {
      host,
      'sec-fetch-site': 'cross-site',
    });
    expect(reply.status).toBe(200);
    for (const page of [reply, await send('GET', '/', { host })]) {
      expect(page.headers['x-frame-options']).toBe('DENY');
      expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    }
  });

  it('cannot pass its form for JSON: the control surface wants the content type', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      '',
    ]) {
      const headers: Record<string, string> = type === '' ? { host } : { host, 'content-type': type };
      const reply = await send('POST', '/__emulator/delete', headers, '{"count":5}');
      expect(reply.status, type).toBe(415);
      expect(reply.text).toContain('application/json');
    }
    expect(await live()).toBe(10);
    const withCharset = { host, 'content-type': 'application/json; charset=utf-8' };
    expect((await send('POST', '/__emulator/touch', withCharset, '{"count":1}')).status).toBe(200);
    expect((await send('POST', '/__emulator/commit', { host })).status).toBe(200);
  });

  it('fills no memory: a control body has a bound', async () => {
    const reply = await org.controlReply('touch', {
      method: 'POST',
      headers: json,
      body: `{"ids":["${'x'.repeat(33 * 1_048_576)}"]}`,
    });
    expect(reply.status).toBe(413);
  });
});

describe('the expression of a fault', () => {
  it('cannot hang the emulator: it is taken out when it takes too long, and the request is told', async () => {
    await using org = await runEmulator({ contacts: 1 });
    await org.control('faults', [{ match: '(([a-z0-9/._]+)+)+!$', status: 503, times: 5 }]);
    const started = performance.now();
    const reply = await org.api<{ message: string }[]>(`/query/${'a'.repeat(60)}`);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(reply.status).toBe(500);
    expect(reply.body[0]?.message).toContain('expression took longer');
    expect(await org.controlReply('faults')).toMatchObject({ body: [] });
    expect((await org.api('/limits')).status).toBe(200);
  });

  it('has a length', async () => {
    await using org = await runEmulator({ contacts: 1 });
    await expect(org.control('faults', [{ match: 'a'.repeat(1_001), status: 503 }])).rejects.toThrow('1000');
  });
});

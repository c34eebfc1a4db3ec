import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cli, ended } from '../e2e/cli.ts';
import { type EmulatedOrg, startEmulatedOrg } from './emulated-org.ts';

let org: EmulatedOrg;
let cli: Cli;
beforeEach(async () => {
  org = await startEmulatedOrg();
  cli = new Cli();
});
afterEach(async () => {
  cli[Symbol.dispose]();
  await org[Symbol.asyncDispose]();
});

/** A login whose browser is on another machine: it ends at an address that it cannot open. */
async function login(write: (redirected: string) => string, env: NodeJS.ProcessEnv = {}) {
  const { url, clientId } = org.emulator;
  const args = ['login', '--redirect-stdin', '--json', '--instance-url', url, '--client-id', clientId];
  const child = cli.start([...args, '--port', `${org.callbackPort}`], { env });
  let first: Record<string, string> = {};
  let redirected = '';
  createInterface({ input: child.stdout! }).once('line', async (line) => {
    first = JSON.parse(line);
    const answer = await fetch(first.url!, { redirect: 'manual' });
    redirected = answer.headers.get('location') ?? '';
    child.stdin!.end(write(redirected));
  });
  const { code, stdout, stderr } = await ended(child);
  const secret = new URL(redirected).searchParams.get('code') ?? '';
  return { code, secret, first, last: JSON.parse(stdout.trim().split('\n').at(-1)!), stderr };
}

describe('login --redirect-stdin', () => {
  it('takes the address that the browser ended at, and keeps to a JSON object a line', async () => {
    const { code, first, last } = await login((url) => `\nnot an address\n${url}\n`);
    expect([code, first.event, last.org?.instanceUrl]).toEqual([0, 'login:url', org.emulator.url]);
    expect(first).not.toHaveProperty('portForward');
  });

  it('says what to type where one came by SSH', async () => {
    const { code, first } = await login((url) => url, {
      SSH_CONNECTION: '10.0.0.9 55555 10.0.0.5 22',
      USER: 'ada',
    });
    const port = org.callbackPort;
    expect([code, first.portForward]).toEqual([0, `ssh -L ${port}:localhost:${port} ada@10.0.0.5`]);
  });

  it.each([
    ['nothing', () => ''],
    ['the address of another login', (url: string) => url.replace(/state=[^&]*/, 'state=another')],
  ])('ends at once where standard input holds %s', async (_, write) => {
    const { code, secret, last, stderr } = await login(write);
    expect([code, last.error?.code]).toEqual([2, 'INVALID_INPUT']);
    expect(secret.length).toBeGreaterThan(10);
    expect(stderr + JSON.stringify(last)).not.toContain(secret);
  });
});

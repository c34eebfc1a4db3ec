import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { calls, contactsOf } from './org.ts';

let emulator: Emulator;
let cli: Cli;

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 5 });
});
afterAll(() => emulator.close());
beforeEach(() => {
  cli = new Cli();
});
afterEach(() => cli[Symbol.dispose]());

/** Runs with `--json` and answers exit code and error; stderr must carry the same sentence without it. */
async function failing(args: string[], options: Parameters<Cli['run']>[1] = {}) {
  const json = await cli.run([...args, '--json'], options);
  const text = await cli.run(args, options);
  const { error } = JSON.parse(json.stdout);
  expect(text.code).toBe(json.code);
  expect(text.stderr).toContain(error.message);
  expect(text.stderr).not.toMatch(/\n\s+at /);
  expect(error.hint).toEqual(expect.any(String));
  return { exit: json.code, code: error.code, message: error.message as string, details: error.details };
}

describe('wrong input', () => {
  it('a push with faults sends nothing, names each with its place, and exits with 2', async () => {
    await cli.loginByToken(emulator);
    const before = (await contactsOf(emulator.url)).length;
    const input =
      '[\n {"LastName": "Fine"},\n {"FirstName": "Nameless"},\n {"LastName": "X", "Emial": "a@b.co"}\n]';
    const { exit, code, details } = await failing(['push'], { input });
    expect([exit, code]).toEqual([2, 'INVALID_INPUT']);
    expect(details.faults).toMatchObject([
      { index: 1, field: 'LastName', code: 'REQUIRED_FIELD_MISSING' },
      { index: 2, field: 'Emial', code: 'UNKNOWN_FIELD', message: expect.stringContaining('Email') },
    ]);
    expect((await contactsOf(emulator.url)).length).toBe(before);
    expect(
      (await calls(emulator.url)).filter(
        ({ method, path }) => method === 'POST' && /sobjects|ui-api/.test(path),
      ),
    ).toEqual([]);
    const status = await cli.json<{ orgs: { outbox: Record<string, number> }[] }>(['status']);
    expect(status.orgs[0]?.outbox).toMatchObject({ pending: 0, rejected: 0 });
  });

  it('broken JSON is told with file, line and column', async () => {
    await cli.loginByToken(emulator);
    const file = join(cli.folder, 'broken.json');
    writeFileSync(file, '{\n  "LastName": "Open,\n}\n');
    const { exit, code, message } = await failing(['push', file]);
    expect([exit, code]).toEqual([2, 'INVALID_INPUT']);
    expect(message).toMatch(/broken\.json.*line 2/);
  });

  it('a file that is not there', async () => {
    await cli.loginByToken(emulator);
    expect(await failing(['push', 'nowhere.json'])).toMatchObject({
      exit: 2,
      message: expect.stringContaining('nowhere.json'),
    });
  });

  it('an unreachable host exits with 5', async () => {
    const args = ['login', '--access-token-stdin', '--instance-url', 'http://localhost:9'];
    expect(await failing(args, { input: '00D!x\n' })).toMatchObject({ exit: 5, code: 'NETWORK_UNREACHABLE' });
  });

  it('a wrong token exits with 3', async () => {
    const args = ['login', '--access-token-stdin', '--instance-url', emulator.url];
    expect(await failing(args, { input: '00Dxx0000000000!wrong\n' })).toMatchObject({ exit: 3 });
    const { orgs } = await cli.json<{ orgs: unknown[] }>(['orgs']);
    expect(orgs).toEqual([]);
  });

  it('an org that is not connected, and no org at all', async () => {
    expect(await failing(['backfill'])).toMatchObject({ exit: 3, code: 'LOGIN_REQUIRED' });
    await cli.loginByToken(emulator);
    expect(await failing(['backfill', 'acme'])).toMatchObject({ exit: 2, code: 'UNKNOWN_ORG' });
  });

  it('an org of the environment is told without a name that nobody knows yet', async () => {
    const env = {
      PARAHACK_SYNC_INSTANCE_URL: emulator.url,
      PARAHACK_SYNC_ACCESS_TOKEN: emulator.accessToken,
    };
    const { stdout } = await cli.run(['status', '--json'], { env });
    expect(JSON.parse(stdout).orgs[0]).toMatchObject({ username: null, orgId: null, auth: 'no-refresh' });
    expect((await cli.run(['status'], { env })).stdout).toContain('by PARAHACK_SYNC_ACCESS_TOKEN');
  });

  it('a data folder that cannot be made', async () => {
    const file = join(cli.folder, 'file');
    writeFileSync(file, '');
    const env = { PARAHACK_SYNC_DATA_DIR: join(file, 'data') };
    expect(await failing(['orgs'], { env })).toMatchObject({ exit: 1, code: 'DATA_DIR_UNWRITABLE' });
  });

  it.skipIf(process.getuid?.() === 0)('a data folder without write permission', async () => {
    mkdirSync(cli.dataDir, { mode: 0o500 });
    expect(await failing(['orgs'])).toMatchObject({ exit: 1, code: 'DATA_DIR_UNWRITABLE' });
    chmodSync(cli.dataDir, 0o700);
  });

  it('an interval out of range, an unknown flag, an unknown command', async () => {
    for (const args of [['watch', '--interval', '5s'], ['backfill', '--apii', 'rest'], ['bakfill']]) {
      expect((await failing(args)).exit).toBe(2);
    }
  });

  it('plain http is refused for anything but this machine', async () => {
    const args = ['login', '--access-token-stdin', '--instance-url', 'http://acme.my.salesforce.com'];
    expect(await failing(args, { input: 'x' })).toMatchObject({ exit: 2, code: 'INVALID_INPUT' });
  });

  it('the file store without a key exits with 3 and names the other stores', async () => {
    const env = { PARAHACK_SYNC_CREDENTIAL_KEY: '' };
    const args = ['login', '--access-token-stdin', '--instance-url', emulator.url];
    expect(await failing(args, { env, input: `${emulator.accessToken}\n` })).toMatchObject({
      exit: 3,
      code: 'CREDENTIAL_STORE_UNAVAILABLE',
    });
  });

  it('an expired login exits with 3 and says which command mends it', async () => {
    await cli.loginByToken(emulator);
    await fetch(`${emulator.url}/__emulator/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"expire":true}',
    });
    const result = await cli.run(['backfill', '--json']);
    expect(result.code).toBe(3);
    expect(JSON.parse(result.stdout).orgs[0].error).toMatchObject({
      code: 'LOGIN_REQUIRED',
      hint: expect.stringContaining('login'),
    });
  });
});

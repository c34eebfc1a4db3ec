import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli, ended } from './cli.ts';
import { contactsOf, control } from './org.ts';

let emulator: Emulator;
let cli: Cli;

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 3, autoApprove: true });
  cli = new Cli();
  cli.sealCheaply();
});

afterEach(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

async function loginInBrowser(): Promise<void> {
  const { url, clientId } = emulator;
  const login = cli.start([
    'login',
    '--no-browser',
    '--json',
    '--instance-url',
    url,
    '--client-id',
    clientId,
    '--replace-grant',
  ]);
  const end = ended(login);
  const first = await new Promise<string>((resolve) =>
    login.stdout!.once('data', (text) => resolve(String(text))),
  );
  const redirect = await fetch(JSON.parse(first.split('\n')[0]!).url, { redirect: 'manual' });
  await fetch(redirect.headers.get('location')!);
  expect((await end).code).toBe(0);
}

async function newToken(): Promise<void> {
  const { accessToken } = await control<{ accessToken: string }>(emulator.url, 'sessions', {
    login: emulator.username,
  });
  await cli.loginByToken({ url: emulator.url, accessToken });
}

async function revoke(): Promise<void> {
  await control(emulator.url, 'tokens', { revokeRefresh: true });
  await control(emulator.url, 'sessions', { expire: true });
}

const queue = (record: object, ...flags: string[]) =>
  cli.run(['push', '-', '--queue', ...flags], { input: JSON.stringify(record) });

describe.each([
  ['that renews itself', loginInBrowser, loginInBrowser],
  ['by an access token', () => cli.loginByToken(emulator), newToken],
])('push --queue with a revoked login %s', (_, login, again) => {
  it('stores the records, says that a login is needed, and the next cycle behind it sends them', async () => {
    await login();
    await cli.json(['backfill']);
    await revoke();
    // The first one finds it out, and the second one knows.
    for (const LastName of ['Found', 'Known']) {
      const { code, stdout, stderr } = await queue({ LastName });
      expect([code, stdout]).toEqual([0, expect.stringContaining('1 queued.')]);
      expect(stderr).toContain('A login is needed');
      expect(stderr).toContain('the records are checked against the fields it had last');
    }
    const faulty = await queue({ LastName: 'Never', Nmae: 'x' });
    expect([faulty.code, faulty.stderr]).toEqual([2, expect.stringContaining('no field Nmae')]);
    expect((await cli.run(['push', '-'], { input: '{"LastName":"Sent"}' })).code).toBe(3);
    await again();
    expect((await cli.run(['watch', '--once'])).code).toBe(0);
    const names = (await contactsOf(emulator.url)).map(({ LastName }) => LastName);
    expect(names.filter((name) => ['Found', 'Known', 'Never', 'Sent'].includes(String(name))).sort()).toEqual(
      ['Found', 'Known'],
    );
  });

  it('needs the login where no field of the org is known', async () => {
    await login();
    await revoke();
    for (let times = 0; times < 2; times++) {
      const { code, stderr } = await queue({ LastName: 'Unknown' });
      expect([code, stderr]).toEqual([3, expect.stringContaining('A login is needed')]);
    }
  });
});

it('push --queue stores the records where the org is known to be at its limit of the day', async () => {
  await cli.loginByToken(emulator);
  await cli.json(['backfill']);
  await control(emulator.url, 'usage', { used: 99_990 });
  const sent = () => cli.run(['push', '-'], { input: '{"LastName":"Sent"}' });
  // The first one is told by the org, and the others know.
  await sent();
  expect(await sent()).toMatchObject({ code: 5, stderr: expect.stringContaining('requests') });
  const { code, stdout, stderr } = await queue({ LastName: 'Queued' });
  expect([code, stdout]).toEqual([0, expect.stringContaining('1 queued.')]);
  expect(stderr).toContain('the records are checked against the fields it had last');
});

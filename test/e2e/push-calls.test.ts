import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { calls, contactsOf } from './org.ts';

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 20, customFields: 10, dailyLimit: 1_000_000 });
});
afterAll(() => emulator.close());

it('10,000 contacts cost 50 writes and at most 10 other requests, read back and all', async () => {
  using cli = new Cli();
  await cli.loginByToken(emulator);
  const before = (await calls(emulator.url)).length;
  const rows = Array.from({ length: 10_000 }, (_, i) => `Counted ${i},counted${i}@example.org\n`);
  const pushed = await cli.json(['push'], `LastName,Email\n${rows.join('')}`);
  expect(pushed).toMatchObject({ created: 10_000, rejected: 0, queued: 0, inDoubt: 0 });

  const made = (await calls(emulator.url)).slice(before);
  const isWrite = ({ method, path }: { method: string; path: string }) =>
    method === 'POST' && path.endsWith('/composite/sobjects');
  expect(made.filter(isWrite)).toHaveLength(50);
  expect(made.length - 50).toBeLessThanOrEqual(10);

  const names = (await contactsOf(emulator.url)).map(({ LastName }) => String(LastName));
  const own = names.filter((name) => name.startsWith('Counted '));
  expect([own.length, new Set(own).size, names.length]).toEqual([10_000, 10_000, 10_020]);
  const { orgs } = await cli.json<{ orgs: { contacts: number }[] }>(['status']);
  // The mirror has not been filled: it holds what was read back.
  expect(orgs[0]?.contacts).toBe(10_000);
});

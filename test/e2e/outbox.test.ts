import Database from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { contactsOf } from './org.ts';

interface Entry {
  key: string;
  state: string;
  op: string;
  fields: string[];
  contact: { name: string | null; email: string | null };
}

let emulator: Emulator;
let cli: Cli;
let known: Record<string, unknown>;

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 3, seed: 5, autoApprove: true });
});
afterAll(() => emulator.close());

/** An entry that updates a contact of the mirror, one that creates a contact, each in every state. */
beforeEach(async () => {
  cli = new Cli();
  await cli.loginByToken(emulator, '--alias', 'prod');
  await cli.json(['backfill']);
  known = (await contactsOf(emulator.url))[0]!;
  const records = [
    { Id: known.Id, Phone: '1' },
    { FirstName: 'Ada', LastName: 'Lovelace', Email: 'ada@example.com' },
    { LastName: 'Nobody' },
  ];
  await cli.json(['push', '--queue', '--allow-mixed', '-'], JSON.stringify(records));
  return () => cli[Symbol.dispose]();
});

const list = async (...more: string[]) =>
  (await cli.json<{ entries: Entry[] }>(['outbox', 'list', ...more])).entries;

function setState(state: string, where: string): void {
  const db = new Database(cli.databaseOf(emulator.url));
  db.prepare(`update outbox set state = ? where ${where}`).run(state);
  db.close();
}

it('says of one that waits again that it may have been carried out, and what makes its repeat safe', async () => {
  const [update, create] = await list();
  const db = new Database(cli.databaseOf(emulator.url));
  db.prepare("update outbox set sent_at = '2026-03-01T12:00:00.000Z', way = ? where key = ?").run(
    'collection',
    update!.key,
  );
  db.prepare("update outbox set sent_at = '2026-03-01T12:00:00.000Z', way = ? where key = ?").run(
    'ui-api',
    create!.key,
  );
  db.close();
  const show = async (key: string) => (await cli.run(['outbox', 'show', key])).stdout.replace(/\s+/g, ' ');
  expect(await show(update!.key)).toContain('its contact is looked at before it is sent again');
  expect(await show(create!.key)).toContain('sent again with its key, by which Salesforce makes it once');
});

it('says of an entry in conflict how it is decided', async () => {
  const [first] = await list();
  const show = async () => (await cli.run(['outbox', 'show', first!.key])).stdout;
  expect(await show()).not.toContain('outbox retry');
  setState('conflict', `key = '${first!.key}'`);
  expect(await show()).toContain(`parahack-sync outbox retry ${first!.key} --take salesforce`);
});

it('names whose contact each entry is, and its fields', async () => {
  expect(await list()).toMatchObject([
    { op: 'update', fields: ['Phone'], contact: { name: known.Name, email: known.Email ?? null } },
    {
      op: 'create',
      fields: ['FirstName', 'LastName', 'Email'],
      contact: { name: 'Ada Lovelace', email: 'ada@example.com' },
    },
    { op: 'create', fields: ['LastName'], contact: { name: 'Nobody', email: null } },
  ]);
  const { stdout } = await cli.run(['outbox', 'list']);
  expect(stdout).toContain('Ada Lovelace <ada@example.com>');
  expect(stdout).toContain(String(known.Name));
  expect(stdout).toContain('FirstName, LastName, Email');
});

it('shows an entry by the beginning of its key', async () => {
  const [, ada] = await list();
  const { stdout, code } = await cli.run(['outbox', 'show', ada!.key.slice(0, 8)]);
  expect(code).toBe(0);
  for (const text of [
    ada!.key,
    'prod',
    'Ada Lovelace <ada@example.com>',
    'Email',
    'ada@example.com',
    'never',
  ]) {
    expect(stdout).toContain(text);
  }
  const shown = await cli.json<{ entry: Entry }>(['outbox', 'show', ada!.key]);
  expect(shown.entry).toMatchObject({ key: ada!.key, way: null, upsertField: null, allowDuplicates: false });
  const unknown = await cli.run(['outbox', 'show', 'nope', '--json']);
  expect(unknown.code).toBe(2);
  expect(JSON.parse(unknown.stdout).error.code).toBe('UNKNOWN_ENTRY');
});

it('says of an entry in another state which one it is in', async () => {
  const [first] = await list();
  const { code, stderr } = await cli.run(['outbox', 'retry', first!.key]);
  expect(code).toBe(2);
  expect(stderr).toContain('is pending, not rejected');
});

it('moves entries in doubt all together only where that is said', async () => {
  setState('in-doubt', "op = 'create'");
  setState('rejected', "op = 'update'");
  const keysOf = async (...argv: string[]) => (await cli.json<{ keys: string[] }>(['outbox', ...argv])).keys;
  expect(await keysOf('retry', '--all')).toHaveLength(1);
  expect(await keysOf('retry', '--all', '--in-doubt')).toHaveLength(2);
  expect(await list('--state', 'pending')).toHaveLength(3);
  setState('in-doubt', 'true');
  expect(await keysOf('drop', '--all')).toHaveLength(0);
  expect(await keysOf('drop', '--all', '--in-doubt')).toHaveLength(3);
  expect(await list()).toEqual([]);
});

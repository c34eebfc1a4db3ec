import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { control } from './org.ts';

/** More than may go without a person's word. */
const many = 120;

let emulator: Emulator;
let cli: Cli;
let program: Database.Database;
let ids: string[];

beforeEach(async () => {
  emulator = await startEmulator({ contacts: many });
  cli = new Cli();
  await cli.loginByToken(emulator);
  await cli.json(['backfill']);
  await cli.json(['orgs', 'set', emulator.url, '--two-way', 'on', '--conflicts', 'manual']);
  program = new Database(cli.databaseOf(emulator.url));
  program.pragma('busy_timeout = 15000');
  ids = program.prepare('SELECT Id FROM contacts ORDER BY Id').pluck().all() as string[];
});
afterEach(async () => {
  program.close();
  cli[Symbol.dispose]();
  await emulator.close();
});

/** The weekly comparison is due, and a cycle is made behind it. */
const dueReconcile = () =>
  program.exec("UPDATE meta SET value = '1577836800000' WHERE key = 'reconciled_at.Contact'");

/** What each of them told, by the names of what it left behind, and how the command ended. */
async function watchOnce() {
  const { code, stdout } = await cli.run(['watch', '--once', '--json']);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const told = lines.flatMap(({ event, rejected, conflicts, held, unsent }) =>
    event === 'cycle:complete' || event === 'push:complete'
      ? [{ event, rejected, conflicts, held, unsent }]
      : [],
  );
  return { code, told, error: lines.at(-1)?.error };
}

const nothing = { event: 'cycle:complete', rejected: 0, conflicts: 0, held: 0, unsent: 0 };

it('ends with 4 for what an earlier cycle of the command left behind, where another came behind a reconcile', async () => {
  const [disputed, refused] = ids;
  await control(emulator.url, 'settings', {
    validationRules: [{ name: 'NoBad', condition: "Title = 'bad'", message: 'No bad titles.' }],
  });
  await control(emulator.url, 'touch', { ids: [disputed], set: { Title: 'there' } });
  const edit = program.prepare('UPDATE contacts SET Title = ? WHERE Id = ?');
  edit.run('here', disputed);
  edit.run('bad', refused);
  dueReconcile();
  expect(await watchOnce()).toMatchObject({
    code: 4,
    told: [{ ...nothing, rejected: 1, conflicts: 1 }, nothing],
    error: { code: 'PARTIAL', details: { refused: 2 }, hint: expect.stringContaining('--take local') },
  });
  // They were told.
  dueReconcile();
  expect(await watchOnce()).toMatchObject({ code: 0, told: [nothing, nothing] });
});

it('ends with 4 for what was held before a field was filled', async () => {
  await control(emulator.url, 'settings', { addFields: [{ name: 'New__c', type: 'string', length: 20 }] });
  await control(emulator.url, 'touch', { ids: ids.slice(0, 1), set: { Title: 'there' } });
  program.exec("UPDATE meta SET value = '2020-01-01T00:00:00.000Z' WHERE key = 'described_at.Contact'");
  program.exec('DELETE FROM contacts');
  expect(await watchOnce()).toMatchObject({
    code: 4,
    told: [{ ...nothing, held: many }, nothing],
    error: { code: 'PARTIAL', hint: expect.stringContaining('outbox approve') },
  });
});

it('ends with 4 for what a cycle left behind whose pull has failed, and that was mended', async () => {
  const [id] = ids;
  await control(emulator.url, 'clock', { advanceMs: 3_600_000 });
  expect(await watchOnce()).toMatchObject({ code: 0 });
  await control(emulator.url, 'clock', { advanceMs: -3_600_000 });
  await control(emulator.url, 'touch', { ids: [id], set: { Title: 'there' } });
  program.prepare("UPDATE contacts SET Title = 'here' WHERE Id = ?").run(id);
  expect(await watchOnce()).toMatchObject({
    code: 4,
    told: [{ ...nothing, event: 'push:complete', conflicts: 1 }, nothing],
    error: { code: 'PARTIAL' },
  });
});

it('ends with 5 where the org asked to be sent nothing for now, and another cycle of the command was made meanwhile', async () => {
  const [id] = ids;
  await control(emulator.url, 'faults', [
    {
      match: 'PATCH .*/composite/sobjects',
      times: 1,
      status: 429,
      errorCode: 'REQUEST_LIMIT_EXCEEDED',
      headers: { 'Retry-After': '3600' },
    },
  ]);
  program.prepare("UPDATE contacts SET Title = 'here' WHERE Id = ?").run(id);
  dueReconcile();
  expect(await watchOnce()).toMatchObject({ code: 5, told: [{ ...nothing, unsent: 1 }, nothing] });
});

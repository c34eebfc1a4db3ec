import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { contactsOf, control } from './org.ts';

/** More than may go without a person's word. */
const many = 120;
type Row = Record<string, unknown>;

let emulator: Emulator;
let cli: Cli;
let program: Database.Database;

beforeEach(async () => {
  emulator = await startEmulator({ contacts: many });
  cli = new Cli();
  await cli.loginByToken(emulator, '--alias', 'prod');
  await cli.json(['backfill']);
  await cli.json(['orgs', 'set', 'prod', '--two-way', 'on', '--conflicts', 'manual']);
  program = new Database(cli.databaseOf(emulator.url));
  program.pragma('busy_timeout = 15000');
});
afterEach(async () => {
  program.close();
  cli[Symbol.dispose]();
  await emulator.close();
});

/** What the application is told of a row. */
const told = (key: string) =>
  program.prepare('SELECT Id, _state, _error, Title FROM contacts WHERE _key = ?').get(key) as
    | Row
    | undefined;
const some = () => program.prepare('SELECT Id FROM contacts ORDER BY Id').pluck().all() as string[];
const listed = async (...args: string[]) =>
  (await cli.json<{ entries: (Row & { key: string })[] }>(['outbox', 'list', ...args])).entries;
const inOrg = async (id: unknown) => (await contactsOf(emulator.url)).find(({ Id }) => Id === id);
/** What is left over is told by the exit code. */
const cycle = () => cli.run(['watch', '--once', '--json']);
const pass = () => control(emulator.url, 'clock', { advanceMs: 3 * 60_000 });

describe('the outbox commands, of what a program has written by SQL', () => {
  it('list and show what waits, and drop takes it out of the view', async () => {
    const [id] = some() as [string];
    program.exec(`INSERT INTO contacts (_key, LastName, Title) VALUES ('app-1', 'Ng', 'CFO');
      UPDATE contacts SET Title = 'Boss' WHERE Id = '${id}'`);
    const [create, update] = await listed();
    expect(create).toMatchObject({ op: 'create', contactKey: 'app-1', contactId: null, state: 'pending' });
    expect(update).toMatchObject({ op: 'update', contactKey: id, contactId: id, changes: { Title: 'Boss' } });
    expect(await cli.json(['outbox', 'show', update!.key])).toMatchObject({
      entry: { changes: { Title: 'Boss' }, base: { Title: (await inOrg(id))?.Title ?? null } },
    });
    expect(await cli.json(['outbox', 'drop', create!.key, update!.key])).toMatchObject({
      keys: [create!.key, update!.key],
    });
    expect(told('app-1')).toBeUndefined();
    expect(told(id)).toMatchObject({ _state: 'synced', Title: (await inOrg(id))?.Title ?? null });
  });

  it('are not sent by a push without a record, which says so and names the command that does', async () => {
    program.exec("INSERT INTO contacts (_key, LastName) VALUES ('app-1', 'Ng')");
    const { code, stdout, stderr } = await cli.run(['push', '-'], { input: '[]' });
    expect([code, stdout]).toEqual([0, 'prod: nothing to push.\n']);
    const sends = '`parahack-sync watch --once` sends what is ready';
    expect(stderr).toContain(
      `1 other entry of the outbox still waits: see \`parahack-sync outbox list\`; ${sends}.`,
    );
    expect(await cli.json(['push', '-'], '[]')).toMatchObject({ olderEntries: 1 });
    const kept = await cli.run(['logout', 'prod', '--delete-data']);
    expect(kept.stdout + kept.stderr).toContain('`parahack-sync watch prod --once`');
    const refused = await cli.run(['backfill', 'prod', '--fresh']);
    expect(refused.stdout + refused.stderr).toContain('`parahack-sync watch prod --once`');
  });

  it('keep a logout from deleting what Salesforce has refused, and the mirror alone has', async () => {
    await control(emulator.url, 'settings', {
      validationRules: [{ name: 'No boss', condition: "Title = 'Boss'", message: 'There is one already.' }],
    });
    program.exec("INSERT INTO contacts (_key, LastName, Title) VALUES ('app-1', 'Ng', 'Boss')");
    expect((await cycle()).code).toBe(4);
    const refused = await cli.run(['logout', 'prod', '--delete-data', '--json']);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('OUTBOX_OPEN');
    expect(told('app-1')).toMatchObject({ _state: 'rejected' });
    program.close();
    expect((await cli.run(['logout', 'prod', '--delete-data', '--force'])).code).toBe(0);
  });

  it('retry sends again what Salesforce refused, whose reason the row has told', async () => {
    await control(emulator.url, 'settings', {
      validationRules: [{ name: 'No boss', condition: "Title = 'Boss'", message: 'There is one already.' }],
    });
    const [id] = some() as [string];
    program.exec(`INSERT INTO contacts (_key, LastName, Title) VALUES ('app-1', 'Ng', 'Boss');
      UPDATE contacts SET Title = 'Boss' WHERE Id = '${id}'`);
    expect((await cycle()).code).toBe(4);
    const refused = 'FIELD_CUSTOM_VALIDATION_EXCEPTION: There is one already.';
    expect(told('app-1')).toMatchObject({ Id: null, _state: 'rejected', _error: refused });
    expect(told(id)).toMatchObject({ _state: 'rejected', _error: refused, Title: 'Boss' });
    const [create, update] = await listed('--state', 'rejected');
    // The program mends one, and a person the rule.
    program.exec("UPDATE contacts SET Title = 'CFO' WHERE _key = 'app-1'");
    expect(told('app-1')).toMatchObject({ _state: 'pending', _error: null });
    await control(emulator.url, 'settings', { validationRules: [] });
    expect(await cli.json(['outbox', 'retry', update!.key])).toMatchObject({ keys: [update!.key] });
    expect((await cli.run(['outbox', 'show', update!.key])).stdout).toMatch(
      /sent +not since it was let out again; 1 time before\n/,
    );
    expect((await cli.run(['outbox', 'retry', create!.key, '--json'])).code).not.toBe(0);
    expect(told(id)).toMatchObject({ _state: 'pending', _error: null });
    expect((await cycle()).code).toBe(0);
    expect(told(id)).toMatchObject({ _state: 'synced', _error: null });
    const made = told('app-1')!;
    expect(made).toMatchObject({ _state: 'synced', Title: 'CFO' });
    expect(await inOrg(made.Id)).toMatchObject({ LastName: 'Ng', Title: 'CFO' });
    expect(await inOrg(id)).toMatchObject({ Title: 'Boss' });
  });

  it('retry takes one side of a conflict or the other', async () => {
    const [ours, theirs] = some() as [string, string];
    program.exec(`UPDATE contacts SET Title = 'Ours' WHERE Id IN ('${ours}', '${theirs}')`);
    await control(emulator.url, 'touch', { ids: [ours, theirs], set: { Title: 'Theirs' } });
    expect((await cycle()).code).not.toBe(0);
    for (const id of [ours, theirs])
      expect(told(id)).toMatchObject({
        Title: 'Ours',
        _state: 'conflict',
        _error: expect.stringMatching(/^CONFLICT: .*Title is "Theirs" and was to be "Ours"/),
      });
    const waiting = await listed('--conflicts');
    expect(waiting.map(({ contactKey }) => contactKey).toSorted()).toEqual([ours, theirs].toSorted());
    const keyOf = (id: string) => waiting.find(({ contactId }) => contactId === id)!.key;
    await cli.json(['outbox', 'retry', keyOf(ours), '--take', 'local']);
    await cli.json(['outbox', 'retry', keyOf(theirs), '--take', 'salesforce']);
    expect(told(theirs)).toMatchObject({ _state: 'synced', Title: 'Theirs' });
    expect((await cycle()).code).toBe(0);
    expect(told(ours)).toMatchObject({ _state: 'synced', Title: 'Ours' });
    expect(await inOrg(ours)).toMatchObject({ Title: 'Ours' });
    expect(await inOrg(theirs)).toMatchObject({ Title: 'Theirs' });
    expect(await listed()).toEqual([]);
  });

  it('a conflict says that the contact was edited again since, and the warning of a lost edit names the run', async () => {
    const [id] = some() as [string];
    program.exec(`UPDATE contacts SET Title = 'Ours' WHERE Id = '${id}'`);
    await control(emulator.url, 'touch', { ids: [id], set: { Title: 'Theirs' } });
    await cycle();
    program.exec(`UPDATE contacts SET Title = 'Later' WHERE Id = '${id}'`);
    program.exec(`UPDATE contacts SET Title = 'Last' WHERE Id = '${id}'`);
    const text = 'Title is "Theirs" and was to be "Ours". It was edited again here since.';
    expect(told(id)).toMatchObject({
      Title: 'Last',
      _state: 'conflict',
      _error: expect.stringMatching(new RegExp(`^CONFLICT: .*${text}$`)),
    });
    const [entry] = await listed('--conflicts');
    expect(entry?.errors).toMatchObject([{ message: expect.stringMatching(new RegExp(`${text}$`)) }]);
    await cli.json(['outbox', 'retry', entry!.key, '--take', 'local']);
    await cli.json(['orgs', 'set', 'prod', '--conflicts', 'salesforce-wins']);
    await control(emulator.url, 'touch', { ids: [id], set: { Title: 'Theirs at last' } });
    const { stderr, code } = await cli.run(['watch', '--once']);
    expect(code).toBe(0);
    const [, proposed = ''] =
      /`parahack-sync (runs show \w+)` tells what became of each value\n/.exec(stderr) ?? [];
    const { stdout } = await cli.run(proposed.split(' '));
    expect(stdout).toContain('Title "Last" from here is dropped for "Theirs at last"');
  });

  it('show --live tells what others have changed of a contact whose delete is in conflict', async () => {
    const [id] = some() as [string];
    program.exec(`DELETE FROM contacts WHERE Id = '${id}'`);
    await control(emulator.url, 'touch', { ids: [id], set: { Title: 'Theirs' } });
    expect((await cycle()).code).not.toBe(0);
    const [{ key } = { key: '' }] = await listed('--conflicts');
    await control(emulator.url, 'touch', { ids: [id], set: { Title: 'Later' } });
    expect((await cli.run(['outbox', 'show', key, '--live'])).stdout).toMatch(
      new RegExp(`Salesforce \\(just now\\):\n  ${id}: .*Title "Later"`),
    );
  });

  it('show names whose each value of a conflict is, also when it is decided', async () => {
    const [id] = some() as [string];
    await control(emulator.url, 'touch', { ids: [id], set: { Title: 'Former', Phone: '1' } });
    await pass();
    expect((await cycle()).code).toBe(0);
    program.exec(`UPDATE contacts SET Title = 'Ours', Phone = '2', Department = NULL WHERE Id = '${id}'`);
    await control(emulator.url, 'touch', { ids: [id], set: { Title: 'Theirs' } });
    expect((await cycle()).code).not.toBe(0);
    program.exec(`UPDATE contacts SET FirstName = 'Ada' WHERE Id = '${id}'`);
    const [{ key } = { key: '' }] = await listed('--conflicts');
    const shown = async () => (await cli.run(['outbox', 'show', key])).stdout;
    expect(await shown()).toMatch(/Title +here Ours; edited from Former; Salesforce has Theirs\n/);
    expect(await shown()).toMatch(/Phone +2 \(was 1\)\n/);
    const { entry } = await cli.json<{ entry: Row }>(['outbox', 'show', key]);
    const firstName = (await inOrg(id))?.FirstName ?? null;
    expect(entry).toMatchObject({
      changes: { Title: 'Ours', Phone: '2', FirstName: 'Ada' },
      base: { Title: 'Former', Phone: '1', FirstName: firstName },
      found: { Title: 'Theirs', Phone: '1' },
    });
    expect(Object.keys(entry.found as Row)).not.toContain('FirstName');
    // Somebody changes it once more before the decision is carried out.
    await cli.json(['outbox', 'retry', key, '--take', 'local']);
    expect(await shown()).toMatch(/Title +here Ours; edited from Former; Salesforce had Theirs\n/);
    await control(emulator.url, 'touch', { ids: [id], set: { Title: 'Later' } });
    expect((await cycle()).code).not.toBe(0);
    expect(await shown()).toMatch(/Title +here Ours; edited from Former; Salesforce has Later\n/);
    await cli.json(['outbox', 'retry', key, '--take', 'salesforce']);
    const [{ key: givenUp } = { key: '' }] = await listed('--state', 'dropped');
    expect((await cli.run(['outbox', 'show', givenUp])).stdout).toMatch(
      /Title +here Ours; edited from Former; Salesforce had Later\n/,
    );
  });

  it('approve lets go what was held as too much at once', async () => {
    program.exec("UPDATE contacts SET Title = 'All'");
    const held = await cycle();
    expect(held).toMatchObject({ code: 4 });
    expect(held.stdout).toContain('"code":"PARTIAL"');
    expect(held.stdout).toContain('outbox approve --all');
    // By then it is no cycle's own any more, as what was refused before.
    expect((await cycle()).code).toBe(0);
    const states = () =>
      program.prepare('SELECT _state, count(*) AS n FROM contacts GROUP BY 1').all() as Row[];
    expect(states()).toEqual([{ _state: 'held', n: many }]);
    const [{ _error: reason }] = program.prepare('SELECT DISTINCT _error FROM contacts').all() as [Row];
    expect((await cli.run(['outbox', 'list', '--limit', '1'])).stdout).toContain(reason);
    const { keys } = await cli.json<{ keys: string[] }>(['outbox', 'approve', '--all']);
    expect(keys).toHaveLength(many);
    expect((await cycle()).code).toBe(0);
    expect(states()).toEqual([{ _state: 'synced', n: many }]);
    expect(new Set((await contactsOf(emulator.url)).map(({ Title }) => Title))).toEqual(new Set(['All']));
  });

  it('drop gives up all that is held, and the rows are back', async () => {
    program.exec('DELETE FROM contacts');
    expect((await cycle()).stdout).toContain('outbox drop --all --state held');
    const reasons = program.prepare('SELECT DISTINCT _state, _error FROM contacts').all();
    expect(reasons).toEqual([
      { _state: 'held', _error: expect.stringMatching(/^Held, .*outbox drop --all --state held/) },
    ]);
    expect((await cli.run(['outbox', 'drop', '--all'])).stdout).toContain(
      `0 entries dropped. Left: ${many} held`,
    );
    const { keys } = await cli.json<{ keys: string[] }>(['outbox', 'drop', '--all', '--state', 'held']);
    expect(keys).toHaveLength(many);
    expect((await cycle()).code).toBe(0);
    expect(program.prepare("SELECT count(*) FROM contacts WHERE _state = 'synced'").pluck().get()).toBe(many);
    expect(await contactsOf(emulator.url)).toHaveLength(many);
  });

  it('settle gives a row whose creation was in doubt its Id, or lets it be sent again', async () => {
    await control(emulator.url, 'settings', { idempotency: false });
    program.exec("INSERT INTO contacts (_key, LastName) VALUES ('app-1', 'Lost')");
    // The org commits, and refuses to tell how far it is.
    await control(emulator.url, 'faults', [{ match: 'POST .*/composite/sobjects$', reset: 'after-commit' }]);
    expect((await cycle()).code).not.toBe(0);
    expect(told('app-1')).toMatchObject({
      Id: null,
      _state: 'pending',
      _error: expect.stringMatching(/was cut/),
    });
    const [doubt] = await listed('--state', 'in-doubt');
    const [made] = (await contactsOf(emulator.url)).filter(({ LastName }) => LastName === 'Lost');
    await pass();
    await cli.json(['outbox', 'settle', doubt!.key, '--as', String(made!.Id)]);
    expect(told('app-1')).toMatchObject({ Id: made!.Id, _state: 'synced', _error: null });
    program.exec("INSERT INTO contacts (_key, LastName) VALUES ('app-2', 'Never')");
    await control(emulator.url, 'faults', [{ match: 'POST .*/composite/sobjects$', status: 503 }]);
    await cycle();
    const [other] = await listed('--state', 'in-doubt');
    await cli.json(['outbox', 'settle', other!.key, '--not-sent']);
    expect(told('app-2')).toMatchObject({ Id: null, _state: 'pending', _error: null });
    await control(emulator.url, 'faults', []);
    expect((await cycle()).code).toBe(0);
    const names = (await contactsOf(emulator.url)).map(({ LastName }) => LastName);
    expect(names.filter((name) => name === 'Lost' || name === 'Never')).toHaveLength(2);
    expect(told('app-2')).toMatchObject({ _state: 'synced', Id: expect.any(String) });
  });
});

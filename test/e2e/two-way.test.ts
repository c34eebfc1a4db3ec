import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { haveRealPart } from '../support/real-part.ts';
import { Cli, ended } from './cli.ts';
import { calls, contactsOf, control } from './org.ts';

const script = new URL('two-way-program.py', import.meta.url).pathname;
/** Generous: what is asserted is the order of things, and how long they took is printed. */
const patienceSeconds = 60;

let emulator: Emulator;
let cli: Cli;
let told: Record<string, unknown>[];

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 50 });
  cli = new Cli();
  await cli.loginByToken(emulator);
  told = [];
});
afterEach(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

/** A watch whose first cycle has ended, and whose next one comes in a day. */
async function watching(): Promise<ChildProcess> {
  const child = cli.start(['watch', '--interval', '1d', '--json']);
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      told.push(JSON.parse(line));
      if (told.at(-1)?.event === 'cycle:complete') resolve();
    });
    child.once('exit', () => reject(new Error('The watch has ended.')));
  });
  return child;
}

const toldOf = (event: string) => told.filter((line) => line.event === event);

async function twoWayOn(): Promise<void> {
  const [{ alias, instanceUrl } = { alias: null, instanceUrl: '' }] = (
    await cli.json<{ orgs: { alias: string | null; instanceUrl: string }[] }>(['orgs'])
  ).orgs;
  const { org, openEdits } = await cli.json<{ org: { twoWay: boolean }; openEdits: number }>([
    'orgs',
    'set',
    alias ?? instanceUrl,
    '--two-way',
    'on',
  ]);
  expect({ twoWay: org.twoWay, openEdits }).toEqual({ twoWay: true, openEdits: 0 });
}

/** Another language's SQLite, by the system's own library. */
class PythonProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(path: string) {
    this.#child = spawn('python3', [script, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async version(): Promise<string> {
    return JSON.parse((await this.#answers.next()).value).sqlite;
  }

  async #ask(command: unknown[]): Promise<{ rows: unknown[][]; ms: number; error?: string }> {
    this.#child.stdin!.write(`${JSON.stringify(command)}\n`);
    return JSON.parse((await this.#answers.next()).value);
  }

  sql(statement: string, ...values: unknown[]) {
    return this.#ask(['sql', statement, values]);
  }

  wait(query: string, ...values: unknown[]) {
    return this.#ask(['wait', query, values, patienceSeconds]);
  }

  async [Symbol.asyncDispose]() {
    const exit = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await exit;
  }
}

describe.skipIf(!haveRealPart("Python's sqlite3", ['python3']))('a program in Python', () => {
  it('inserts, updates and deletes while the watch runs, and sees its contact with an Id', async () => {
    await twoWayOn();
    const watch = await watching();
    const before = await contactsOf(emulator.url);
    await using program = new PythonProgram(cli.databaseOf(emulator.url));
    const version = await program.version();
    const [first, second] = before.map(({ Id }) => String(Id)) as [string, string];
    for (const value of ['2026-02-30', '2026-11-31']) {
      const refused = await program.sql('UPDATE contacts SET Birthdate = ? WHERE Id = ?', value, first);
      expect(refused.error).toContain('Birthdate takes a date like 2026-01-31');
    }
    const inserted = await program.sql(
      "INSERT INTO contacts (_key, LastName, Email) VALUES ('app-1', 'Ng', 'ng@example.com')",
    );
    expect(inserted.error).toBeUndefined();
    const made = await program.wait("SELECT Id FROM contacts WHERE _key = 'app-1' AND Id IS NOT NULL");
    console.info(`SQLite ${version}: from the commit to the Id in ${made.ms} ms`);
    expect(made.rows).toHaveLength(1);
    const updated = await program.sql("UPDATE contacts SET Title = 'Boss' WHERE Id = ?", first);
    expect(updated.error).toBeUndefined();
    await program.sql("UPDATE contacts SET FirstName = 'Ada' WHERE _key = 'app-1'");
    await program.sql('DELETE FROM contacts WHERE Id = ?', second);
    const settled = await program.wait(
      `SELECT count(*) FROM contacts WHERE (_key = 'app-1' AND FirstName = 'Ada' AND _state = 'synced')
         OR (Id = ? AND Title = 'Boss' AND _state = 'synced') HAVING count(*) = 2`,
      first,
    );
    console.info(`SQLite ${version}: an update is settled in ${settled.ms} ms`);
    expect(settled.rows).toEqual([[2]]);
    await program.wait('SELECT 1 FROM contact WHERE Id = ? AND _gone IS NOT NULL', second);
    const org = new Map((await contactsOf(emulator.url)).map((row) => [String(row.Id), row]));
    expect(org.size).toBe(before.length);
    expect(org.get(String(made.rows[0]![0]))).toMatchObject({ LastName: 'Ng', FirstName: 'Ada' });
    expect(org.get(first)).toMatchObject({ Title: 'Boss' });
    expect(org.has(second)).toBe(false);
    // No cycle was made for it.
    expect(toldOf('cycle:complete')).toHaveLength(1);
    expect(toldOf('push:complete').length).toBeGreaterThan(0);
    const joined = await program.sql(
      "UPDATE contacts SET Title = o.t FROM (SELECT ? AS k, 'Joined' AS t) o WHERE contacts._key = o.k",
      first,
    );
    // As its SQLite has it: refused with the way round, or taken whole.
    if (joined.error !== undefined) expect(joined.error).toMatch(/^UPDATE … FROM is not taken/);
    else
      await program.wait(
        "SELECT 1 FROM contacts WHERE Id = ? AND Title = 'Joined' AND LastName <> '' AND _state = 'synced'",
        first,
      );
    const title = joined.error === undefined ? 'Joined' : 'Boss';
    expect((await program.sql('SELECT Title FROM contacts WHERE _key = ?', first)).rows).toEqual([[title]]);
    const refused = await program.sql("INSERT INTO contacts (FirstName) VALUES ('Nobody')");
    expect(refused.error).toBe('LastName is required.');
    const renamed = await program.sql("UPDATE contacts SET Name = 'x' WHERE _key = 'app-1'");
    expect(renamed.error).toBe('Name is set by Salesforce and cannot be changed.');
    watch.kill('SIGTERM');
    expect((await ended(watch)).code).toBe(0);
  });
});

describe('a watch beside programs', () => {
  it('takes up an org that programs may write to from now on, and is not woken by its own writes', async () => {
    const watch = await watching();
    await twoWayOn();
    const db = new Database(cli.databaseOf(emulator.url));
    db.pragma('busy_timeout = 15000');
    db.prepare("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')").run();
    const query = db.prepare(
      "SELECT 1 FROM contacts WHERE _key = 'k' AND Id IS NOT NULL AND _state = 'synced'",
    );
    await expect
      .poll(() => query.get() !== undefined, { timeout: patienceSeconds * 1_000, interval: 50 })
      .toBe(true);
    db.close();
    await expect.poll(() => toldOf('push:complete').length, { timeout: 10_000 }).toBe(1);
    // Whatever it has written since, nothing was asked of the org for it.
    const asked = (await calls(emulator.url)).length;
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect((await calls(emulator.url)).length).toBe(asked);
    expect(toldOf('push:complete')).toHaveLength(1);
    watch.kill('SIGTERM');
    await ended(watch);
  });

  it('sends what programs write also while a row that another edit is of stays locked', async () => {
    await twoWayOn();
    const watch = await watching();
    const [locked, other] = (await contactsOf(emulator.url)).map(({ Id }) => String(Id)) as [string, string];
    await control(emulator.url, 'settings', { lockedIds: [locked] });
    const db = new Database(cli.databaseOf(emulator.url));
    db.pragma('busy_timeout = 15000');
    const edit = db.prepare('UPDATE contacts SET Title = ? WHERE Id = ?');
    edit.run('Locked', locked);
    const patience = { timeout: patienceSeconds * 1_000, interval: 50 };
    await expect.poll(() => toldOf('push:complete').length, patience).toBe(1);
    expect(toldOf('push:complete')[0]).toMatchObject({ unsent: 1, pushError: { code: 'REFUSED_FOR_NOW' } });
    edit.run('Sent', other);
    const state = db.prepare('SELECT _state FROM contacts WHERE Id = ?').pluck();
    await expect.poll(() => state.get(other), patience).toBe('synced');
    expect(state.get(locked)).toBe('pending');
    db.close();
    expect(toldOf('cycle:complete')).toHaveLength(1);
    watch.kill('SIGTERM');
    await ended(watch);
  });
});

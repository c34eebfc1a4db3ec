import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { create, NOW, rows, testOrg } from './org-fixture.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-file-test-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a state file', () => {
  it('keeps rows, fields and row numbers, and answers for its own seed', async () => {
    const stateFile = join(folder, 'org.db');
    const first = await testOrg({ contacts: 30, seed: 9, stateFile });
    const made = create(first.org, first.me, { LastName: 'Kept' });
    const purged = create(first.org, first.me, { LastName: 'Purged' });
    first.org.control.purge([purged]);
    first.org.control.change({ addFields: [{ name: 'A__c', type: 'string' }] });
    first.org.close();
    const second = await testOrg({ contacts: 5, seed: 1, stateFile });
    expect(second.org.id).toBe(first.org.id);
    expect(second.org.control.counts()).toMatchObject({ live: 31, purged: 1 });
    expect(rows(second.org, second.me, "SELECT Id, A__c FROM Contact WHERE LastName = 'Kept'")).toMatchObject(
      [{ Id: made, A__c: null }],
    );
    expect(create(second.org, second.me, { LastName: 'New' })).not.toBe(purged);
    await second.org.control.reset();
    expect(second.org.control.counts()).toMatchObject({ live: 30, purged: 0 });
    second.org.close();
  });

  it('keeps how far the clock was moved, so that no row is stamped later than now', async () => {
    const stateFile = join(folder, 'org.db');
    const wallClock = () => Date.UTC(2026, 5, 1);
    const first = await testOrg({ contacts: 1, stateFile, wallClock });
    first.org.clock.advance(86_400_000);
    create(first.org, first.me, { LastName: 'Tomorrow' });
    first.org.close();
    const second = await testOrg({ stateFile, wallClock });
    expect(second.org.clock.now()).toBe(Date.UTC(2026, 5, 2));
    await second.org.control.reset();
    second.org.close();
    const third = await testOrg({ stateFile, wallClock });
    expect(third.org.clock.now()).toBe(Date.UTC(2026, 5, 1));
    third.org.close();
  });

  it('takes further objects when it is opened again', async () => {
    const stateFile = join(folder, 'org.db');
    (await testOrg({ contacts: 3, stateFile })).org.close();
    const objects = [{ name: 'Extra__c', fields: [{ name: 'Name', type: 'string' }] }];
    const { org, me } = await testOrg({ stateFile, objects });
    create(org, me, { Name: 'x' }, 'Extra__c');
    expect(rows(org, me, 'SELECT Name FROM Extra__c')).toHaveLength(1);
    org.close();
  });
});

describe('closing', () => {
  it('removes the temporary files, and may be done twice', async () => {
    const { org } = await testOrg({ contacts: 3, tempFolder: folder });
    expect(readdirSync(folder)).toHaveLength(1);
    org.close();
    org.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('an org that cannot be made leaves nothing behind', async () => {
    await expect(testOrg({ tempFolder: folder, objects: [{}] })).rejects.toThrow();
    await expect(
      testOrg({ tempFolder: folder, contacts: 50_000, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    await expect(
      testOrg({ tempFolder: folder, stateFile: join(folder, 'no', 'such', 'folder.db') }),
    ).rejects.toThrow();
    expect(existsSync(folder) && readdirSync(folder)).toEqual([]);
  });
});

describe('a state file that is not the emulator’s alone', () => {
  const foreign = (path: string, journal: string) => {
    const db = new Database(path);
    db.pragma(`journal_mode = ${journal}`);
    db.exec("create table contact (id text, email text); insert into contact values ('1', 'a@example.org')");
    db.close();
    chmodSync(path, 0o644);
  };

  it('is refused and left as it is where another program made it, be its tables named as ours', async () => {
    for (const journal of ['delete', 'wal']) {
      const stateFile = join(folder, `mirror-${journal}.db`);
      foreign(stateFile, journal);
      const before = readFileSync(stateFile);
      await expect(testOrg({ stateFile })).rejects.toThrow('another program');
      expect(readFileSync(stateFile).equals(before)).toBe(true);
      expect(statSync(stateFile).mode & 0o777).toBe(0o644);
    }
    const text = join(folder, 'notes.txt');
    writeFileSync(text, 'notes that are nobody else’s business', { mode: 0o644 });
    await expect(testOrg({ stateFile: text })).rejects.toThrow('not a database');
    expect(readFileSync(text, 'utf8')).toContain('notes');
    expect(statSync(text).mode & 0o777).toBe(0o644);
  });

  it('is refused to a second emulator, and free again once the first is closed', async () => {
    const stateFile = join(folder, 'org.db');
    const first = await testOrg({ contacts: 3, stateFile });
    await expect(testOrg({ stateFile })).rejects.toThrow('in use');
    expect(create(first.org, first.me, { LastName: 'Undisturbed' })).toMatch(/^003/);
    first.org.close();
    const second = await testOrg({ stateFile });
    expect(second.org.control.counts().live).toBe(4);
    second.org.close();
  });
});

describe('a state file whose emulator was killed', () => {
  /** The file as a killed process leaves it: copied while it is written. */
  const copyOf = (stateFile: string) => {
    const copy = join(folder, 'killed.db');
    for (const end of ['', '-wal'])
      if (existsSync(stateFile + end)) copyFileSync(stateFile + end, copy + end);
    return copy;
  };

  it('keeps its own seed and org id, though it was killed while it was set back', async () => {
    const stateFile = join(folder, 'org.db');
    const { org } = await testOrg({ contacts: 40_000, seed: 7, stateFile, wallClock: Date.now });
    org.clock.advance(86_400_000);
    const reset = org.control.reset();
    // Its first rows are in; the others are not.
    await new Promise((resolve) => setImmediate(resolve));
    const killed = copyOf(stateFile);
    await reset;
    org.close();
    const again = await testOrg({ contacts: 3, seed: 1, stateFile: killed });
    expect([again.org.id, again.org.seed]).toEqual([org.id, 7]);
    expect(again.org.control.counts().live).toBe(40_000);
    expect(Math.abs(again.org.clock.now() - NOW)).toBeLessThan(1_000);
    again.org.close();
  });

  it('begins anew with what is asked for where the first making was killed, whatever tables that left', async () => {
    const stateFile = join(folder, 'org.db');
    const extra = (type: string) => [
      {
        name: 'Extra__c',
        fields: [
          { name: 'Name', type: 'string' },
          { name: 'X__c', type },
        ],
      },
    ];
    const stopped = new AbortController();
    const made = testOrg({ contacts: 60_000, stateFile, objects: extra('string'), signal: stopped.signal });
    stopped.abort();
    await expect(made).rejects.toThrow();
    const first = await testOrg({ contacts: 2, seed: 3, stateFile });
    expect([first.org.seed, first.org.control.counts().live]).toEqual([3, 2]);
    first.org.close();
    const { org, me } = await testOrg({
      stateFile,
      objects: [
        {
          name: 'Extra__c',
          fields: [
            { name: 'Name', type: 'string' },
            { name: 'Y__c', type: 'string' },
          ],
        },
      ],
    });
    create(org, me, { Name: 'x', Y__c: 'y' }, 'Extra__c');
    org.close();
  });
});

describe('closing a state file', () => {
  it('commits the writes that were answered and would have become visible later', async () => {
    const stateFile = join(folder, 'org.db');
    const first = await testOrg({ contacts: 0, stateFile });
    first.org.control.change({ commitLagMs: 60_000 });
    const id = create(first.org, first.me, { LastName: 'Answered' });
    first.org.control.change({ commitLagMs: 0 });
    first.org.control.openTransaction({ create: { count: 1 } });
    first.org.close();
    const second = await testOrg({ stateFile });
    expect(rows(second.org, second.me, 'SELECT Id FROM Contact')).toMatchObject([{ Id: id }]);
    second.org.close();
  });
});

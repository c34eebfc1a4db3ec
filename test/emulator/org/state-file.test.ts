import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { create, rows, testOrg } from './org-fixture.ts';

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

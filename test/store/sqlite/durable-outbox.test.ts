import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SharedBuffers } from '../../../src/store/page/shared-buffers.ts';
import { MirrorWriter } from '../../../src/store/sqlite/writer/mirror-writer.ts';
import type { NewOutboxEntry } from '../../../src/sync/ports/outbox-entry.ts';
import { epoch } from './pages.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-durable-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const normal = 1;
const full = 2;

/** What `PRAGMA synchronous` is at each commit from now on. */
function watchCommits(): unknown[] {
  const seen: unknown[] = [];
  const exec = Database.prototype.exec;
  vi.spyOn(Database.prototype, 'exec').mockImplementation(function (this: Database.Database, sql) {
    if (sql === 'COMMIT') seen.push(this.pragma('synchronous', { simple: true }));
    return exec.call(this, sql);
  });
  return seen;
}

const entry: NewOutboxEntry = {
  key: 'a',
  op: 'create',
  contactKey: 'a',
  contactId: null,
  changes: { LastName: 'A' },
  base: null,
  upsertField: null,
  allowDuplicates: false,
  atomicGroup: null,
  createdAt: epoch,
  state: 'pending',
};

test('what is to be sent, was sent and was answered is on the disk before the next step, through a power cut too', () => {
  const writer = new MirrorWriter(join(folder, 'a.db'), true, new SharedBuffers());
  const commits = watchCommits();
  writer.perform('insertEntries', ['Contact', [entry]], []);
  const sent = { kind: 'sent', keys: ['a'], way: 'collection', at: epoch, orgAt: null, by: null, job: null };
  writer.perform('storeSendSteps', [[sent]], []);
  const settlements = [{ key: 'a', state: 'in-doubt', errors: [], at: epoch }];
  writer.perform('storeSendSteps', [[{ kind: 'settled', settlements }]], []);
  writer.perform('moveEntries', [['a'], ['in-doubt'], 'dropped', epoch], []);
  expect(commits).toEqual([full, full, full, full]);
  writer.perform('writeMeta', ['other', 'value'], []);
  expect(commits.at(-1)).toBe(normal);
  writer.close();
});

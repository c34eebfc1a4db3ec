import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/base/logger.ts';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import type { UpdatedAnswer } from '../../src/sync/ports/record-changes.ts';
import { readableFields } from '../../src/sync/schema.ts';
import { calls, control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { openRig, type Rig } from './rig.ts';

const minute = 60_000;
const equal = (rig: Rig) =>
  expectMirrorEqualsOrg(mirrorPath(join(rig.folder, 'orgs'), rig.emulator.url), rig.emulator.url);
const cycle = (rig: Rig) => runCycle(rig.context, { push: false, signal: rig.signal });
const bulkJobs = async (rig: Rig) =>
  (await calls(rig.emulator.url)).filter(
    (call) => call.method === 'POST' && call.path.endsWith('/jobs/query'),
  ).length;

async function copied(contacts: number): Promise<Rig> {
  const rig = await openRig({ contacts });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  await control(rig.emulator.url, 'clock', { advanceMs: 3 * minute });
  return rig;
}

/** Something happens in the org between an answer of `updated` and the reading of what it names; once. */
function afterUpdated(rig: Rig, happens: (ids: string[]) => Promise<unknown>): void {
  const { records } = rig.context;
  let due = true;
  const updated = async (...args: Parameters<typeof records.changes.updated>): Promise<UpdatedAnswer> => {
    const answer = await records.changes.updated(...args);
    if (due && answer.ids.length > 0) {
      due = false;
      await happens(answer.ids);
    }
    return answer;
  };
  rig.context.records = { ...records, changes: { ...records.changes, updated } };
}

const gone = async (rig: Rig, ids: readonly string[]) => {
  const states = await rig.context.mirror.contacts.states(ids);
  return ids.map((id) => states.get(id)?.gone ?? null);
};

describe('a contact that updated names and no retrieve gives', () => {
  it('is hidden where sharing hid it meanwhile, keeps its values, and is shown by the next read of it', async () => {
    await using rig = await copied(40);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'touch', { count: 3, set: { Title: 'Seen' } });
    const hidden = ids.slice(0, 2);
    afterUpdated(rig, () => control(url, 'visibility', { ids: hidden, hidden: true }));
    const { runId } = await cycle(rig);
    expect(await gone(rig, ids)).toEqual(['hidden', 'hidden', null]);
    expect((await rig.context.mirror.journal.run(runId))!.counts).toMatchObject({ absent: 2, hidden: 2 });
    await control(url, 'clock', { advanceMs: 3 * minute });
    await control(url, 'visibility', { ids: hidden, hidden: false });
    await control(url, 'touch', { ids: hidden, set: { Title: 'Shown' } });
    expect(await cycle(rig)).toMatchObject({ undeleted: 2 });
    expect(await gone(rig, hidden)).toEqual([null, null]);
    await equal(rig);
  });

  it('is hidden also where a push has read it back after it was named, and before sharing hid it', async () => {
    await using rig = await copied(40);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'touch', { count: 3, set: { Title: 'Seen' } });
    const hidden = ids.slice(0, 2);
    afterUpdated(rig, async () => {
      const { mirror, records } = rig.context;
      await mirror.commit({ page: await records.retrieve(hidden, await readableFields(rig.context)) });
      await control(url, 'visibility', { ids: hidden, hidden: true });
    });
    await cycle(rig);
    expect(await gone(rig, ids)).toEqual(['hidden', 'hidden', null]);
  });

  it('is known as hidden before the cursor passes it, whatever ends the process between', async () => {
    await using rig = await copied(30);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'touch', { count: 1, set: { Title: 'Seen' } });
    await rig.context.remote.identity();
    afterUpdated(rig, () => control(url, 'visibility', { ids, hidden: true }));
    const before = await rig.context.mirror.journal.cursors();
    await control(url, 'faults', [
      { match: 'GET .*/queryAll', times: 50, status: 500, errorCode: 'UNKNOWN_EXCEPTION' },
    ]);
    await expect(cycle(rig)).rejects.toMatchObject({ code: 'ORG_UNAVAILABLE' });
    expect((await rig.context.mirror.journal.cursors()).updated).toBe(before.updated);
    await control(url, 'faults', []);
    await cycle(rig);
    expect((await rig.context.mirror.journal.cursors()).updated).toBeGreaterThan(before.updated!);
  });

  it('is deleted, merged or purged where that happened meanwhile', async () => {
    await using rig = await copied(40);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'touch', { count: 4, set: { Title: 'Seen' } });
    const [deleted, purged, loser, master] = ids as [string, string, string, string];
    afterUpdated(rig, async () => {
      await control(url, 'delete', { ids: [deleted, purged] });
      await control(url, 'purge', { ids: [purged] });
      await control(url, 'merge', { master, losers: [loser] });
    });
    const report = await cycle(rig);
    expect(await gone(rig, ids)).toEqual(['deleted', 'purged', 'merged', null]);
    // Two at once, and the purged one, which was first taken for hidden, by the word of `deleted`.
    expect(report.deleted).toBe(3);
    await equal(rig);
  });

  it('is read where it is shown again before anybody asks what became of it', async () => {
    await using rig = await copied(30);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'touch', { count: 1, set: { Title: 'Blinked' } });
    const { remote } = rig.context;
    afterUpdated(rig, () => control(url, 'visibility', { ids, hidden: true }));
    const all: typeof remote.queries.all = async (soql, options) => {
      if (options?.deleted) await control(url, 'visibility', { ids, hidden: false });
      return remote.queries.all(soql, options);
    };
    rig.context.remote = { ...remote, queries: { ...remote.queries, all } };
    expect(await cycle(rig)).toMatchObject({ upserted: 1 });
    await equal(rig);
  });

  it('is hidden where it is shown for just as long as somebody asks what became of it', async () => {
    await using rig = await copied(30);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'touch', { count: 1, set: { Title: 'Blinked' } });
    const { remote } = rig.context;
    afterUpdated(rig, () => control(url, 'visibility', { ids, hidden: true }));
    let asked = 0;
    const all: typeof remote.queries.all = async (soql, options) => {
      if (!options?.deleted || ++asked > 1) return remote.queries.all(soql, options);
      await control(url, 'visibility', { ids, hidden: false });
      const answer = await remote.queries.all(soql, options);
      await control(url, 'visibility', { ids, hidden: true });
      return answer;
    };
    rig.context.remote = { ...remote, queries: { ...remote.queries, all } };
    const { runId } = await cycle(rig);
    expect(await gone(rig, ids)).toEqual(['hidden']);
    expect((await rig.context.mirror.journal.run(runId))!.counts).toMatchObject({ hidden: 1 });
  });

  it('keeps the cursor where it is as long as queryAll shows it and no retrieve gives it', async () => {
    await using rig = await copied(30);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'touch', { count: 2, set: { Title: 'Withheld' } });
    await rig.context.remote.identity();
    const before = await rig.context.mirror.journal.cursors();
    const { records } = rig.context;
    const retrieve: typeof records.retrieve = async (...args) => {
      await control(url, 'visibility', { ids, hidden: true });
      const answer = await records.retrieve(...args);
      await control(url, 'visibility', { ids, hidden: false });
      return answer;
    };
    rig.context.records = { ...records, retrieve };
    await expect(cycle(rig)).rejects.toMatchObject({
      code: 'PAGE_INCOMPLETE',
      message: expect.stringContaining('2 in all'),
      details: { ids },
    });
    expect((await rig.context.mirror.journal.cursors()).updated).toBe(before.updated);
    rig.context.records = records;
    expect(await cycle(rig)).toMatchObject({ upserted: 2 });
    await equal(rig);
  });

  it('stays where so many are not shown that a lost permission is likelier, and the cursor moves on', async () => {
    await using rig = await copied(300);
    const { url } = rig.emulator;
    const warned: string[] = [];
    rig.context.log = createLogger('warn', (_, message) => warned.push(message));
    const { ids } = await control(url, 'touch', { count: 150, set: { Title: 'Seen' } });
    const before = await rig.context.mirror.journal.cursors();
    afterUpdated(rig, () => control(url, 'visibility', { ids, hidden: true }));
    const { runId } = await cycle(rig);
    expect(new Set(await gone(rig, ids))).toEqual(new Set([null]));
    expect(warned).toEqual([expect.stringContaining('150 of 300 contacts')]);
    expect((await rig.context.mirror.journal.run(runId))!.counts).toMatchObject({ held: 150 });
    expect((await rig.context.mirror.journal.cursors()).updated).toBeGreaterThan(before.updated!);
  });

  it('stay where they are all that remain, the others being stated to be deleted', async () => {
    await using rig = await copied(6);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'touch', { count: 6, set: { Title: 'Seen' } });
    const [deleted, hidden] = [ids.slice(0, 2), ids.slice(2)] as [string[], string[]];
    afterUpdated(rig, async () => {
      await control(url, 'delete', { ids: deleted });
      await control(url, 'visibility', { ids: hidden, hidden: true });
    });
    const { runId } = await cycle(rig);
    expect(await gone(rig, deleted)).toEqual(['deleted', 'deleted']);
    expect(new Set(await gone(rig, hidden))).toEqual(new Set([null]));
    expect((await rig.context.mirror.journal.run(runId))!.counts).toMatchObject({ held: 4 });
  });
});

describe('deletes of one window', () => {
  it('end as the org has them, whatever came before: deleted, restored, deleted again, merged, purged', async () => {
    await using rig = await copied(60);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'touch', { count: 8 });
    await cycle(rig);
    const [a, b, c, d, e, f, g, master] = ids as string[];
    const undelete = (...undeleted: (string | undefined)[]) => control(url, 'undelete', { ids: undeleted });
    const remove = (...removed: (string | undefined)[]) => control(url, 'delete', { ids: removed });
    const pass = (minutes: number) => control(url, 'clock', { advanceMs: minutes * minute });
    // In one window, partly within one second.
    await pass(3);
    await remove(a, b, c, d);
    await undelete(b, c);
    await remove(c);
    await control(url, 'merge', { master, losers: [e] });
    await control(url, 'purge', { ids: [d] });
    await cycle(rig);
    expect(await gone(rig, ids)).toEqual(['deleted', null, 'deleted', 'purged', 'merged', null, null, null]);
    await equal(rig);
    // Over several windows.
    await pass(3);
    await remove(f, g);
    await cycle(rig);
    await pass(3);
    await undelete(a, f);
    await cycle(rig);
    expect(await gone(rig, [a!, f!, g!])).toEqual([null, null, 'deleted']);
    await pass(3);
    await undelete(g);
    await control(url, 'merge', { master, losers: [g] });
    // An org need not name among the changed ones what is gone again.
    const { records } = rig.context;
    const updated: typeof records.changes.updated = async (...args) => {
      const answer = await records.changes.updated(...args);
      return { ...answer, ids: answer.ids.filter((id) => id !== g) };
    };
    rig.context.records = { ...records, changes: { ...records.changes, updated } };
    await cycle(rig);
    expect(await gone(rig, [g!])).toEqual(['merged']);
    await equal(rig);
  });

  it('are not asked about once more each time that the window names them', async () => {
    await using rig = await copied(900);
    const { url } = rig.emulator;
    await control(url, 'open-transaction', {});
    await control(url, 'delete', { count: 800 });
    await cycle(rig);
    await control(url, 'clock', { advanceMs: 5 * minute });
    const before = (await calls(url)).length;
    expect(await cycle(rig)).toMatchObject({ deleted: 0, apiCalls: expect.any(Number) });
    const asked = (await calls(url)).slice(before).map(({ path }) => path);
    expect(asked.filter((path) => path.includes('/queryAll'))).toEqual([]);
  });
});

describe('a bulk query for a window of very many', () => {
  it('is checked against what was named: whoever it does not hold is read by id, and its verdict known', async () => {
    await using rig = await copied(21_500);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'touch', { count: 20_100, set: { Title: 'Many' } });
    await control(url, 'clock', { advanceMs: 3 * minute });
    // Named though its stamp lies before the window, as what an answer holds is Salesforce's own affair.
    const old = (await rig.context.remote.queries.all(`SELECT Id FROM Contact WHERE Title != 'Many' LIMIT 1`))
      .records;
    const before = String(old[0]!.Id);
    afterUpdated(rig, async (named) => {
      named.push(before);
      await control(url, 'visibility', { ids: ids.slice(0, 2), hidden: true });
      await control(url, 'delete', { ids: ids.slice(2, 4) });
    });
    const { runId, upserted } = await cycle(rig);
    expect(await bulkJobs(rig)).toBe(1);
    expect(upserted).toBe(20_096);
    expect((await rig.context.mirror.journal.run(runId))!.counts).toMatchObject({
      notInBulk: 5,
      absent: 4,
      hidden: 2,
      unchanged: 1,
    });
    expect(await gone(rig, ids.slice(0, 4))).toEqual(['hidden', 'hidden', 'deleted', 'deleted']);
    await control(url, 'visibility', { ids: ids.slice(0, 2), hidden: false });
    await control(url, 'touch', { ids: ids.slice(0, 2) });
    await cycle(rig);
    await equal(rig);
  });

  it('costs calls and nothing else where Salesforce fails it', async () => {
    await using rig = await copied(20_500);
    const { url } = rig.emulator;
    await control(url, 'touch', { count: 20_100, set: { Title: 'Many' } });
    await control(url, 'settings', { bulkJobFailures: 1 });
    expect(await cycle(rig)).toMatchObject({ upserted: 20_100 });
    await equal(rig);
  });

  it('is bounded by its piece where another follows', async () => {
    await using rig = await copied(22_500);
    const { url } = rig.emulator;
    const { remote } = rig.context;
    const asked: string[] = [];
    const create: typeof remote.bulk.create = (soql, ...rest) => {
      asked.push(soql.replace(/.* WHERE /, ''));
      return remote.bulk.create(soql, ...rest);
    };
    rig.context.remote = { ...remote, bulk: { ...remote.bulk, create } };
    await control(url, 'settings', { replicationIdLimit: 21_000 });
    await control(url, 'touch', { count: 20_500, set: { Title: 'First' } });
    await control(url, 'clock', { advanceMs: 6 * minute });
    await control(url, 'touch', { count: 22_000 - 20_500, set: { Title: 'Second' } });
    await remote.identity();
    await cycle(rig);
    expect(asked).toEqual([expect.stringMatching(/^SystemModstamp >= \S+ AND SystemModstamp <= \S+$/)]);
    await equal(rig);
  });
});

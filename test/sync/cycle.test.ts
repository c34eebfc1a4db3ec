import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { calls, control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { isDeep } from '../support/deep.ts';
import { connectParts, openRig, type Rig } from './rig.ts';

const minute = 60_000;
const fileOf = (rig: Rig) => mirrorPath(join(rig.folder, 'orgs'), rig.emulator.url);
const equal = (rig: Rig) => expectMirrorEqualsOrg(fileOf(rig), rig.emulator.url);
const cycle = (rig: Rig) => runCycle(rig.context, { push: false, signal: rig.signal });

async function copied(contacts: number, wallClock?: () => number): Promise<Rig> {
  const rig = await openRig({ contacts, ...(wallClock && { wallClock }) });
  const report = await backfill(rig.context, { api: 'rest', signal: rig.signal });
  expect(report.error).toBeNull();
  return rig;
}

const callsTo = async (rig: Rig, part: string) =>
  (await calls(rig.emulator.url)).filter(({ path }) => path.includes(part)).length;

describe('a watch cycle', () => {
  it('moves both cursors on an org where nothing happened, and reads no contact', async () => {
    await using rig = await copied(20);
    const before = await rig.context.mirror.journal.cursors();
    await control(rig.emulator.url, 'clock', { advanceMs: 10 * minute });
    const report = await cycle(rig);
    expect(report).toMatchObject({ upserted: 0, deleted: 0, undeleted: 0 });
    const after = await rig.context.mirror.journal.cursors();
    expect(after.updated! - before.updated!).toBeGreaterThanOrEqual(10 * minute);
    expect(after.deleted).toBe(after.updated);
    expect(await callsTo(rig, 'composite/sobjects')).toBe(0);
  });

  it('does not pass a transaction that is open, and brings its rows when it commits', async () => {
    await using rig = await copied(20);
    const { url } = rig.emulator;
    await control(url, 'clock', { advanceMs: 5 * minute });
    await control(url, 'open-transaction', {
      create: { count: 3, seed: 8 },
      touch: { count: 2, set: { Title: 'Late' } },
    });
    const held = await cycle(rig);
    await control(url, 'clock', { advanceMs: 60 * minute });
    expect((await cycle(rig)).coveredUntil).toBe(held.coveredUntil);
    await control(url, 'commit');
    const report = await cycle(rig);
    expect(report.coveredUntil).toBeGreaterThan(held.coveredUntil);
    expect(report.upserted).toBe(5);
    await equal(rig);
  });

  it('fetches only what is new while coverage stands still, and every id once more before it moves on', async () => {
    await using rig = await copied(30);
    const { url } = rig.emulator;
    await control(url, 'clock', { advanceMs: 5 * minute });
    await control(url, 'open-transaction', {});
    await control(url, 'touch', { count: 25, set: { Title: 'One' } });
    await cycle(rig);
    await control(url, 'clock', { advanceMs: 5 * minute });
    const { ids } = await control(url, 'touch', { count: 1, set: { Title: 'Two' } });
    const before = (await calls(url)).length;
    const second = await cycle(rig);
    expect(second.upserted).toBe(1);
    const asked = (await calls(url)).slice(before).map(({ path }) => path);
    // The touched contact was known to the window already: it is found by its stamp.
    expect(asked.some((path) => path.includes('/query'))).toBe(true);
    expect(ids).toHaveLength(1);
    await equal(rig);
    await control(url, 'commit');
    await control(url, 'clock', { advanceMs: minute });
    const last = await cycle(rig);
    expect(last.coveredUntil).toBeGreaterThan(second.coveredUntil);
    await equal(rig);
  });

  it('started anew in another process, still fetches only what is new while coverage stands still', async () => {
    await using rig = await copied(30);
    const { url } = rig.emulator;
    const { journal } = rig.context.mirror;
    await control(url, 'clock', { advanceMs: 5 * minute });
    await control(url, 'open-transaction', {});
    await control(url, 'touch', { count: 25, set: { Title: 'One' } });
    // The first brings the cursor to where coverage stands, the second reads what stands there.
    for (const _ of ['moves', 'stands']) {
      await cycle(rig);
      await control(url, 'clock', { advanceMs: 5 * minute });
    }
    const before = await callsTo(rig, 'composite/sobjects');
    // Nothing that the ones before held in their memory is left.
    const anew = async () => {
      const { context, close } = await connectParts(url, rig.emulator.accessToken, rig.folder);
      const report = await runCycle(context, { push: false, signal: rig.signal });
      await close();
      return report;
    };
    expect(await anew()).toMatchObject({ upserted: 0 });
    expect(await callsTo(rig, 'composite/sobjects')).toBe(before);
    // What cannot be read costs only what it would have saved.
    await rig.context.mirror.commit({
      effects: [{ kind: 'remember-window', of: 'updated', window: { ids: 'all' } }],
    });
    expect(await anew()).toMatchObject({ upserted: 0 });
    expect(await callsTo(rig, 'composite/sobjects')).toBe(before + 1);
    expect(await journal.knownWindow('updated')).not.toBeNull();
    await control(url, 'commit');
    await control(url, 'clock', { advanceMs: minute });
    await anew();
    await equal(rig);
    await control(url, 'clock', { advanceMs: 2 * minute });
    await anew();
    expect(await journal.knownWindow('updated')).toBeNull();
  });

  it('reads a known id once more, for a commit that came late with a stamp from before the last look', async () => {
    await using rig = await copied(10);
    const { url } = rig.emulator;
    await control(url, 'clock', { advanceMs: 5 * minute });
    await control(url, 'open-transaction', {});
    const { ids } = await control(url, 'touch', { count: 1, set: { Title: 'Seen' } });
    await cycle(rig);
    await control(url, 'open-transaction', { touch: { ids, set: { Title: 'Late' } } });
    await control(url, 'clock', { advanceMs: 5 * minute });
    expect(await cycle(rig)).toMatchObject({ upserted: 0 });
    await control(url, 'commit');
    await control(url, 'clock', { advanceMs: minute });
    expect(await cycle(rig)).toMatchObject({ upserted: 1 });
    await equal(rig);
  });

  it('halves a window with too many ids down to the minute, and reads a crowded minute by query', async () => {
    const crowd = isDeep ? 600_001 : 60_001;
    await using rig = await copied(10);
    const { url } = rig.emulator;
    await control(url, 'settings', { replicationIdLimit: crowd - 1 });
    await control(url, 'clock', { advanceMs: 7 * minute });
    await control(url, 'contacts', { count: 40, seed: 21 });
    await control(url, 'clock', { advanceMs: 7 * minute });
    await control(url, 'contacts', { count: crowd, seed: 22 });
    await control(url, 'clock', { advanceMs: 7 * minute });
    const report = await cycle(rig);
    expect(report.upserted).toBe(crowd + 40);
    // The cursor stands behind the crowded minute, so the next cycle does not read it again.
    const again = await cycle(rig);
    expect(again.upserted).toBe(0);
    expect((await rig.context.mirror.contacts.counts()).contacts).toBe(crowd + 50);
    await equal(rig);
  }, 900_000);

  it('leaves the minute behind a crowded one to the next cycle where it has only just begun', async () => {
    let wall = Date.UTC(2026, 2, 4, 10, 0, 30);
    await using rig = await copied(60, () => wall);
    const { url } = rig.emulator;
    await control(url, 'settings', { replicationIdLimit: 40 });
    wall = Date.UTC(2026, 2, 4, 10, 7, 59);
    await control(url, 'touch', { count: 50, set: { Title: 'Crowded' } });
    // The org's word for the full minute comes in the second after it, for `Date` has whole seconds.
    wall = Date.UTC(2026, 2, 4, 10, 8, 0) + 200;
    await control(url, 'touch', { count: 1, set: { Title: 'Next minute' } });
    const first = await cycle(rig);
    expect(first.coveredUntil).toBeLessThan(Date.UTC(2026, 2, 4, 10, 8));
    await expect(equal(rig)).rejects.toThrow();
    wall += 2_000;
    await cycle(rig);
    await equal(rig);
  });

  it('passes a crowded minute though more contacts were deleted since than one answer tells', async () => {
    await using rig = await copied(150);
    const { url } = rig.emulator;
    await control(url, 'clock', { advanceMs: 5 * minute });
    await control(url, 'settings', { replicationIdLimit: 40 });
    await control(url, 'touch', { count: 50, set: { Title: 'Crowded' } });
    for (let i = 0; i < 2; i++) {
      await control(url, 'clock', { advanceMs: 5 * minute });
      await control(url, 'delete', { count: 30 });
    }
    await control(url, 'clock', { advanceMs: 5 * minute });
    await control(url, 'contacts', { count: 1, seed: 4 });
    await cycle(rig);
    await equal(rig);
  });

  it('buries only what queryAll confirms: a contact that came back at once stays', async () => {
    await using rig = await copied(20);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'delete', { count: 2 });
    await control(url, 'undelete', { ids: ids.slice(0, 1) });
    const report = await cycle(rig);
    expect(report.deleted).toBe(1);
    await equal(rig);
  });

  it('turns a purged contact into a row that holds nothing but its Id', async () => {
    await using rig = await copied(5);
    const { url } = rig.emulator;
    const { ids } = await control(url, 'delete', { count: 1 });
    await control(url, 'purge', { ids });
    await cycle(rig);
    const db = new Database(fileOf(rig), { readonly: true });
    const row = db.prepare('select * from contact where Id = ?').get(ids[0]) as Record<string, unknown>;
    db.close();
    const kept = Object.entries(row).filter(([name, value]) => value !== null && !name.startsWith('_'));
    expect(kept).toEqual([['Id', ids[0]]]);
    expect(row._gone).toBe('purged');
  });

  it('an end in the future that is answered with that end does not become the cursor', async () => {
    await using rig = await copied(5);
    const { url } = rig.emulator;
    await control(url, 'settings', { futureEndCovered: true });
    const { now } = await control<{ now: string }>(url, 'clock', { advanceMs: 3 * minute });
    const report = await cycle(rig);
    expect(report.coveredUntil).toBeLessThanOrEqual(Date.parse(now) + 5_000);
    await control(url, 'touch', { count: 2, set: { Title: 'After' } });
    await cycle(rig);
    await equal(rig);
  });

  it('says what to do where the cursor is older than what deleted reaches', async () => {
    await using rig = await copied(5);
    await control(rig.emulator.url, 'clock', { advanceMs: 16 * 86_400_000 });
    await rig.context.remote.identity();
    await expect(cycle(rig)).rejects.toMatchObject({
      code: 'CURSOR_OUT_OF_REACH',
      hint: expect.stringContaining('parahack-sync reconcile'),
    });
  });

  it('still pushes where the cursor is out of reach', async () => {
    await using rig = await copied(5);
    const { mirror, remote, clock } = rig.context;
    const key = '0b5f2f6e-8a0f-4d0e-9a51-3d9a4c7a2d11';
    await mirror.outbox.add([
      {
        key,
        op: 'create',
        contactKey: key,
        contactId: null,
        changes: { LastName: 'Late' },
        base: null,
        upsertField: null,
        allowDuplicates: false,
        atomicGroup: null,
        createdAt: clock.now(),
        state: 'pending',
      },
    ]);
    await control(rig.emulator.url, 'clock', { advanceMs: 16 * 86_400_000 });
    await remote.identity();
    const pushing = runCycle(rig.context, { push: true, signal: rig.signal });
    await expect(pushing).rejects.toMatchObject({ code: 'CURSOR_OUT_OF_REACH' });
    expect((await mirror.outbox.list({ keys: [key] }))[0]).toMatchObject({ state: 'done', created: true });
  });

  it('loses and doubles nothing whatever fails at any of its requests', async () => {
    await using rig = await copied(60);
    const { url } = rig.emulator;
    const kinds = [
      { reset: 'before' },
      { dropAfterBytes: 300 },
      { status: 500, errorCode: 'UNKNOWN_EXCEPTION' },
      { status: 401, errorCode: 'INVALID_SESSION_ID' },
    ];
    for (let at = 0; at < (isDeep ? 8 : 4); at++) {
      for (const kind of kinds) {
        await control(url, 'clock', { advanceMs: 2 * minute });
        await control(url, 'touch', {
          count: 3,
          set: { Title: `Round ${at} ${JSON.stringify(kind)}`.slice(0, 120) },
        });
        await control(url, 'contacts', { count: 1, seed: at });
        await control(url, 'delete', { count: 1 });
        const pass = at > 0 ? [{ match: '.*', times: at, delayMs: 0 }] : [];
        await control(url, 'faults', [...pass, { match: '.*', times: 7, ...kind }]);
        await cycle(rig).catch((error) => expect(error.code).toMatch(/^[A-Z_]+$/));
        await control(url, 'faults', []);
        await cycle(rig);
        await equal(rig);
      }
    }
  });

  it('records the run with its steps, counts and calls', async () => {
    await using rig = await copied(10);
    await control(rig.emulator.url, 'touch', { count: 2, set: { Title: 'Seen' } });
    const { runId } = await cycle(rig);
    const run = await rig.context.mirror.journal.run(runId);
    expect(run).toMatchObject({ kind: 'cycle', status: 'complete', counts: { upserted: 2 } });
    expect(run!.apiCalls).toBeGreaterThanOrEqual(3);
    expect((await rig.context.mirror.journal.steps(runId)).map(({ name }) => name)).toEqual([
      'describe',
      'updated',
      'deleted',
    ]);
  });
});

describe('an org that hides MasterRecordId', () => {
  it('still has its deletes confirmed', async () => {
    await using rig = await openRig({ contacts: 5 });
    await control(rig.emulator.url, 'settings', { hiddenFields: ['MasterRecordId'] });
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    await control(rig.emulator.url, 'delete', { count: 1 });
    expect((await cycle(rig)).deleted).toBe(1);
    expect(await rig.context.mirror.contacts.counts()).toEqual({ contacts: 4, deleted: 1 });
  });
});

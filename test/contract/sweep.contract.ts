import { describe, expect, test } from 'vitest';
import type { Tombstone } from '../../src/sync/ports/page.ts';
import type { StoredMirror } from '../../src/sync/ports/stored-mirror.ts';
import { describeOf, storedNames } from '../store/sqlite/contact-fields.ts';
import { contactId, contactRow, csvPage, epoch, type Row } from '../store/sqlite/pages.ts';
import type { ContractMirror } from './mirror.contract.ts';

const minute = 60_000;
const swept = ['Id', 'SystemModstamp', 'IsDeleted'];
const sweep = { kind: 'note-swept', mends: true } as const;
const userId = '005000000000001AAA';
/** Later than the stamps of all that it holds: contact `n` was changed `n` seconds after the epoch. */
const filledAt = epoch + 10_000;

/** What a reconcile relies on, whichever store stands behind the port. `open` gives an empty mirror of its own. */
export function sweepContract(name: string, open: () => Promise<ContractMirror>): void {
  const page = (rows: readonly Row[], readAt: number, fields = storedNames) => csvPage(fields, rows, readAt);

  /** Contacts 1 to 6, of which 5 is deleted and 6 hidden. */
  async function filled(): Promise<ContractMirror> {
    const opened = await open();
    const { mirror } = opened;
    await mirror.schema.applyDescribe(describeOf(), epoch);
    await mirror.commit({
      page: page(
        [1, 2, 3, 4, 5, 6].map((n) => contactRow(n)),
        filledAt,
      ),
    });
    await mirror.commit({ tombstones: [gone(5, 'deleted'), gone(6, 'hidden')] });
    return opened;
  }

  const gone = (n: number, what: Tombstone['gone']): Tombstone => ({
    id: contactId(n),
    gone: what,
    masterRecordId: null,
    systemModstamp: null,
    evidenceAt: filledAt + 1_000,
  });

  const noted = (mirror: StoredMirror, rows: readonly Row[], fields = swept) =>
    mirror.commit({
      page: { ...page(rows, epoch + minute, fields), partial: true },
      effects: [sweep],
    });

  const later = (n: number) => contactRow(n, { SystemModstamp: new Date(epoch + minute).toISOString() });

  const numbersOf = async ({ sweep }: StoredMirror, due: Parameters<StoredMirror['sweep']['due']>[0]) => {
    const rows = await sweep.due(due, { after: '', limit: 100 });
    return rows.map(({ id }) => [1, 2, 3, 4, 5, 6, 7, 8, 9].find((n) => contactId(n) === id));
  };

  async function begun(mirror: StoredMirror): Promise<string> {
    const run = await mirror.journal.startRun('reconcile', epoch, { swept: false });
    await mirror.commit({ effects: [{ kind: 'begin-sweep' }] });
    return run;
  }

  describe(`${name}: a sweep`, () => {
    test('is compared with the mirror, and makes no rows', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const run = await begun(mirror);
      const counts = await mirror.contacts.counts();
      const dead = (n: number) => ({ ...later(n), IsDeleted: true });
      // 1 as it is, 2 changed, 3 deleted, 4 not there; 5 still deleted, 6 shown again; 7 new, 8 deleted and never seen.
      await noted(mirror, [contactRow(1), later(2), dead(3), dead(5), contactRow(6)]);
      await noted(mirror, [contactRow(7), dead(8)]);
      expect(await mirror.contacts.counts()).toEqual(counts);
      const close = { kind: 'close-sweep', runId: run, before: epoch + minute } as const;
      await mirror.commit({ effects: [close] });
      await mirror.commit({ effects: [close] });
      expect(await numbersOf(mirror, 'missing')).toEqual([7]);
      expect(await numbersOf(mirror, 'stale')).toEqual([2, 6]);
      expect(await numbersOf(mirror, 'deleted')).toEqual([3]);
      expect(await numbersOf(mirror, 'absent')).toEqual([4]);
      expect(await mirror.sweep.count('stale')).toBe(2);
      const { state, counts: counted } = (await mirror.journal.run(run))!;
      expect(state).toEqual({ swept: true });
      expect(counted).toEqual({ checked: 5, missing: 1, stale: 2, candidates: 2 });
    });

    test('names a row that is gone where it was hidden, or was deleted anew since', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      await begun(mirror);
      const at = new Date(epoch + 20_000).toISOString();
      const stamped = (n: number, what: Tombstone['gone']) => ({ ...gone(n, what), systemModstamp: at });
      await mirror.commit({ tombstones: [stamped(1, 'deleted'), stamped(2, 'merged'), gone(3, 'purged')] });
      const dead = (n: number, SystemModstamp: string) => contactRow(n, { SystemModstamp, IsDeleted: true });
      const anew = new Date(epoch + minute).toISOString();
      await noted(mirror, [dead(1, anew), dead(2, at), dead(3, anew), dead(5, anew), dead(6, anew)]);
      expect(await numbersOf(mirror, 'deleted')).toEqual([1, 6]);
    });

    test('names a row that was read in the very second of its stamp, for it may have changed in it once more', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const run = await begun(mirror);
      const stamped = (n: number) =>
        contactRow(n, { SystemModstamp: new Date(epoch + 20_000).toISOString(), LastName: 'Once' });
      await mirror.commit({ page: page([stamped(1), stamped(2), stamped(3)], epoch + 20_400) });
      // Seen as it is a second later: what came in between would have been seen.
      await mirror.commit({ page: page([stamped(2)], epoch + 21_000) });
      await noted(mirror, [1, 2].map(stamped));
      await mirror.commit({ effects: [{ kind: 'close-sweep', runId: run, before: epoch }] });
      expect(await numbersOf(mirror, 'reread')).toEqual([1]);
    });

    test('names a row that was read at a time that the org had not reached: when that was in truth nobody knows', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const stamped = (n: number) =>
        contactRow(n, { SystemModstamp: new Date(epoch + 20_000).toISOString(), LastName: 'Once' });
      const future = epoch + 1_000 * minute;
      await mirror.commit({ page: page([stamped(2)], epoch + 20_400) });
      await mirror.commit({ page: page([stamped(1), stamped(2)], future) });
      await mirror.commit({ page: page([stamped(3)], epoch + minute) });
      await mirror.commit({
        effects: [{ kind: 'mend-future', after: epoch + 2 * minute, at: epoch + 2 * minute }],
      });
      const run = await begun(mirror);
      await noted(mirror, [1, 2, 3].map(stamped));
      await mirror.commit({ effects: [{ kind: 'close-sweep', runId: run, before: epoch }] });
      expect(await numbersOf(mirror, 'reread')).toEqual([1, 2]);
      const again = [1, 2].map((n) => ({ ...stamped(n), LastName: 'Twice' }));
      const { page: outcome } = await mirror.commit({ page: page(again, epoch + 3 * minute) });
      expect(outcome).toMatchObject({ updated: 2 });
    });

    test('names a row whose stamp the cursor has not passed, for a transaction may have brought another of the same second', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const updated = epoch + minute;
      await mirror.commit({ effects: [{ kind: 'set-first-cursors', updated, deleted: updated }] });
      const run = await begun(mirror);
      const at = (n: number, seconds: number) =>
        contactRow(n, { SystemModstamp: new Date(epoch + seconds * 1_000).toISOString() });
      const rows = [at(1, 59), at(2, 60), at(3, 75)];
      await mirror.commit({ page: page(rows, epoch + 2 * minute) });
      await noted(mirror, rows);
      await mirror.commit({ effects: [{ kind: 'close-sweep', runId: run, before: epoch }] });
      expect(await numbersOf(mirror, 'reread')).toEqual([2, 3]);
    });

    test('names a row whose stamp is greater than the org has it, and lets any reading replace it', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const run = await begun(mirror);
      const stamped = (n: number, seconds: number, LastName = 'Ahead') =>
        contactRow(n, { SystemModstamp: new Date(epoch + seconds * 1_000).toISOString(), LastName });
      // 4 is read when the org has been asked already: it may be newer in truth.
      await mirror.commit({
        page: page(
          [1, 2, 3].map((n) => stamped(n, 900)),
          epoch + 20_000,
        ),
      });
      await mirror.commit({ page: page([stamped(4, 900)], epoch + 2 * minute) });
      const dead = { ...stamped(3, 30), IsDeleted: true };
      await noted(mirror, [stamped(1, 900), stamped(2, 30), dead, stamped(4, 30)]);
      await mirror.commit({ effects: [{ kind: 'close-sweep', runId: run, before: epoch }] });
      expect(await numbersOf(mirror, 'stale')).toEqual([2]);
      expect(await numbersOf(mirror, 'deleted')).toEqual([3]);
      const { page: outcome } = await mirror.commit({
        page: page([stamped(2, 30, 'Now'), stamped(4, 30, 'Now')], epoch + 3 * minute),
      });
      expect(outcome).toMatchObject({ updated: 1, unchanged: 1 });
      await mirror.commit({
        tombstones: [
          {
            ...gone(3, 'deleted'),
            systemModstamp: new Date(epoch + 30_000).toISOString(),
            evidenceAt: epoch + 3 * minute,
          },
        ],
      });
      expect((await mirror.contacts.states([contactId(3)])).get(contactId(3))?.gone).toBe('deleted');
    });

    test('that mends nothing leaves a greater stamp as it is, and names the row', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      await begun(mirror);
      const stamp = new Date(epoch + 900_000).toISOString();
      await mirror.commit({ page: page([contactRow(1, { SystemModstamp: stamp })], epoch + 20_000) });
      await mirror.commit({
        page: { ...page([contactRow(1)], epoch + minute, swept), partial: true },
        effects: [{ kind: 'note-swept', mends: false }],
      });
      expect(await numbersOf(mirror, 'stale')).toEqual([1]);
      expect((await mirror.contacts.states([contactId(1)])).get(contactId(1))?.stamp).toBe(stamp);
    });

    test('names a row that was hidden before and that it does not know either', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const run = await begun(mirror);
      await mirror.commit({ tombstones: [gone(4, 'hidden')] });
      await noted(mirror, [contactRow(1), contactRow(2), contactRow(3), contactRow(6)]);
      await mirror.commit({ effects: [{ kind: 'close-sweep', runId: run, before: epoch + minute }] });
      expect(await numbersOf(mirror, 'hidden')).toEqual([4]);
      expect(await numbersOf(mirror, 'absent')).toEqual([]);
      expect(await numbersOf(mirror, 'stale')).toContain(6);
    });

    test('leaves a row alone that was read after it began, and what it says once more replaces what it said', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const run = await begun(mirror);
      await mirror.commit({ page: page([contactRow(4)], epoch + 2 * minute) });
      await noted(mirror, [1, 2].map(later));
      await noted(mirror, [contactRow(2)]);
      await mirror.commit({ effects: [{ kind: 'close-sweep', runId: run, before: epoch + minute }] });
      expect(await numbersOf(mirror, 'stale')).toEqual([1]);
      expect(await numbersOf(mirror, 'absent')).toEqual([3]);
      expect(await mirror.sweep.due('absent', { after: '', limit: 1 })).toEqual([
        { id: contactId(3), readAt: filledAt, evidenceAt: 0 },
      ]);
      expect(await mirror.sweep.due('stale', { after: contactId(1), limit: 1 })).toEqual([]);
    });

    test('fills the fields that came with it where the stamp is the same and only there', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      await begun(mirror);
      const rows = [1, 2, 5].map((n) => ({ ...(n === 2 ? later(n) : contactRow(n)), LastName: 'Swept' }));
      const { page: outcome } = await noted(mirror, rows, [...swept, 'LastName']);
      expect(outcome).toMatchObject({ rows: 3, inserted: 0, updated: 1 });
      expect([...(await mirror.contacts.idsBy('LastName', ['Swept'])).values()]).toEqual([contactId(1)]);
    });

    test('counts as repaired what the mirror has then as the org does, once', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const run = await begun(mirror);
      await noted(mirror, [later(2), contactRow(7), contactRow(8)]);
      await mirror.commit({ effects: [{ kind: 'close-sweep', runId: run, before: epoch + minute }] });
      const mark = (n: number, due: 'unknown' | null, evidenceAt?: number) => ({
        id: contactId(n),
        due,
        evidenceAt,
      });
      // 8 is not shown any more by now.
      await mirror.commit({
        page: page([later(2), contactRow(7)], epoch + minute),
        effects: [{ kind: 'mark-swept', runId: run, marks: [mark(2, null), mark(7, null), mark(8, null)] }],
      });
      await mirror.commit({
        tombstones: [gone(1, 'purged')],
        effects: [
          {
            kind: 'mark-swept',
            runId: run,
            marks: [mark(1, null), mark(3, 'unknown', epoch + 5), mark(2, null)],
          },
        ],
      });
      expect((await mirror.journal.run(run))?.counts.repaired).toBe(3);
      expect(await mirror.sweep.due('unknown', { after: '', limit: 9 })).toEqual([
        { id: contactId(3), readAt: filledAt, evidenceAt: epoch + 5 },
      ]);
      expect(await mirror.sweep.count('missing')).toBe(0);
    });

    test('leaves nothing to be done of rows that are gone since, but of hidden ones', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const run = await begun(mirror);
      await noted(mirror, [later(6)]);
      await mirror.commit({ effects: [{ kind: 'close-sweep', runId: run, before: epoch + minute }] });
      const marks = [2, 3].map((n) => ({ id: contactId(n), due: 'unknown' as const, evidenceAt: epoch + 5 }));
      await mirror.commit({ effects: [{ kind: 'mark-swept', runId: run, marks }] });
      await mirror.commit({ tombstones: [gone(1, 'deleted'), gone(2, 'purged'), gone(3, 'hidden')] });
      await mirror.commit({ effects: [{ kind: 'settle-swept' }] });
      expect(await numbersOf(mirror, 'absent')).toEqual([4]);
      expect(await numbersOf(mirror, 'unknown')).toEqual([]);
      expect(await numbersOf(mirror, 'hidden')).toEqual([3]);
      expect(await numbersOf(mirror, 'stale')).toEqual([6]);
    });

    test('is forgotten by the next one and at its end, with the chunks that were left', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const run = await begun(mirror);
      const { addedChunks } = await mirror.commit({
        effects: [{ kind: 'replace-chunks', runId: run, ids: [], by: [{ kind: 'span', spec: {} }] }],
      });
      await noted(mirror, [contactRow(7)]);
      await begun(mirror);
      expect(await mirror.sweep.count('missing')).toBe(0);
      expect((await mirror.journal.chunk(addedChunks[0]!.id))?.state).toBe('done');
      await noted(mirror, [contactRow(7)]);
      await mirror.commit({
        effects: [
          {
            kind: 'complete-reconcile',
            unheardUntil: 0,
            isHolding: false,
            t0: epoch,
            beyond: epoch + minute,
            userId,
          },
        ],
      });
      expect(await mirror.sweep.count('missing')).toBe(0);
    });
  });

  describe(`${name}: a reconcile that is asked for`, () => {
    const [first, second, third] = ([1, 2, 3] as const).map(
      (n) => `feedbeef-0000-4000-8000-00000000000${n}`,
    ) as [string, string, string];
    const idle = { runId: null, ids: null, formerRunId: null, error: null };
    const waiting = { id: first, force: false, dryRun: false, state: 'waiting', ...idle } as const;

    test('is kept until it has ended, and joined by whoever asks before it begins', async () => {
      await using opened = await open();
      const { journal } = opened.mirror;
      expect(await journal.askedReconcile()).toBeNull();
      expect(await journal.openReconciles()).toEqual([]);
      expect(await journal.askReconcile({ id: first, force: false, dryRun: false })).toBe(first);
      expect(await journal.askedReconcile()).toEqual(waiting);
      expect(await journal.askReconcile({ id: second, force: true, dryRun: false })).toBe(first);
      expect(await journal.askedReconcile()).toEqual({ ...waiting, force: true });
      expect(await journal.askedReconcile({ id: second })).toBeNull();
      // Whoever begins it may have looked before that one joined.
      await journal.noteAsked({ ...waiting, state: 'under-way' });
      expect(await journal.askedReconcile()).toMatchObject({ force: true, state: 'under-way' });
      const error = { code: 'TIMEOUT', message: 'Too late.', hint: null };
      const ended = { ...waiting, state: 'ended', runId: 'r1', formerRunId: 'r0', error } as const;
      await journal.noteAsked(ended);
      expect(await journal.askedReconcile()).toEqual({ ...ended, force: true });
      expect(await journal.openReconciles()).toEqual([]);
      expect(await journal.askReconcile({ id: second, force: false, dryRun: false })).toBe(second);
      expect(await journal.askedReconcile()).toEqual({ ...waiting, id: second });
      // Who follows the first one still sees its end, and asks for no other.
      expect(await journal.askedReconcile({ id: first })).toMatchObject({ state: 'ended', runId: 'r1' });
      expect(await journal.askReconcile({ id: first, force: false, dryRun: false })).toBe(first);
      expect(await journal.openReconciles()).toEqual([{ ...waiting, id: second }]);
    });

    test('that only tells is none that repairs: either is kept, and the one that was asked for first comes first', async () => {
      await using opened = await open();
      const { journal } = opened.mirror;
      const telling = { ...waiting, id: second, force: true, dryRun: true };
      await journal.askReconcile({ id: first, force: false, dryRun: false });
      await journal.askReconcile({ id: second, force: true, dryRun: true });
      expect(await journal.askedReconcile()).toEqual(waiting);
      expect(await journal.askedReconcile({ dryRun: true })).toEqual(telling);
      await journal.noteAsked({ ...waiting, state: 'ended' });
      expect(await journal.askedReconcile()).toEqual(telling);
      expect(await journal.askedReconcile({ dryRun: false })).toEqual({ ...waiting, state: 'ended' });
      // Asked for anew, it comes behind.
      await journal.askReconcile({ id: third, force: false, dryRun: false });
      expect(await journal.askedReconcile()).toEqual(telling);
      const ids = { missing: [], stale: [contactId(1)], ghosts: [], held: [] };
      await journal.noteAsked({ ...telling, state: 'ended', runId: 'r2', ids });
      expect(await journal.askedReconcile({ dryRun: true })).toMatchObject({ state: 'ended', ids });
      expect(await journal.askedReconcile()).toEqual({ ...waiting, id: third });
    });

    test('is made behind one under way, which has compared some of it already, and has a force of its own', async () => {
      await using opened = await open();
      const { journal } = opened.mirror;
      await journal.askReconcile({ id: first, force: false, dryRun: false });
      await journal.noteAsked({ ...waiting, state: 'under-way' });
      expect(await journal.askReconcile({ id: second, force: false, dryRun: false })).toBe(second);
      expect(await journal.askReconcile({ id: third, force: true, dryRun: false })).toBe(second);
      const behind = { ...waiting, id: second, force: true };
      expect(await journal.openReconciles()).toEqual([{ ...waiting, state: 'under-way' }, behind]);
      expect(await journal.askedReconcile({ dryRun: false })).toMatchObject({ id: first, force: false });
      // The end of the former is no end of this one.
      await journal.noteAsked({ ...waiting, state: 'ended' });
      expect(await journal.askedReconcile()).toEqual(behind);
    });

    test('that has ended is forgotten when two of its kind have ended since', async () => {
      await using opened = await open();
      const { journal } = opened.mirror;
      for (const id of [first, second, third]) {
        await journal.askReconcile({ id, force: false, dryRun: false });
        await journal.noteAsked({ ...waiting, id, state: 'ended' });
      }
      expect(await journal.askedReconcile({ id: first })).toBeNull();
      expect(await journal.askedReconcile({ id: second })).toMatchObject({ state: 'ended' });
    });
  });

  describe(`${name}: the end of a reconcile`, () => {
    test('moves cursors forward, never back, and sets back those that lie where the org has not been', async () => {
      await using opened = await open();
      const { mirror } = opened;
      await mirror.schema.applyDescribe(describeOf(), epoch);
      expect(await mirror.journal.reconciledAt()).toBeNull();
      await mirror.commit({
        effects: [{ kind: 'set-first-cursors', updated: epoch, deleted: epoch + 3 * minute }],
      });
      expect(await mirror.journal.reconciledAt()).toBe(epoch);
      const complete = (t0: number, beyond: number) =>
        mirror.commit({
          effects: [{ kind: 'complete-reconcile', unheardUntil: 0, isHolding: false, t0, beyond, userId }],
        });
      await complete(epoch + minute, epoch + 9 * minute);
      expect(await mirror.journal.cursors()).toEqual({
        updated: epoch + minute,
        deleted: epoch + 3 * minute,
      });
      expect(await mirror.journal.reconciledAt()).toBe(epoch + minute);
      await complete(epoch + minute, epoch + 2 * minute);
      expect(await mirror.journal.cursors()).toEqual({ updated: epoch + minute, deleted: epoch + minute });
    });

    test('behind one that holds nothing, fields that were filled before it are whole', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const fill = (at: number) =>
        mirror.commit({ effects: [{ kind: 'mark-filled', fields: ['Phone'], at: epoch + at }] });
      const end = (t0: number, isHolding: boolean) => {
        const beyond = epoch + 9 * minute;
        return mirror.commit({
          effects: [
            { kind: 'complete-reconcile', unheardUntil: 0, t0: epoch + t0, beyond, isHolding, userId },
          ],
        });
      };
      expect(await mirror.schema.filledSinceReconcile()).toEqual([]);
      await fill(minute);
      // Begun before they were there, or with contacts that it was not shown.
      await end(minute - 1, false);
      await end(2 * minute, true);
      expect(await mirror.schema.filledSinceReconcile()).toEqual(['Phone']);
      await end(2 * minute, false);
      expect(await mirror.schema.filledSinceReconcile()).toEqual([]);
    });

    test('keeps until when deletions are unheard of rows that are held, as long as some are', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const end = (isHolding: boolean, unheardUntil: number) =>
        mirror.commit({
          effects: [
            {
              kind: 'complete-reconcile',
              isHolding,
              unheardUntil,
              t0: epoch,
              beyond: epoch + minute,
              userId,
            },
          ],
        });
      expect(await mirror.journal.unheardUntil()).toBe(0);
      await end(true, epoch - minute);
      expect(await mirror.journal.unheardUntil()).toBe(epoch - minute);
      await end(true, 0);
      expect(await mirror.journal.unheardUntil()).toBe(0);
      await end(true, epoch);
      await end(false, epoch);
      expect(await mirror.journal.unheardUntil()).toBe(0);
    });

    test('is undone by another user, who may see others', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const identity = {
        orgId: '00D000000000001AAA',
        userId,
        instanceUrl: 'https://a.example',
      };
      await mirror.setIdentity(identity);
      await mirror.setIdentity({ ...identity, userId: '005000000000002AAA' });
      expect(await mirror.journal.reconciledAt()).toBeNull();
      await mirror.commit({ effects: [{ kind: 'set-first-cursors', updated: epoch, deleted: epoch }] });
      await mirror.setIdentity({ ...identity, userId: '005000000000002' });
      expect(await mirror.journal.reconciledAt()).toBe(epoch);
      await mirror.setIdentity(identity);
      expect(await mirror.journal.reconciledAt()).toBe(0);
    });

    test('is no agreement where the mirror has become another user’s since it was read', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const identity = { orgId: '00D000000000001AAA', userId, instanceUrl: 'https://a.example' };
      await mirror.setIdentity(identity);
      await mirror.commit({ effects: [{ kind: 'set-first-cursors', updated: epoch, deleted: epoch }] });
      await mirror.setIdentity({ ...identity, userId: '005000000000002AAA' });
      const complete = (as: string) =>
        mirror.commit({
          effects: [
            {
              kind: 'complete-reconcile',
              unheardUntil: 0,
              isHolding: false,
              t0: epoch + minute,
              beyond: epoch + 9 * minute,
              userId: as,
            },
          ],
        });
      await complete(userId);
      expect(await mirror.journal.reconciledAt()).toBe(0);
      await complete('005000000000002');
      expect(await mirror.journal.reconciledAt()).toBe(epoch + minute);
    });

    test('neither is a first copy', async () => {
      await using opened = await filled();
      const { mirror } = opened;
      const identity = { orgId: '00D000000000001AAA', userId, instanceUrl: 'https://a.example' };
      await mirror.setIdentity({ ...identity, userId: '005000000000002AAA' });
      const first = { kind: 'set-first-cursors', updated: epoch, deleted: epoch, userId } as const;
      await mirror.commit({ effects: [{ ...first, unheardUntil: epoch - minute }] });
      // Only the first.
      await mirror.commit({ effects: [{ ...first, unheardUntil: epoch }] });
      expect(await mirror.journal.unheardUntil()).toBe(epoch - minute);
      expect(await mirror.journal.cursors()).toEqual({ updated: epoch, deleted: epoch });
      expect(await mirror.journal.reconciledAt()).toBe(0);
    });

    test('times that the org has not reached count as of now, so that a later read is later', async () => {
      await using opened = await open();
      const { mirror } = opened;
      await mirror.schema.applyDescribe(describeOf(), epoch);
      const future = epoch + 1_000 * minute;
      await mirror.commit({ page: page([contactRow(1), contactRow(2)], future) });
      await mirror.commit({ page: page([contactRow(2)], future + 1) });
      await mirror.commit({ tombstones: [{ ...gone(3, 'deleted'), evidenceAt: future }] });
      await mirror.commit({ effects: [{ kind: 'mend-future', after: epoch + minute, at: epoch }] });
      expect(await mirror.contacts.latestReadAt()).toBe(epoch);
      const { rows } = await mirror.contacts.readBefore(epoch + 1, { after: 0, limit: 9 });
      expect(rows).toEqual([1, 2].map((n) => ({ id: contactId(n), readAt: epoch })));
      const again = [1, 2, 3].map((n) => contactRow(n, { LastName: 'Later' }));
      const { page: outcome } = await mirror.commit({ page: page(again, epoch + 2 * minute) });
      expect(outcome).toMatchObject({ updated: 3, undeleted: 1 });
    });
  });
}

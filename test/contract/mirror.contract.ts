import { describe, expect, test } from 'vitest';
import type { Doubt } from '../../src/sync/ports/doubt.ts';
import type { RunFilter, RunKind } from '../../src/sync/ports/run.ts';
import type { StoredMirror } from '../../src/sync/ports/stored-mirror.ts';
import { contactFields, describeOf, field, storedNames } from '../store/sqlite/contact-fields.ts';
import {
  collectionPage,
  contactId,
  contactRow,
  csvPage,
  epoch,
  queryPage,
  type Row,
  stampOf,
} from '../store/sqlite/pages.ts';
import { newEntry } from './new-entry.ts';

export interface ContractMirror extends AsyncDisposable {
  mirror: StoredMirror;
}

const minute = 60_000;

/** What sync relies on, whichever store stands behind the port. `open` gives an empty mirror of its own. */
export function mirrorContract(name: string, open: () => Promise<ContractMirror>): void {
  async function described(): Promise<ContractMirror> {
    const opened = await open();
    await opened.mirror.schema.applyDescribe(describeOf(), epoch);
    return opened;
  }

  describe(`${name}: identity and fields`, () => {
    test('a new mirror knows nothing', async () => {
      await using opened = await open();
      const { mirror } = opened;
      expect(await mirror.identity()).toBeNull();
      expect(await mirror.schema.fields()).toEqual([]);
      expect(await mirror.schema.describedAt()).toBeNull();
      expect(await mirror.journal.cursors()).toEqual({ updated: null, deleted: null });
      expect(await mirror.contacts.counts()).toEqual({ contacts: 0, deleted: 0 });
      expect(await mirror.contacts.latestReadAt()).toBeUndefined();
      expect(await mirror.formerCalls()).toEqual([]);
      expect(await mirror.journal.runs({ limit: 5 })).toEqual([]);
      expect(await mirror.checkIntegrity()).toEqual([]);
    });

    test('the identity is what was set last', async () => {
      await using opened = await open();
      const { mirror } = opened;
      const identity = {
        orgId: '00D000000000001AAA',
        userId: '005000000000001AAA',
        instanceUrl: 'https://a.example',
      };
      await mirror.setIdentity(identity);
      await mirror.setIdentity({ ...identity, userId: '005000000000002AAA' });
      expect(await mirror.identity()).toEqual({ ...identity, userId: '005000000000002AAA' });
    });

    test('fields come, vanish and return; compound ones are left out; a column that rows lack is unfilled', async () => {
      await using opened = await open();
      const { mirror } = opened;
      const first = await mirror.schema.applyDescribe(
        { ...describeOf(), lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT' },
        epoch,
      );
      expect(first).toEqual({ added: storedNames, vanished: [], returned: [] });
      expect(await mirror.schema.describedAt()).toEqual({
        lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT',
        at: epoch,
      });
      expect(
        (await mirror.schema.fields()).map(({ name, type, unfilled }) => [name, type, unfilled]),
      ).toContainEqual(['MailingLatitude', 'double', false]);
      await mirror.commit({ page: csvPage(storedNames, [contactRow(1)], epoch) });

      const without = contactFields.filter((known) => known.name !== 'Phone');
      await mirror.schema.confirmDescribe(epoch + 1);
      expect((await mirror.schema.describedAt())?.at).toBe(epoch + 1);
      const second = await mirror.schema.applyDescribe(
        describeOf([...without, field('Score__c', 'double')]),
        epoch + 1,
      );
      expect(second).toEqual({ added: ['Score__c'], vanished: ['Phone'], returned: [] });
      const fields = await mirror.schema.fields();
      expect(fields.filter((known) => known.vanished).map((known) => known.name)).toEqual(['Phone']);
      expect(fields.filter((known) => known.unfilled).map((known) => known.name)).toEqual(['Score__c']);

      const third = await mirror.schema.applyDescribe(describeOf(), epoch + 2);
      expect(third).toEqual({ added: [], vanished: ['Score__c'], returned: ['Phone'] });
      expect(
        (await mirror.schema.fields()).filter((known) => known.unfilled).map((known) => known.name),
      ).toContain('Phone');
      await mirror.commit({ effects: [{ kind: 'mark-filled', fields: ['Phone', 'Score__c'], at: 1 }] });
      expect((await mirror.schema.fields()).some((known) => known.unfilled)).toBe(false);
      expect(await mirror.schema.applyDescribe(describeOf(), epoch + 3)).toEqual({
        added: [],
        vanished: [],
        returned: [],
      });
    });

    test('a field whose kind of storage changes is a new column, to be filled again', async () => {
      await using opened = await described();
      const { mirror } = opened;
      await mirror.commit({ page: csvPage(storedNames, [contactRow(1, { Visits__c: 7 })], epoch) });
      const retyped = contactFields.map((known) =>
        known.name === 'Visits__c' ? field('Visits__c', 'string') : known,
      );
      const change = await mirror.schema.applyDescribe(describeOf(retyped), epoch + 1);
      expect(change).toEqual({ added: ['Visits__c'], vanished: [], returned: [] });
      const [visits] = (await mirror.schema.fields()).filter((known) => known.name === 'Visits__c');
      expect(visits).toMatchObject({ type: 'string', unfilled: true });
      const page = csvPage(
        ['Id', 'SystemModstamp', 'Visits__c'],
        [contactRow(1, { Visits__c: '007' })],
        epoch + minute,
        { partial: true },
      );
      expect((await mirror.commit({ page })).page).toMatchObject({ updated: 1 });
      expect(
        (
          await mirror.commit({
            page: csvPage(storedNames, [contactRow(1, { Visits__c: '007' })], epoch + 2 * minute),
          })
        ).page,
      ).toMatchObject({ unchanged: 1 });
    });

    test('a field whose name changes its case only is the same field', async () => {
      await using opened = await described();
      const renamed = contactFields.map((known) =>
        known.name === 'Visits__c' ? { ...known, name: 'VISITS__c' } : known,
      );
      expect(await opened.mirror.schema.applyDescribe(describeOf(renamed), epoch + 1)).toEqual({
        added: [],
        vanished: [],
        returned: [],
      });
      expect((await opened.mirror.schema.fields()).map((known) => known.name)).toContain('VISITS__c');
    });

    test('a list of fields limits the columns, but never those that sync itself needs', async () => {
      await using opened = await open();
      await opened.mirror.schema.applyDescribe(describeOf(), epoch, ['lastname']);
      expect((await opened.mirror.schema.fields()).map((known) => known.name)).toEqual([
        'Id',
        'IsDeleted',
        'MasterRecordId',
        'LastName',
        'CreatedDate',
        'SystemModstamp',
      ]);
    });
  });

  describe(`${name}: lookups by a unique field`, () => {
    test('prefer the very value, take letters’ case for equal, and know nothing of the dead', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const rows = [
        contactRow(1, { Email: 'ANN@example.com' }),
        contactRow(2, { Email: 'ann@example.com' }),
        contactRow(3, { Email: 'bob@example.com' }),
      ];
      await mirror.commit({ page: csvPage(storedNames, rows, epoch) });
      const asked = ['ann@example.com', 'ANN@example.com', 'BOB@example.com', 'none'];
      expect(await mirror.contacts.idsBy('Email', asked)).toEqual(
        new Map([
          ['ann@example.com', contactId(2)],
          ['ANN@example.com', contactId(1)],
          ['BOB@example.com', contactId(3)],
        ]),
      );
      expect(await mirror.contacts.idsBy('Visits__c', ['2', '9'])).toEqual(new Map([['2', contactId(2)]]));
      expect(await mirror.contacts.idsBy('Nothing__c', ['2'])).toEqual(new Map());
      const tombstone = { id: contactId(3), gone: 'hidden', masterRecordId: null } as const;
      await mirror.commit({
        tombstones: [{ ...tombstone, systemModstamp: null, evidenceAt: epoch + minute }],
      });
      expect(await mirror.contacts.idsBy('Email', ['bob@example.com'])).toEqual(new Map());
    });

    test('do not believe a column that was left out, or came back and is not filled again', async () => {
      await using opened = await described();
      const { mirror } = opened;
      await mirror.commit({ page: csvPage(storedNames, [contactRow(1)], epoch) });
      const found = async () => (await mirror.contacts.idsBy('Email', ['c1@example.com'])).size;
      expect(await found()).toBe(1);
      await mirror.schema.applyDescribe(describeOf(), epoch + 1, ['LastName']);
      expect(await found()).toBe(0);
      await mirror.schema.applyDescribe(describeOf(), epoch + 2, ['LastName', 'Email']);
      expect(await found()).toBe(0);
      await mirror.commit({ effects: [{ kind: 'mark-filled', fields: ['Email'], at: 1 }] });
      expect(await found()).toBe(1);
    });
  });

  describe(`${name}: pages and tombstones`, () => {
    test('live rows last read before a time come in pages, each once', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const rows = [1, 2, 3, 4, 5].map((n) => contactRow(n));
      await mirror.commit({ page: csvPage(storedNames, rows, epoch) });
      await mirror.commit({ page: csvPage(storedNames, [contactRow(2)], epoch + 2 * minute) });
      const tombstone = { id: contactId(4), gone: 'purged', masterRecordId: null } as const;
      await mirror.commit({
        tombstones: [{ ...tombstone, systemModstamp: null, evidenceAt: epoch + minute }],
      });
      const first = await mirror.contacts.readBefore(epoch + minute, { after: 0, limit: 2 });
      expect(first.rows).toEqual([1, 3].map((n) => ({ id: contactId(n), readAt: epoch })));
      const rest = await mirror.contacts.readBefore(epoch + minute, { after: first.next!, limit: 2 });
      expect(rest).toEqual({ rows: [{ id: contactId(5), readAt: epoch }], next: null });
      expect(await mirror.contacts.readBefore(epoch, { after: 0, limit: 2 })).toEqual({
        rows: [],
        next: null,
      });
    });

    test('an abort while a page stands still stores nothing of it and leaves its stream', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const abort = new AbortController();
      let left = false;
      const blocks = {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            abort.abort();
            return new Promise<never>(() => {});
          },
          return: async () => {
            left = true;
            return { done: true as const, value: undefined };
          },
        }),
      };
      const page = csvPage(storedNames, [contactRow(1)], epoch, { blocks });
      const effects = [{ kind: 'move-cursors', to: { updated: epoch } }] as const;
      await expect(mirror.commit({ page, effects }, { signal: abort.signal })).rejects.toMatchObject({
        name: 'AbortError',
      });
      expect(left).toBe(true);
      expect(await mirror.contacts.counts()).toEqual({ contacts: 0, deleted: 0 });
      expect(await mirror.journal.cursors()).toEqual({ updated: null, deleted: null });
    });

    test('a page that is not whole stores nothing, nor what would be committed with it', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const page = csvPage(storedNames, [contactRow(1)], epoch, { expectedRows: 2 });
      const effects = [{ kind: 'move-cursors', to: { updated: epoch } }] as const;
      await expect(mirror.commit({ page, effects })).rejects.toMatchObject({ code: 'PAGE_INCOMPLETE' });
      expect(await mirror.contacts.counts()).toEqual({ contacts: 0, deleted: 0 });
      expect(await mirror.journal.cursors()).toEqual({ updated: null, deleted: null });
      expect(await mirror.contacts.latestReadAt()).toBeUndefined();
    });

    test('a page is counted: inserted, updated, unchanged, undeleted, absent', async () => {
      await using opened = await described();
      const { mirror } = opened;
      await mirror.commit({
        page: csvPage(
          storedNames,
          [1, 2, 3, 4].map((n) => contactRow(n)),
          epoch,
        ),
      });
      await mirror.commit({
        tombstones: [
          {
            id: contactId(4),
            gone: 'deleted',
            masterRecordId: null,
            systemModstamp: stampOf(50),
            evidenceAt: epoch + minute,
          },
        ],
      });
      expect(await mirror.contacts.counts()).toEqual({ contacts: 3, deleted: 1 });
      expect(await mirror.contacts.strayIds('003')).toEqual([]);
      expect(await mirror.contacts.strayIds('001')).toHaveLength(3);
      const rows = [
        contactRow(1),
        contactRow(2, { LastName: 'Changed', SystemModstamp: stampOf(90) }),
        contactRow(4, { SystemModstamp: stampOf(95) }),
        null,
        contactRow(5),
      ];
      const outcome = await mirror.commit({ page: collectionPage(storedNames, rows, epoch + 2 * minute) });
      expect(outcome.page).toMatchObject({
        rows: 5,
        inserted: 1,
        updated: 2,
        unchanged: 1,
        undeleted: 1,
        absent: 1,
      });
      expect(await mirror.contacts.counts()).toEqual({ contacts: 5, deleted: 0 });
      expect(await mirror.contacts.latestReadAt()).toBe(epoch + 2 * minute);
    });

    test('tombstones bury what is there, once, and are kept for ids never seen', async () => {
      await using opened = await described();
      const { mirror } = opened;
      await mirror.commit({ page: csvPage(storedNames, [contactRow(1), contactRow(2)], epoch) });
      const tombstones = [
        {
          id: contactId(1),
          gone: 'merged',
          masterRecordId: contactId(2),
          systemModstamp: stampOf(30),
          evidenceAt: epoch + minute,
        },
        {
          id: contactId(2),
          gone: 'hidden',
          masterRecordId: null,
          systemModstamp: null,
          evidenceAt: epoch + minute,
        },
        {
          id: contactId(7),
          gone: 'deleted',
          masterRecordId: null,
          systemModstamp: stampOf(30),
          evidenceAt: epoch + minute,
        },
      ] as const;
      expect((await mirror.commit({ tombstones })).buried).toBe(2);
      expect((await mirror.commit({ tombstones })).buried).toBe(0);
      const ids = [1, 2, 7, 8].map(contactId);
      expect(await mirror.contacts.states(ids)).toEqual(
        new Map([
          [contactId(1), { gone: 'merged', stamp: stampOf(1), deletedStamp: stampOf(30) }],
          [contactId(2), { gone: 'hidden', stamp: stampOf(2), deletedStamp: null }],
          [contactId(7), { gone: 'deleted', stamp: stampOf(30), deletedStamp: stampOf(30) }],
        ]),
      );
      // A page that was read before the deletion comes late.
      await mirror.commit({ page: csvPage(storedNames, [contactRow(7)], epoch + 1_000) });
      expect((await mirror.contacts.states(ids)).get(contactId(7))?.gone).toBe('deleted');
      const purge = {
        id: contactId(1),
        gone: 'purged',
        masterRecordId: null,
        systemModstamp: null,
        evidenceAt: epoch + 2 * minute,
      } as const;
      expect((await mirror.commit({ tombstones: [purge] })).buried).toBe(1);
    });

    test('which contacts no read has seen since a time is told, in their order', async () => {
      await using opened = await described();
      const { mirror } = opened;
      await mirror.commit({
        page: csvPage(
          storedNames,
          [1, 2, 3].map((n) => contactRow(n)),
          epoch,
        ),
      });
      // Read again with the same values, changed, buried by a later proof, buried and read after it.
      const again = [contactRow(1), contactRow(2, { SystemModstamp: stampOf(40), Phone: '2' })];
      await mirror.commit({ page: csvPage(storedNames, again, epoch + minute) });
      const hidden = { gone: 'hidden', masterRecordId: null, systemModstamp: null } as const;
      await mirror.commit({ tombstones: [{ id: contactId(1), ...hidden, evidenceAt: epoch + 2 * minute }] });
      const ids = [9, 3, 2, 1].map(contactId);
      expect(await mirror.contacts.notReadSince(ids, epoch)).toEqual([contactId(9)]);
      expect(await mirror.contacts.notReadSince(ids, epoch + minute)).toEqual([9, 3].map(contactId));
      expect(await mirror.contacts.notReadSince(ids, epoch + minute + 1)).toEqual(ids);
      expect(await mirror.contacts.notReadSince([], epoch)).toEqual([]);
    });

    test('a partial page fills columns of rows of the very same stamp, and nothing else', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const late = contactRow(2, { SystemModstamp: stampOf(40), Phone: 'own' });
      await mirror.commit({ page: csvPage(storedNames, [contactRow(1), late], epoch) });
      const fields = ['Id', 'CreatedDate', 'SystemModstamp', 'Phone'];
      const rows = [1, 2, 3].map((n) => contactRow(n, { Phone: `filled ${n}` }));
      const outcome = await mirror.commit({ page: csvPage(fields, rows, epoch + minute, { partial: true }) });
      expect(outcome.page).toMatchObject({ rows: 3, inserted: 0, updated: 1, unchanged: 2 });
      expect(await mirror.contacts.counts()).toEqual({ contacts: 2, deleted: 0 });
      const again = await mirror.commit({
        page: csvPage(storedNames, [contactRow(1, { Phone: 'filled 1' }), late], epoch),
      });
      expect(again.page).toMatchObject({ updated: 0, unchanged: 2 });
    });

    test('the same contact twice in a page is stored by its newer stamp', async () => {
      await using opened = await described();
      const rows = [
        contactRow(1, { SystemModstamp: stampOf(9), LastName: 'Newer' }),
        contactRow(1),
        contactRow(1, { SystemModstamp: stampOf(20), LastName: 'Newest' }),
      ];
      const outcome = await opened.mirror.commit({ page: queryPage(storedNames, rows, epoch) });
      expect(outcome.page).toMatchObject({ rows: 3, inserted: 1, updated: 1, unchanged: 1 });
      expect((await opened.mirror.contacts.states([contactId(1)])).get(contactId(1))?.stamp).toBe(
        stampOf(20),
      );
    });
  });

  describe(`${name}: effects are committed with their rows`, () => {
    test('cursors move forward only; first cursors are set only where there are none', async () => {
      await using opened = await described();
      const { mirror } = opened;
      await mirror.commit({
        effects: [{ kind: 'set-first-cursors', updated: epoch, deleted: epoch + minute }],
      });
      await mirror.commit({
        effects: [{ kind: 'set-first-cursors', updated: epoch + 9 * minute, deleted: epoch + 9 * minute }],
      });
      expect(await mirror.journal.cursors()).toEqual({ updated: epoch, deleted: epoch + minute });
      await mirror.commit({
        effects: [{ kind: 'move-cursors', to: { updated: epoch + 2 * minute, deleted: epoch } }],
      });
      expect(await mirror.journal.cursors()).toEqual({
        updated: epoch + 2 * minute,
        deleted: epoch + minute,
      });
    });

    test('chunks advance by their pages, are done by their pages, and are replaced by others', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const run = await mirror.journal.startRun('backfill', epoch, { api: 'rest' });
      const by = [
        { kind: 'span', spec: { from: 1 } },
        { kind: 'span', spec: { from: 2 } },
      ];
      const planned = await mirror.commit({ effects: [{ kind: 'replace-chunks', runId: run, ids: [], by }] });
      const [first, second] = planned.addedChunks;
      let from = { rows: 0, isBegun: false };
      const apply = async (rows: number[], totalSize?: number) => {
        const applied = await mirror.commit({
          page: queryPage(
            storedNames,
            rows.map((n) => contactRow(n)),
            epoch,
            { totalSize },
          ),
          effects: [
            { kind: 'advance-chunk', id: first!.id, from, position: 'last-key', state: { doneBelow: 3 } },
          ],
        });
        from = { rows: from.rows + rows.length, isBegun: true };
        return applied;
      };
      expect((await apply([1, 2, 3])).chunkDone).toBe(false);
      // Salesforce shortens pages of wide rows: fewer rows than asked, but not the last page.
      expect((await apply([4, 5], 9)).chunkDone).toBe(false);
      expect((await mirror.journal.chunks(run, 'pending'))[0]).toMatchObject({
        rows: 5,
        position: { createdDate: stampOf(5), id: contactId(5) },
      });
      expect((await apply([])).chunkDone).toBe(true);
      expect((await mirror.journal.chunks(run))[0]).toMatchObject({
        state: 'done',
        rows: 5,
        position: { id: contactId(5) },
      });
      const replaced = await mirror.commit({
        effects: [
          {
            kind: 'replace-chunks',
            runId: run,
            ids: [second!.id],
            by: [
              { kind: 'page', spec: { url: 'a' } },
              { kind: 'page', spec: { url: 'b' } },
            ],
          },
        ],
      });
      expect(replaced.addedChunks.map(({ spec }) => spec)).toEqual([{ url: 'a' }, { url: 'b' }]);
      expect(await mirror.journal.chunks(run, 'pending')).toEqual(replaced.addedChunks);
      expect(await mirror.journal.chunk(replaced.addedChunks[1]!.id)).toEqual(replaced.addedChunks[1]);
      expect(await mirror.journal.chunk(4_711)).toBeNull();
    });

    test('of two who go on with a chunk from the same place, the first advances it and counts its rows', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const run = await mirror.journal.startRun('backfill', epoch, {});
      const by = [{ kind: 'span', spec: {} }];
      const planned = await mirror.commit({ effects: [{ kind: 'replace-chunks', runId: run, ids: [], by }] });
      const { id } = planned.addedChunks[0]!;
      const read = (numbers: number[], rows: number, done = false) =>
        mirror.commit({
          page: csvPage(
            storedNames,
            numbers.map((n) => contactRow(n)),
            epoch,
          ),
          effects: [
            {
              kind: 'advance-chunk',
              id,
              from: { rows, isBegun: rows > 0 },
              position: { upTo: numbers.at(-1) },
              state: done ? 'done' : 'pending',
            },
          ],
        });
      expect((await read([1, 2], 0)).chunkDone).toBe(false);
      expect((await read([1, 2, 3], 0)).chunkDone).toBeNull();
      expect(await mirror.journal.chunk(id)).toMatchObject({ rows: 2, position: { upTo: 2 } });
      // What the second has changed is in the mirror and counted all the same.
      expect((await mirror.journal.run(run))?.counts).toEqual({ rows: 2, inserted: 3 });
      expect((await read([3], 2, true)).chunkDone).toBe(true);
      expect((await mirror.journal.run(run))?.counts).toEqual({ rows: 3, inserted: 3, unchanged: 1 });
      expect((await read([4], 3)).chunkDone).toBeNull();
      expect(await mirror.journal.chunk(id)).toMatchObject({ rows: 3, state: 'done' });
    });

    test('of two who replace a chunk, the first does', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const run = await mirror.journal.startRun('backfill', epoch, {});
      const other = await mirror.journal.startRun('backfill', epoch, {});
      const replace = async (runId: string, ids: number[], ...urls: string[]) => {
        const by = urls.map((url) => ({ kind: 'page', spec: { url } }));
        return (await mirror.commit({ effects: [{ kind: 'replace-chunks', runId, ids, by }] })).addedChunks;
      };
      const [first, second] = await replace(run, [], 'a', 'b');
      expect(await replace(run, [first!.id, second!.id], 'c')).toHaveLength(1);
      expect(await replace(run, [first!.id], 'd')).toEqual([]);
      expect((await mirror.journal.chunks(run, 'pending')).map(({ spec }) => spec)).toEqual([{ url: 'c' }]);
      await expect(replace(other, [first!.id], 'e')).rejects.toThrow(String(first!.id));
    });

    test('what wants all records of a page to be found is left undone where one is absent', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const to = { updated: epoch + minute };
      const effects = [{ kind: 'where-all-found', effects: [{ kind: 'move-cursors', to }] }] as const;
      const page = (...rows: (Row | null)[]) => collectionPage(storedNames, rows, epoch);
      await mirror.commit({ page: page(contactRow(1), null), effects });
      expect((await mirror.journal.cursors()).updated).toBeNull();
      await mirror.commit({ page: page(contactRow(1)), effects });
      expect((await mirror.journal.cursors()).updated).toBe(epoch + minute);
      await mirror.commit({
        effects: [{ kind: 'where-all-found', effects: [{ kind: 'move-cursors', to: { deleted: epoch } }] }],
      });
      expect((await mirror.journal.cursors()).deleted).toBe(epoch);
    });

    test('what a cycle knows of its window is kept until it is forgotten', async () => {
      await using opened = await described();
      const { mirror } = opened;
      expect(await mirror.journal.knownWindow('updated')).toBeNull();
      const deletions = { cursor: epoch, ids: ['c'] };
      await mirror.commit({ effects: [{ kind: 'remember-window', of: 'deleted', window: deletions }] });
      for (const window of [{ cursor: epoch, ids: ['a', 'b'] }, { cursor: epoch, ids: [] }, null]) {
        await mirror.commit({ effects: [{ kind: 'remember-window', of: 'updated', window }] });
        expect(await mirror.journal.knownWindow('updated')).toEqual(window);
        expect(await mirror.journal.knownWindow('deleted')).toEqual(deletions);
      }
    });

    test('runs of long ago are forgotten with all that belongs to them, some at a time', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const { journal } = mirror;
      const step = { name: 'plan', startedAt: 0, finishedAt: 1, counts: {}, note: null };
      const begin = async (at: number, chunks = 1) => {
        const runId = await journal.startRun('backfill', at, {});
        const by = Array.from({ length: chunks }, (_, n) => ({ kind: 'page', spec: { n } }));
        const outcome = { status: 'complete', finishedAt: at, counts: {}, apiCalls: 0, error: null } as const;
        await mirror.commit({
          effects: [
            { kind: 'replace-chunks', runId, ids: [], by },
            { kind: 'add-step', runId, step },
            { kind: 'end-run', runId, outcome },
          ],
        });
        return runId;
      };
      const old = await begin(epoch - 1);
      const spared = await begin(epoch - 1);
      const large = await begin(epoch - 1, 4_500);
      const young = await begin(epoch);
      const killedPush = await journal.startRun('push', epoch - 1, {});
      const underWay = await journal.startRun('backfill', epoch - 1, {});
      const forget = () =>
        mirror.commit({
          effects: [{ kind: 'forget-runs', before: epoch, now: epoch, but: spared, newestOf: [] }],
        });
      await forget();
      expect(await journal.run(old)).toBeNull();
      expect(await journal.steps(old)).toEqual([]);
      expect(await journal.chunks(old)).toEqual([]);
      for (let n = 0; n < 3; n++) await forget();
      expect(await journal.run(large)).toBeNull();
      expect(await journal.chunks(large)).toEqual([]);
      expect(await journal.run(killedPush)).toBeNull();
      for (const kept of [spared, young]) {
        expect(await journal.run(kept)).not.toBeNull();
        expect(await journal.steps(kept)).toHaveLength(1);
        expect(await journal.chunks(kept)).toHaveLength(1);
      }
      expect((await journal.run(underWay))?.status).toBe('running');
      // Whoever adds after that gets numbers of his own.
      const next = await begin(epoch, 2);
      expect((await journal.chunks(next)).map(({ runId }) => runId)).toEqual([next, next]);
    });

    test('runs of long ago are forgotten though many of a time to come stand before them', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const { journal } = mirror;
      const outcome = {
        status: 'complete',
        finishedAt: epoch,
        counts: {},
        apiCalls: 0,
        error: null,
      } as const;
      const begin = async (at: number) => {
        const runId = await journal.startRun('cycle', at, {});
        await mirror.commit({ effects: [{ kind: 'end-run', runId, outcome }] });
        return runId;
      };
      for (let n = 0; n < 30; n++) await begin(epoch + 86_400_000);
      const old = await begin(epoch - 1);
      await mirror.commit({
        effects: [{ kind: 'forget-runs', before: epoch, now: epoch, but: '', newestOf: [] }],
      });
      expect(await journal.run(old)).toBeNull();
      expect(await journal.runs({})).toHaveLength(30);
    });

    test('the newest runs of a kind stay where that is said, however old they are, without their chunks', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const { journal } = mirror;
      const step = { name: 'plan', startedAt: 0, finishedAt: 1, counts: {}, note: null };
      const made = async (
        kind: RunKind,
        { state = {}, status = 'complete' }: { state?: object; status?: 'complete' | 'failed' } = {},
      ) => {
        const runId = await journal.startRun(kind, epoch - 1, state);
        const outcome = { status, finishedAt: epoch, counts: {}, apiCalls: 0, error: null } as const;
        await mirror.commit({
          effects: [
            { kind: 'replace-chunks', runId, ids: [], by: [{ kind: 'page', spec: {} }] },
            { kind: 'add-step', runId, step },
            { kind: 'end-run', runId, outcome },
          ],
        });
        return runId;
      };
      const gone = [await made('backfill'), await made('reconcile', { state: { dryRun: false } })];
      const copy = await made('backfill');
      const reconcile = await made('reconcile', { state: { dryRun: false } });
      gone.push(await made('backfill', { status: 'failed' }), await made('push'));
      for (let n = 0; n < 60; n++) gone.push(await made('reconcile', { state: { dryRun: true } }));
      const newestOf: RunFilter[] = [
        { kind: 'backfill', status: 'complete' },
        { kind: 'reconcile', status: 'complete', unless: 'dryRun' },
      ];
      for (let n = 0; n < 5; n++)
        await mirror.commit({
          effects: [{ kind: 'forget-runs', before: epoch, now: epoch, but: '', newestOf }],
        });
      expect((await journal.runs({})).map(({ id }) => id)).toEqual([reconcile, copy]);
      for (const id of [copy, reconcile]) {
        expect(await journal.steps(id)).toHaveLength(1);
        expect(await journal.chunks(id)).toEqual([]);
      }
      for (const id of gone) expect(await journal.steps(id)).toEqual([]);
    });

    test('runs are found by what is not true of their state', async () => {
      await using opened = await described();
      const { journal } = opened.mirror;
      const states = [{}, { dryRun: false }, { dryRun: true }, { other: true }];
      const ids: string[] = [];
      for (const state of states) ids.push(await journal.startRun('reconcile', epoch, state));
      const found = await journal.runs({ kind: 'reconcile', unless: 'dryRun' });
      expect(found.map(({ id }) => ids.indexOf(id))).toEqual([3, 1, 0]);
      expect(await journal.runs({ kind: 'reconcile', unless: 'dryRun', limit: 1 })).toHaveLength(1);
    });

    test('what is counted for a run is added to it, whoever counts; one that ended badly goes on', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const run = await mirror.journal.startRun('backfill', epoch, {});
      const count = (counts: Record<string, number>, apiCalls: number) =>
        mirror.commit({ effects: [{ kind: 'count-run', runId: run, delta: { counts, apiCalls } }] });
      await count({ rows: 2 }, 3);
      await count({ rows: 5, buried: 1 }, 4);
      const error = { code: 'TIMEOUT', message: 'It took too long.', hint: null };
      const outcome = { finishedAt: epoch + 9, counts: { rows: 1 }, apiCalls: 1 };
      await mirror.commit({
        effects: [{ kind: 'end-run', runId: run, outcome: { ...outcome, status: 'failed', error } }],
      });
      expect(await mirror.journal.run(run)).toMatchObject({
        status: 'failed',
        counts: { rows: 8, buried: 1 },
        apiCalls: 8,
        error,
      });
      await mirror.commit({ effects: [{ kind: 'resume-run', runId: run }] });
      expect(await mirror.journal.run(run)).toMatchObject({
        status: 'running',
        finishedAt: null,
        error: null,
        counts: { rows: 8, buried: 1 },
      });
      await mirror.commit({
        effects: [
          { kind: 'end-run', runId: run, outcome: { ...outcome, status: 'complete', error: null } },
          { kind: 'resume-run', runId: run },
        ],
      });
      expect(await mirror.journal.run(run)).toMatchObject({ status: 'complete', finishedAt: epoch + 9 });
    });

    test('runs keep their state, steps and outcome; the newest comes first', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const run = await mirror.journal.startRun('backfill', epoch, { t0: 1 });
      const step = {
        name: 'plan',
        startedAt: epoch,
        finishedAt: epoch + 5,
        counts: { spans: 2 },
        note: 'By REST.',
      };
      await mirror.commit({
        effects: [
          { kind: 'add-step', runId: run, step },
          { kind: 'patch-run-state', runId: run, patch: { more: true } },
        ],
      });
      const other = await mirror.journal.startRun('cycle', epoch + 1, {});
      const error = { code: 'TIMEOUT', message: 'It took too long.', hint: null };
      const failed = { status: 'failed', finishedAt: epoch + 9, counts: {}, apiCalls: 3, error } as const;
      await mirror.commit({ effects: [{ kind: 'end-run', runId: other, outcome: failed }] });
      const outcome = {
        status: 'complete',
        finishedAt: epoch + 10,
        counts: { rows: 4 },
        apiCalls: 7,
        error: null,
      } as const;
      await mirror.commit({ effects: [{ kind: 'end-run', runId: run, outcome }] });
      expect(await mirror.journal.run(run)).toEqual({
        id: run,
        kind: 'backfill',
        startedAt: epoch,
        state: { t0: 1, more: true },
        ...outcome,
      });
      expect((await mirror.journal.runs({ limit: 9 })).map(({ id }) => id)).toEqual([other, run]);
      expect(await mirror.journal.runs({ kind: 'cycle', status: 'failed', limit: 1 })).toMatchObject([
        { id: other, error, apiCalls: 3 },
      ]);
      expect((await mirror.journal.runs({ prefix: run.slice(0, 8) })).map(({ id }) => id)).toEqual([run]);
      expect(await mirror.journal.steps(run)).toEqual([
        { name: 'plan', startedAt: epoch, finishedAt: epoch + 5, counts: { spans: 2 }, note: 'By REST.' },
      ]);
    });

    test('an effect that cannot be leaves nothing of its batch', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const failing = mirror.commit({
        page: csvPage(storedNames, [contactRow(1)], epoch),
        effects: [
          { kind: 'move-cursors', to: { updated: epoch } },
          {
            kind: 'advance-chunk',
            id: 4_711,
            from: { rows: 0, isBegun: false },
            position: null,
            state: 'done',
          },
        ],
      });
      await expect(failing).rejects.toThrow('4711');
      expect(await mirror.contacts.counts()).toEqual({ contacts: 0, deleted: 0 });
      expect(await mirror.journal.cursors()).toEqual({ updated: null, deleted: null });
    });
  });

  describe(`${name}: the outbox`, () => {
    test('entries keep their order and all that was said of them', async () => {
      await using opened = await open();
      const { outbox } = opened.mirror;
      const entries = [
        newEntry(),
        newEntry({
          op: 'update',
          contactId: contactId(1),
          base: { LastName: 'Old' },
          state: 'held',
          atomicGroup: 'g',
        }),
        newEntry({ upsertField: 'Ext__c', allowDuplicates: true }),
      ];
      await outbox.add(entries);
      const listed = await outbox.list();
      expect(listed).toMatchObject(entries);
      expect(listed[0]).toMatchObject({
        way: null,
        attempts: 0,
        errors: [],
        sentAt: null,
        settledAt: null,
        readBackDue: false,
      });
      expect((await outbox.list({ states: ['held'] })).map(({ key }) => key)).toEqual([entries[1]!.key]);
      expect((await outbox.list({ keys: [entries[2]!.key, 'none'], limit: 5 })).length).toBe(1);
      expect((await outbox.list({ limit: 2 })).length).toBe(2);
      expect(await outbox.counts()).toMatchObject({ pending: 2, held: 1, done: 0 });
      await expect(outbox.add([newEntry(), entries[0]!])).rejects.toThrow();
      expect((await outbox.list()).length).toBe(3);
    });

    test('an entry is sent only while it is pending, and settled by its answer', async () => {
      await using opened = await open();
      const { outbox } = opened.mirror;
      const [a, b, c, d] = [
        newEntry(),
        newEntry(),
        newEntry(),
        newEntry({ op: 'delete', contactId: contactId(4) }),
      ];
      await outbox.add([a, b, c, d]);
      await outbox.markSent([a.key, b.key, c.key, d.key], 'collection', epoch + 1);
      await expect(outbox.markSent([a.key], 'ui-api', epoch + 2)).rejects.toThrow(a.key);
      expect((await outbox.list({ states: ['sent'] }))[0]).toMatchObject({
        way: 'collection',
        attempts: 1,
        sentAt: epoch + 1,
      });
      const errors = [{ code: 'REQUIRED_FIELD_MISSING', message: 'Required', fields: ['LastName'] }];
      await outbox.settle([
        { key: a.key, state: 'done', contactId: contactId(1), created: true, at: epoch + 3 },
        { key: b.key, state: 'rejected', errors, at: epoch + 3 },
        { key: c.key, state: 'in-doubt', errors: [], at: epoch + 3 },
        { key: d.key, state: 'done', contactId: contactId(4), created: true, at: epoch + 3 },
      ]);
      expect(await outbox.list()).toMatchObject([
        { state: 'done', contactId: contactId(1), settledAt: epoch + 3, readBackDue: true },
        { state: 'rejected', errors, settledAt: epoch + 3 },
        { state: 'in-doubt', settledAt: null },
        { state: 'done', contactId: contactId(4), readBackDue: true },
      ]);
      expect((await outbox.readBackDue(9)).map(({ key }) => key)).toEqual([a.key, d.key]);
      expect(await outbox.move([a.key, b.key, c.key], ['rejected'], 'pending', epoch + 4)).toEqual([b.key]);
      // What is sent again is not what was refused.
      expect((await outbox.list({ keys: [b.key] }))[0]).toMatchObject({ state: 'pending', errors: [] });
      expect(await outbox.move([c.key], ['in-doubt'], 'dropped', epoch + 4)).toEqual([c.key]);
      expect(await outbox.counts()).toMatchObject({ done: 2, pending: 1, dropped: 1, 'in-doubt': 0 });
    });

    test('tells the records that creates have made, and those that an upsert met when it was sent again', async () => {
      await using opened = await open();
      const { outbox } = opened.mirror;
      const made = newEntry();
      const met = newEntry({ upsertField: 'Ext__c' });
      const metAgain = newEntry({ upsertField: 'Ext__c' });
      const madeAndMet = newEntry({ upsertField: 'Ext__c' });
      const edit = newEntry({ op: 'update', contactId: contactId(5) });
      const all = [made, met, metAgain, madeAndMet, edit];
      await outbox.add(all);
      await outbox.markSent([metAgain.key, madeAndMet.key], 'upsert', epoch);
      await outbox.settle(
        [metAgain, madeAndMet].map(({ key }) => ({ key, state: 'in-doubt', errors: [], at: epoch })),
      );
      await outbox.move([metAgain.key, madeAndMet.key], ['in-doubt'], 'pending', epoch);
      const keys = all.map(({ key }) => key);
      await outbox.markSent(keys, 'upsert', epoch);
      const place = [1, 2, 3, 1, 5];
      await outbox.settle(
        keys.map((key, at) => ({
          key,
          state: 'done',
          contactId: contactId(place[at]!),
          created: at === 0,
          at: epoch,
        })),
      );
      const ids = [1, 2, 3, 4, 5].map(contactId);
      expect(await outbox.accountedFor(ids)).toEqual({ made: [contactId(1)], maybe: [contactId(3)] });
      expect(await outbox.accountedFor([contactId(2)])).toEqual({ made: [], maybe: [] });
      // What programs write is open; what was pushed is no row of theirs.
      expect(await outbox.openCreations()).toEqual([]);
    });

    test('an entry remembers its first sending that may have done something', async () => {
      await using opened = await open();
      const { outbox } = opened.mirror;
      const [a] = [newEntry()];
      await outbox.add([a]);
      const sentAt = async () => (await outbox.list())[0]!.sentAt;
      const back = (at: number, unsent: boolean) =>
        outbox.settle([{ key: a.key, state: 'pending', errors: [], at, unsent }]);
      await outbox.markSent([a.key], 'ui-api', epoch + 1);
      await back(epoch + 2, true);
      expect(await sentAt()).toBeNull();
      await outbox.markSent([a.key], 'ui-api', epoch + 3);
      await back(epoch + 4, false);
      await outbox.markSent([a.key], 'ui-api', epoch + 5);
      expect(await sentAt()).toBe(epoch + 3);
      await outbox.settle([{ key: a.key, state: 'in-doubt', errors: [], at: epoch + 6 }]);
      await outbox.move([a.key], ['in-doubt'], 'pending', epoch + 7);
      expect(await sentAt()).toBeNull();
    });

    test('a doubt keeps what was known of it when it arose', async () => {
      await using opened = await open();
      const { outbox } = opened.mirror;
      const [a, b] = [newEntry(), newEntry()];
      await outbox.add([a, b]);
      await outbox.markSent([a.key, b.key], 'bulk', epoch + 1);
      const doubt: Doubt = {
        endedOrgAt: epoch + 900_000,
        madeBefore: null,
        askedAt: null,
        reason: 'not-covered',
        candidates: [],
        candidatesTotal: 0,
      };
      await outbox.settle([
        { key: a.key, state: 'in-doubt', errors: [], at: epoch + 2, doubt },
        { key: b.key, state: 'in-doubt', errors: [], at: epoch + 2 },
      ]);
      expect((await outbox.list()).map((entry) => entry.doubt)).toEqual([doubt, null]);
    });

    test('what is done of some contacts is told in order, and nothing else', async () => {
      await using opened = await open();
      const { outbox } = opened.mirror;
      const of = (n: number) =>
        newEntry({ op: 'update', contactId: contactId(n), changes: { LastName: 'New' } });
      const [first, waiting, other, second] = [of(1), of(1), of(2), of(1)] as const;
      const made = newEntry({ changes: { LastName: 'Made' } });
      await outbox.add([first, waiting, other, second, made]);
      const done = (key: string, n: number) =>
        outbox.settle([{ key, state: 'done', contactId: contactId(n), created: false, at: epoch }]);
      await done(second.key, 1);
      await done(first.key, 1);
      await done(other.key, 2);
      await done(made.key, 3);
      const told = await outbox.doneOf([contactId(1), contactId(3), contactId(9)]);
      expect(told.map(({ key }) => key)).toEqual([first.key, second.key, made.key]);
    });

    test('the end of a request without an answer stays known where its repeat is refused', async () => {
      await using opened = await open();
      const { outbox } = opened.mirror;
      const entry = newEntry({ op: 'update', contactId: contactId(1), changes: { LastName: 'New' } });
      const { key } = entry;
      await outbox.add([entry]);
      const send = () => outbox.markSent([key], 'collection', epoch + 1, epoch + 2);
      const ends = async () => (await outbox.lostRequests()).map(({ endedOrgAt }) => endedOrgAt);
      await send();
      await outbox.settle([{ key, state: 'in-doubt', errors: [], at: epoch + 3 }]);
      expect(await ends()).toEqual([null]);
      await outbox.settle([{ key, state: 'pending', errors: [], lostBefore: epoch + 4_000, at: epoch + 4 }]);
      await send();
      await outbox.settle([{ key, state: 'in-doubt', errors: [], refused: true, at: epoch + 5 }]);
      expect(await ends()).toEqual([epoch + 4_000]);
      await outbox.settle([{ key, state: 'pending', errors: [], at: epoch + 6 }]);
      await outbox.noteLost([{ key, over: null }]);
      await send();
      await outbox.settle([{ key, state: 'in-doubt', errors: [], refused: true, at: epoch + 7 }]);
      expect(await ends()).toEqual([]);
    });

    test('entries are listed page by page, each once and in order, whatever their states', async () => {
      await using opened = await open();
      const { outbox } = opened.mirror;
      const all = Array.from({ length: 25 }, (_, i) => newEntry({ state: i % 3 === 0 ? 'held' : 'pending' }));
      await outbox.add(all);
      const seen: string[] = [];
      for (let after = -1; ; ) {
        const page = await outbox.list({ states: ['pending', 'held'], after, limit: 4 });
        if (page.length === 0) break;
        expect(page.length).toBeLessThanOrEqual(4);
        seen.push(...page.map(({ key }) => key));
        after = page.at(-1)!.seq;
      }
      expect(seen).toEqual(all.map(({ key }) => key));
    });

    test('what the mirror held before a sending is kept with it until it is settled', async () => {
      await using opened = await described();
      const { mirror } = opened;
      await mirror.commit({ page: collectionPage(storedNames, [contactRow(1), contactRow(2)], epoch) });
      const changes = { LastName: 'New', Unknown__c: 1 };
      const known = newEntry({ op: 'update', contactId: contactId(1), changes });
      const unknown = newEntry({ op: 'update', contactId: contactId(9), changes });
      const upsert = newEntry({ upsertField: 'LastName', changes: { LastName: 'last2' } });
      await mirror.outbox.add([known, unknown, upsert]);
      const keys = [known.key, unknown.key, upsert.key];
      expect(await mirror.contacts.idsBy('LastName', ['LAST2', 'none'])).toEqual(
        new Map([['LAST2', contactId(2)]]),
      );
      await mirror.outbox.markSent(keys, 'collection', epoch + 1, epoch + 2);
      const keptOf = async () =>
        (await mirror.outbox.list()).map(({ sentOrgAt, knownBefore }) => ({ sentOrgAt, knownBefore }));
      const first = [
        { sentOrgAt: epoch + 2, knownBefore: { stamp: stampOf(1), values: { LastName: 'Last1' } } },
        { sentOrgAt: epoch + 2, knownBefore: null },
        { sentOrgAt: epoch + 2, knownBefore: { stamp: stampOf(2), values: { LastName: 'Last2' } } },
      ];
      expect(await keptOf()).toEqual(first);
      const back = (unsent: boolean) =>
        mirror.outbox.settle(
          keys.map((key) => ({ key, state: 'pending', errors: [], at: epoch + 3, unsent })),
        );
      await back(false);
      await mirror.outbox.markSent(keys, 'collection', epoch + 4, epoch + 5);
      expect(await keptOf()).toEqual(first);
      await back(true);
      const never = { sentOrgAt: null, knownBefore: null };
      expect(await keptOf()).toEqual([never, never, never]);
    });

    test('what the mirror held of a contact before its deletion is kept with that, without what is empty', async () => {
      await using opened = await described();
      const { mirror } = opened;
      await mirror.commit({ page: collectionPage(storedNames, [contactRow(1)], epoch) });
      const entry = newEntry({ op: 'delete', contactId: contactId(1), changes: {} });
      await mirror.outbox.add([entry]);
      await mirror.outbox.markSent([entry.key], 'collection', epoch);
      const [{ knownBefore } = { knownBefore: null }] = await mirror.outbox.list();
      expect(knownBefore?.values).toMatchObject({ LastName: 'Last1' });
      expect(Object.values(knownBefore?.values ?? {})).not.toContain(null);
    });

    test('a conflict keeps the contact that it was found on, and waits', async () => {
      await using opened = await open();
      const { outbox } = opened.mirror;
      const [a] = [newEntry({ upsertField: 'Ext__c' })];
      await outbox.add([a]);
      await outbox.markSent([a.key], 'upsert', epoch);
      const errors = [{ code: 'CONFLICT', message: 'm', fields: ['LastName'] }];
      await outbox.settle([{ key: a.key, state: 'conflict', errors, contactId: contactId(7), at: epoch }]);
      expect(await outbox.list({ states: ['conflict'] })).toMatchObject([
        { errors, contactId: contactId(7), settledAt: null },
      ]);
    });

    test('what was in doubt and is sent once more may have been carried out, but for a create, and where a person says it was not', async () => {
      await using opened = await open();
      const { outbox } = opened.mirror;
      const upsert = newEntry({ upsertField: 'Ext__c' });
      const update = newEntry({ op: 'update', contactId: contactId(7) });
      const entries = [newEntry(), upsert, update];
      const keys = entries.map(({ key }) => key);
      await outbox.add(entries);
      const again = async (options?: { unsent: boolean }) => {
        await outbox.markSent(keys, 'collection', epoch, epoch, 'user');
        await outbox.settle(keys.map((key) => ({ key, state: 'in-doubt', errors: [], at: epoch })));
        await outbox.move(keys, ['in-doubt'], 'pending', epoch, options);
        const listed = await outbox.list({ keys });
        return listed.map(({ sentAt, sentOrgAt, sentBy }) => [sentAt, sentOrgAt, sentBy]);
      };
      const never = [null, null, null];
      const maybe = [epoch, epoch, 'user'];
      expect(await again()).toEqual([never, maybe, maybe]);
      expect(await again({ unsent: true })).toEqual([never, never, never]);
    });

    test('a conflict keeps what it has found, as what a decision holds against', async () => {
      await using opened = await open();
      const { outbox } = opened.mirror;
      const a = newEntry({ op: 'update', contactId: contactId(7), changes: { Title: 'Mine' } });
      await outbox.add([a]);
      const errors = [{ code: 'CONFLICT', message: 'm', fields: ['Title'] }];
      const conflict = {
        key: a.key,
        state: 'conflict',
        errors,
        contactId: null,
        knownTo: epoch,
        at: epoch,
      } as const;
      const bases = async () => {
        const [entry] = await outbox.list({ keys: [a.key] });
        return [entry?.base, entry?.firstBase, entry?.found];
      };
      expect(await bases()).toEqual([null, null, null]);
      await outbox.settle([{ ...conflict, base: { Title: 'Before', IsDeleted: true } }]);
      expect(await bases()).toEqual([{ Title: 'Before', IsDeleted: true }, {}, null]);
      await outbox.settle([{ ...conflict, base: { Title: 'Theirs' } }]);
      const found = [{ Title: 'Theirs' }, { Title: 'Before' }, { Title: 'Theirs' }];
      expect(await bases()).toEqual(found);
      expect(await outbox.move([a.key], ['conflict'], 'pending', epoch)).toEqual([a.key]);
      expect(await bases()).toEqual(found);
    });

    test('reading back clears the mark in the transaction that stores the row', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const created = newEntry();
      await mirror.outbox.add([created]);
      await mirror.outbox.markSent([created.key], 'ui-api', epoch);
      await mirror.outbox.settle([
        { key: created.key, state: 'done', contactId: contactId(8), created: true, at: epoch },
      ]);
      await mirror.commit({
        page: collectionPage(storedNames, [contactRow(8)], epoch),
        effects: [{ kind: 'confirm-read-back', keys: [created.key] }],
      });
      expect(await mirror.outbox.readBackDue(9)).toEqual([]);
      await mirror.commit({ effects: [{ kind: 'confirm-read-back', keys: [created.key] }] });
      expect(await mirror.contacts.counts()).toEqual({ contacts: 1, deleted: 0 });
    });

    test('tells what gives a value to a contact, open or not read back yet', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const { outbox } = mirror;
      await mirror.commit({ page: collectionPage(storedNames, [contactRow(1), contactRow(2)], epoch) });
      expect(await outbox.hasUpserts()).toBe(false);
      const update = { op: 'update', contactId: contactId(1) } as const;
      const open = newEntry({ ...update, changes: { FirstName: 'A', LastName: 'B' } });
      const emptied = newEntry({ ...update, changes: { FirstName: null } });
      const other = newEntry({ ...update, changes: { LastName: 'B' } });
      const done = newEntry({ ...update, changes: { FirstName: 'C' } });
      const refused = newEntry({ ...update, changes: { FirstName: 'D' } });
      const ofOther = newEntry({ ...update, contactId: contactId(2), changes: { FirstName: 'E' } });
      const deleted = newEntry({ ...update, op: 'delete', changes: {} });
      const upsert = newEntry({ upsertField: 'FirstName', changes: { FirstName: 'F', LastName: 'B' } });
      await outbox.add([open, emptied, other, done, refused, ofOther, deleted, upsert]);
      expect(await outbox.hasUpserts()).toBe(true);
      await outbox.markSent([done.key, refused.key], 'collection', epoch);
      const settled = { contactId: contactId(1), created: false, at: epoch };
      await outbox.settle([
        { key: done.key, state: 'done', ...settled },
        { key: refused.key, state: 'rejected', errors: [], at: epoch },
      ]);
      const giving = async (before = 99) =>
        (await outbox.giving(['FirstName', 'Email'], [contactId(1), 'no-key'], before)).map(
          ({ changes }) => changes,
        );
      expect(await giving()).toEqual([open.changes, emptied.changes, done.changes]);
      const [{ seq } = { seq: 0 }] = await outbox.list({ keys: [emptied.key] });
      expect(await giving(seq)).toEqual([open.changes]);
      expect(await outbox.giving(['FirstName'], [contactId(2)], 99)).toMatchObject([
        { contactKey: ofOther.contactKey, contactId: contactId(2), changes: ofOther.changes },
      ]);
      await mirror.commit({ effects: [{ kind: 'confirm-read-back', keys: [done.key] }] });
      expect(await giving()).toEqual([open.changes, emptied.changes]);
      expect(await outbox.giving([], [contactId(1)], 99)).toEqual([]);
      await outbox.move([upsert.key], ['pending'], 'dropped', epoch);
      expect(await outbox.hasUpserts()).toBe(false);
    });

    test('what is noted as not shown is due again for its time, and for who has read or buried it', async () => {
      await using opened = await described();
      const { mirror } = opened;
      const { outbox } = mirror;
      const rows = [1, 2, 3, 4].map((n) => contactRow(n));
      await mirror.commit({ page: collectionPage(storedNames, rows, epoch) });
      const entries = [1, 2, 3, 4].map((n) => newEntry({ op: 'update', contactId: contactId(n) }));
      const keys = entries.map(({ key }) => key);
      await outbox.add(entries);
      await outbox.markSent(keys, 'collection', epoch);
      await outbox.settle(
        entries.map(({ key, contactId }) => {
          return { key, state: 'done', contactId: contactId!, created: false, at: epoch };
        }),
      );
      const noted = keys.slice(0, 3);
      await mirror.commit({ effects: [{ kind: 'note-unshown', keys: noted, at: epoch + 10 }] });
      const dueAt = async (before: number | null, limit = 9) =>
        (await outbox.unshown.due(before, limit)).map(({ key }) => key);
      expect((await outbox.readBackDue(9)).map(({ key }) => key)).toEqual(keys.slice(3));
      expect((await outbox.list({ keys: noted })).map(({ readBackDue }) => readBackDue)).toEqual([
        true,
        true,
        true,
      ]);
      expect(await outbox.unshown.records()).toBe(3);
      expect(await outbox.unshown.of([contactId(2), contactId(4)])).toEqual([
        { key: keys[1], op: 'update', contactId: contactId(2) },
      ]);
      expect(await dueAt(epoch + 10)).toEqual([]);
      expect(await dueAt(epoch + 11)).toEqual(noted);
      expect(await dueAt(epoch + 11, 2)).toEqual(noted.slice(0, 2));
      await mirror.commit({ page: collectionPage(storedNames, rows.slice(0, 1), epoch + 11) });
      const hidden = { masterRecordId: null, systemModstamp: null, evidenceAt: epoch + 11 };
      await mirror.commit({ tombstones: [{ ...hidden, id: contactId(3), gone: 'hidden' }] });
      expect(await dueAt(null)).toEqual([keys[0], keys[2]]);
      await mirror.commit({ effects: [{ kind: 'note-unshown', keys: keys.slice(0, 1), at: epoch + 12 }] });
      expect(await dueAt(null)).toEqual([keys[2]]);
      await mirror.commit({ effects: [{ kind: 'confirm-read-back', keys: noted }] });
      expect(await dueAt(epoch + 99)).toEqual([]);
      expect(await outbox.unshown.of([contactId(2)])).toEqual([]);
      expect(await outbox.unshown.records()).toBe(0);
    });
  });
}

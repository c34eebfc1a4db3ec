import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/emulator/engine/actor.ts';
import type { Org } from '../../../src/emulator/org/org.ts';
import { codes, create, faultOf, iso, NOW, rows, testOrg } from './org-fixture.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** 12:30:00, the minute NOW lies in. */
const MINUTE_START = NOW - 15_000;

let org: Org;
let me: Actor;

beforeEach(async () => {
  ({ org, me } = await testOrg());
});

afterEach(() => org.close());

const updated = (startMs: number, endMs: number) => org.getUpdated(me, 'Contact', iso(startMs), iso(endMs));
const deleted = (startMs: number, endMs: number) => org.getDeleted(me, 'Contact', iso(startMs), iso(endMs));
const deletedIds = (startMs: number, endMs: number) =>
  deleted(startMs, endMs).deletedRecords.map((row) => row.id);

describe('the span (sObject Get Updated, SOAP getUpdated())', () => {
  it('drops the seconds of both ends: an end of now misses the current minute, one in the future brings it', () => {
    const id = create(org, me, { LastName: 'A' });
    expect(updated(NOW - 5 * MINUTE, NOW + 30_000).ids).toEqual([]);
    expect(updated(NOW - 5 * MINUTE, NOW + MINUTE).ids).toEqual([id]);
    expect(updated(NOW, NOW + MINUTE).ids).toEqual([id]);
  });

  it('includes both ends', () => {
    org.clock.set(MINUTE_START);
    const id = create(org, me, { LastName: 'A' });
    org.clock.set(NOW);
    expect(updated(MINUTE_START - 2 * MINUTE, MINUTE_START).ids).toEqual([id]);
    expect(updated(MINUTE_START, MINUTE_START + MINUTE).ids).toEqual([id]);
    expect(updated(MINUTE_START - 2 * MINUTE, MINUTE_START - 1).ids).toEqual([]);
  });

  it.each<[string, number, number]>([
    ['start and end in one minute', MINUTE_START, MINUTE_START + 59_000],
    ['start after end', NOW, NOW - 5 * MINUTE],
    ['a start in the future', NOW + 2 * MINUTE, NOW + 10 * MINUTE],
    ['a start more than 30 days ago', NOW - 30 * DAY - MINUTE, NOW],
  ])('%s is INVALID_REPLICATION_DATE', (_rule, startMs, endMs) => {
    expect(faultOf(() => updated(startMs, endMs))).toMatch(/^INVALID_REPLICATION_DATE/);
    expect(faultOf(() => deleted(startMs, endMs))).toMatch(/^INVALID_REPLICATION_DATE/);
  });

  it('what is no date is INVALID_REPLICATION_DATE, what is no object NOT_FOUND, what does not replicate refused', () => {
    expect(faultOf(() => org.getUpdated(me, 'Contact', 'yesterday', iso(NOW)))).toMatch(
      /^INVALID_REPLICATION_DATE/,
    );
    expect(faultOf(() => org.getUpdated(me, 'Nope', iso(NOW), iso(NOW)))).toMatch(/^NOT_FOUND/);
    expect(faultOf(() => org.getUpdated(me, 'Organization', iso(NOW), iso(NOW)))).toMatch(
      /^INVALID_TYPE_FOR_OPERATION/,
    );
  });

  it('takes the forms of dates that clients send', () => {
    const id = create(org, me, { LastName: 'A' });
    for (const end of ['2026-06-17T12:31:00+00:00', '2026-06-17T12:31:00Z', '2026-06-17T14:31:59.999+0200']) {
      expect(org.getUpdated(me, 'Contact', '2026-06-17T12:00:00+00:00', end).ids).toEqual([id]);
    }
  });

  it('more ids than the limit is EXCEEDED_ID_LIMIT', () => {
    org.control.createContacts({ count: 5 });
    org.control.change({ replicationIdLimit: 4 });
    expect(faultOf(() => updated(NOW - MINUTE, NOW + MINUTE))).toMatch(/^EXCEEDED_ID_LIMIT/);
    org.control.change({ replicationIdLimit: 5 });
    expect(updated(NOW - MINUTE, NOW + MINUTE).ids).toHaveLength(5);
  });
});

describe('latestDateCovered', () => {
  it('is the end of a span in the past', () => {
    expect(updated(NOW - 9 * MINUTE, NOW - 5 * MINUTE).latestDateCovered).toBe(
      '2026-06-17T12:25:00.000+0000',
    );
  });

  it('is now for an end in the future, or that end where the org is set so', () => {
    expect(updated(NOW - MINUTE, NOW + DAY).latestDateCovered).toBe('2026-06-17T12:30:15.000+0000');
    expect(deleted(NOW - MINUTE, NOW + DAY).latestDateCovered).toBe('2026-06-17T12:30:15.000+0000');
    org.control.change({ futureEndCovered: true });
    expect(updated(NOW - MINUTE, NOW + DAY).latestDateCovered).toBe('2026-06-18T12:30:00.000+0000');
  });

  it('is held back to the start of an open transaction, even before the span', () => {
    org.clock.set(NOW + 700);
    org.control.openTransaction({});
    org.clock.set(NOW + 30 * MINUTE);
    expect(updated(NOW, NOW + 20 * MINUTE).latestDateCovered).toBe('2026-06-17T12:30:15.000+0000');
    expect(updated(NOW + 10 * MINUTE, NOW + 20 * MINUTE).latestDateCovered).toBe(
      '2026-06-17T12:30:15.000+0000',
    );
    org.control.change({ futureEndCovered: true });
    expect(updated(NOW, NOW + DAY).latestDateCovered).toBe('2026-06-17T12:30:15.000+0000');
    org.control.commit();
    org.control.change({ futureEndCovered: false });
    expect(updated(NOW, NOW + 20 * MINUTE).latestDateCovered).toBe('2026-06-17T12:50:00.000+0000');
  });
});

describe('what is listed', () => {
  it('creates, updates and undeletes are updates; a delete is none', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((LastName) => create(org, me, { LastName })) as [
      string,
      string,
      string,
    ];
    org.delete(me, [c]);
    const from = NOW + 10 * MINUTE;
    org.clock.set(from);
    org.update(me, [{ object: 'Contact', fields: { Id: b, Title: 'x' } }]);
    org.undelete(me, [c]);
    org.delete(me, [a]);
    expect(updated(from, from + MINUTE).ids).toEqual([b, c]);
    expect(deletedIds(from, from + MINUTE)).toEqual([a]);
  });

  it('a row created and then deleted in the span is in both answers', () => {
    const id = create(org, me, { LastName: 'A' });
    org.delete(me, [id]);
    expect(updated(NOW, NOW + MINUTE).ids).toEqual([id]);
    expect(deleted(NOW, NOW + MINUTE).deletedRecords).toEqual([
      { id, deletedDate: '2026-06-17T12:30:15.000+0000' },
    ]);
  });

  it('a row deleted and then undeleted in the span is in both answers', () => {
    org.clock.set(NOW - DAY);
    const id = create(org, me, { LastName: 'A' });
    org.clock.set(NOW);
    org.delete(me, [id]);
    org.undelete(me, [id]);
    expect(updated(NOW, NOW + MINUTE).ids).toEqual([id]);
    expect(deletedIds(NOW, NOW + MINUTE)).toEqual([id]);
  });

  it('a row deleted twice is listed once, with the later date', () => {
    const id = create(org, me, { LastName: 'A' });
    org.delete(me, [id]);
    org.undelete(me, [id]);
    org.clock.advance(5000);
    org.delete(me, [id]);
    expect(deleted(NOW, NOW + MINUTE).deletedRecords).toEqual([
      { id, deletedDate: '2026-06-17T12:30:20.000+0000' },
    ]);
  });

  it('purged rows stay in the delete log; a purge out of the Recycle Bin is not a second delete', () => {
    const [a, b] = ['a', 'b'].map((LastName) => create(org, me, { LastName })) as [string, string];
    org.delete(me, [a]);
    org.clock.advance(10_000);
    org.control.purge([a, b]);
    expect(deleted(NOW, NOW + MINUTE).deletedRecords).toEqual([
      { id: a, deletedDate: '2026-06-17T12:30:15.000+0000' },
      { id: b, deletedDate: '2026-06-17T12:30:25.000+0000' },
    ]);
    expect(updated(NOW, NOW + MINUTE).ids).toEqual([]);
  });

  it('merge losers are deletes, the master is an update', () => {
    org.clock.set(NOW - DAY);
    const [master, loser] = ['m', 'l'].map((LastName) => create(org, me, { LastName })) as [string, string];
    org.clock.set(NOW);
    org.control.merge({ master, losers: [loser] });
    expect(updated(NOW, NOW + MINUTE).ids).toEqual([master]);
    expect(deletedIds(NOW, NOW + MINUTE)).toEqual([loser]);
  });

  it('only what the user may see, and a change of sharing touches no stamp', () => {
    const [a, b] = ['a', 'b'].map((LastName) => create(org, me, { LastName })) as [string, string];
    org.delete(me, [b]);
    const stampsBefore = rows(org, me, 'SELECT SystemModstamp FROM Contact', true);
    org.clock.advance(5 * MINUTE);
    org.control.setVisibility({ ids: [a, b], hidden: true });
    expect(updated(NOW, NOW + MINUTE).ids).toEqual([]);
    expect(deletedIds(NOW, NOW + MINUTE)).toEqual([]);
    org.control.setVisibility({ ids: [a, b], hidden: false });
    expect(updated(NOW + 4 * MINUTE, NOW + 6 * MINUTE).ids).toEqual([]);
    expect(rows(org, me, 'SELECT SystemModstamp FROM Contact', true)).toEqual(stampsBefore);
  });
});

describe('the reach of deletes (sObject Get Deleted)', () => {
  it('deletes older than 15 days are not answered, and earliestDateAvailable says so', () => {
    const id = create(org, me, { LastName: 'A' });
    org.delete(me, [id]);
    org.clock.set(NOW + 16 * DAY);
    const answer = deleted(NOW - MINUTE, NOW + 16 * DAY);
    expect(answer.deletedRecords).toEqual([]);
    expect(answer.earliestDateAvailable).toBe('2026-06-18T12:30:00.000+0000');
  });

  it('after a purge of the log, a start before it is INVALID_REPLICATION_DATE', () => {
    const id = create(org, me, { LastName: 'A' });
    org.delete(me, [id]);
    org.clock.advance(10 * MINUTE);
    org.control.purgeDeleteLog(NOW + 5 * MINUTE);
    expect(faultOf(() => deleted(NOW, NOW + MINUTE))).toMatch(/^INVALID_REPLICATION_DATE/);
    const answer = deleted(NOW + 6 * MINUTE, NOW + 11 * MINUTE);
    expect(answer).toMatchObject({
      deletedRecords: [],
      earliestDateAvailable: '2026-06-17T12:36:00.000+0000',
    });
  });

  it('a purge of less than a former one brings nothing back, and earliestDateAvailable stays', () => {
    const id = create(org, me, { LastName: 'A' });
    org.delete(me, [id]);
    org.clock.advance(10 * MINUTE);
    org.control.purgeDeleteLog(NOW + 5 * MINUTE);
    org.control.purgeDeleteLog(NOW - DAY);
    expect(faultOf(() => deleted(NOW, NOW + MINUTE))).toMatch(/^INVALID_REPLICATION_DATE/);
    expect(deleted(NOW + 6 * MINUTE, NOW + 11 * MINUTE).earliestDateAvailable).toBe(
      '2026-06-17T12:36:00.000+0000',
    );
  });
});

describe('transactions that commit late', () => {
  it('rows of an open transaction are in no answer before the commit, stamped at its start', () => {
    const [touchedId, deletedId] = ['t', 'd'].map((LastName) => create(org, me, { LastName })) as [
      string,
      string,
    ];
    const binned = create(org, me, { LastName: 'u' });
    org.delete(me, [binned]);
    const seen = () =>
      rows(org, me, 'SELECT Id, Title, IsDeleted, SystemModstamp FROM Contact ORDER BY Id', true);
    const before = seen();
    const start = NOW + 10 * MINUTE;
    org.clock.set(start);
    const { ids } = org.control.openTransaction({
      create: { count: 2 },
      touch: { ids: [touchedId], set: { Title: 'new' } },
      delete: { ids: [deletedId] },
      undelete: { ids: [binned] },
    });
    expect(ids).toHaveLength(5);
    org.clock.advance(30 * MINUTE);
    expect(seen()).toEqual(before);
    expect(updated(start, start + 40 * MINUTE).ids).toEqual([]);
    expect(deletedIds(start, start + 40 * MINUTE)).toEqual([]);
    expect(org.control.commit().ids.sort()).toEqual([...ids].sort());
    expect(updated(start, start + MINUTE).ids).toHaveLength(4);
    expect(deletedIds(start, start + MINUTE)).toEqual([deletedId]);
    expect(
      rows(org, me, `SELECT Title, SystemModstamp FROM Contact WHERE Id = '${touchedId}'`),
    ).toMatchObject([{ Title: 'new', SystemModstamp: '2026-06-17T12:40:15.000+0000' }]);
  });

  it('a client that takes now for its next start loses the row; one that heeds latestDateCovered does not', () => {
    const start = NOW;
    const { ids } = org.control.openTransaction({ create: { count: 1 } });
    org.clock.set(NOW + 10 * MINUTE);
    const first = updated(start - MINUTE, NOW + 11 * MINUTE);
    expect(first.ids).toEqual([]);
    org.control.commit();
    org.clock.set(NOW + 20 * MINUTE);
    const end = NOW + 21 * MINUTE;
    expect(updated(NOW + 10 * MINUTE, end).ids).toEqual([]);
    expect(updated(Date.parse(first.latestDateCovered.replace('+0000', 'Z')), end).ids).toEqual(ids);
  });

  it('its rows are locked for everybody else', () => {
    const id = create(org, me, { LastName: 'A' });
    org.control.openTransaction({ touch: { ids: [id] } });
    const update = () => org.update(me, [{ object: 'Contact', fields: { Id: id, Title: 'x' } }]);
    expect(update()[0]!.errors).toMatchObject([
      {
        statusCode: 'UNABLE_TO_LOCK_ROW',
        message: `unable to obtain exclusive access to this record or 1 records: ${id}`,
      },
    ]);
    expect(codes(org.delete(me, [id]))).toEqual(['UNABLE_TO_LOCK_ROW']);
    expect(faultOf(() => org.control.openTransaction({ delete: { ids: [id] } }))).toMatch(
      /^UNABLE_TO_LOCK_ROW/,
    );
    expect(org.control.counts().openTransactions).toBe(1);
    org.control.commit();
    expect(codes(update())).toEqual(['ok']);
  });

  it('a row it created is not there for anybody', () => {
    const { ids } = org.control.openTransaction({ create: { count: 1 } });
    expect(codes(org.update(me, [{ object: 'Contact', fields: { Id: ids[0], Title: 'x' } }]))).toEqual([
      'INVALID_CROSS_REFERENCE_KEY',
    ]);
  });

  it('with a commit lag each write is seen that much after its stamp, and coverage waits for it', () => {
    org.control.change({ commitLagMs: 90_000 });
    const id = create(org, me, { LastName: 'A' });
    org.clock.advance(80_000);
    expect(rows(org, me, 'SELECT Id FROM Contact')).toEqual([]);
    expect(updated(NOW - MINUTE, NOW + 5 * MINUTE)).toEqual({
      ids: [],
      latestDateCovered: '2026-06-17T12:30:15.000+0000',
    });
    org.clock.advance(10_000);
    expect(rows(org, me, 'SELECT SystemModstamp FROM Contact')).toMatchObject([
      { SystemModstamp: '2026-06-17T12:30:15.000+0000' },
    ]);
    expect(updated(NOW - MINUTE, NOW + 5 * MINUTE)).toEqual({
      ids: [id],
      latestDateCovered: '2026-06-17T12:31:45.000+0000',
    });
  });

  it('a write with a shorter lag does not overtake an earlier one of its row', () => {
    const id = create(org, me, { LastName: 'A' });
    const title = (Title: string) => org.update(me, [{ object: 'Contact', fields: { Id: id, Title } }]);
    org.control.change({ commitLagMs: 60_000 });
    title('first');
    org.control.change({ commitLagMs: 0 });
    title('second');
    expect(rows(org, me, 'SELECT Title FROM Contact')).toMatchObject([{ Title: null }]);
    org.clock.advance(60_000);
    expect(rows(org, me, 'SELECT Title FROM Contact')).toMatchObject([{ Title: 'second' }]);
    title('third');
    expect(rows(org, me, 'SELECT Title FROM Contact')).toMatchObject([{ Title: 'third' }]);
  });

  it('a transaction that is committed does not overtake an earlier write of its row', () => {
    const id = create(org, me, { LastName: 'A' });
    org.control.change({ commitLagMs: 60_000 });
    org.control.delete({ ids: [id] });
    org.control.change({ commitLagMs: 0 });
    org.clock.advance(1_000);
    org.control.openTransaction({ undelete: { ids: [id] } });
    org.control.commit();
    expect(rows(org, me, 'SELECT Id FROM Contact')).toHaveLength(1);
    org.clock.advance(60_000);
    expect(rows(org, me, 'SELECT SystemModstamp FROM Contact')).toMatchObject([
      { SystemModstamp: '2026-06-17T12:30:16.000+0000' },
    ]);
  });

  it('what falls due while a transaction is undone is not undone with it', () => {
    org.control.change({ commitLagMs: 60_000 });
    create(org, me, { LastName: 'A' });
    expect(() =>
      org.transaction(() => {
        org.clock.advance(60_000);
        rows(org, me, 'SELECT Id FROM Contact');
        throw new Error('undone');
      }),
    ).toThrow('undone');
    expect(rows(org, me, 'SELECT LastName FROM Contact')).toMatchObject([{ LastName: 'A' }]);
  });

  it('writes upon writes that have not committed yet come out in their order', () => {
    org.control.change({ commitLagMs: 60_000 });
    const id = create(org, me, { LastName: 'A', ParaHack_Id__c: 'k' });
    org.update(me, [{ object: 'Contact', fields: { Id: id, Title: 'one' } }]);
    org.update(me, [{ object: 'Contact', fields: { Id: id, FirstName: 'F' } }]);
    const twin = { object: 'Contact', fields: { LastName: 'B', ParaHack_Id__c: 'K' } };
    expect(codes(org.create(me, [twin]))).toEqual(['DUPLICATE_VALUE']);
    expect(
      codes(org.create(me, [twin, { object: 'Contact', fields: {} }], { allOrNone: true })),
    ).toHaveLength(2);
    org.clock.advance(60_000);
    expect(rows(org, me, 'SELECT Name, Title FROM Contact')).toMatchObject([{ Name: 'F A', Title: 'one' }]);
  });
});

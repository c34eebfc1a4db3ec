import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { freshDoubt } from '../../src/sync/push/settle/fresh-doubt.ts';
import { calls, contactsOf, control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

const second = 1_000;
const minute = 60 * second;

async function copied(): Promise<Rig> {
  const rig = await openRig({ contacts: 3 });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  return rig;
}

/** More than go one by one. */
const people = (count = 30, name = 'Doubt'): Record<string, unknown>[] =>
  Array.from({ length: count }, (_, n) => ({ LastName: `${name}${n}`, Title: 'Sent' }));

const pushed = (rig: Rig, records: Record<string, unknown>[], more = {}) =>
  pushAll(rig.context, recordsOf(records), { signal: rig.signal, ...more });

const drain = (rig: Rig) => runCycle(rig.context, { push: true, signal: rig.signal });
const entriesOf = (rig: Rig) => rig.context.mirror.outbox.list();
const states = async (rig: Rig) => {
  const counts = await rig.context.mirror.outbox.counts();
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
};
const made = async (rig: Rig, name = 'Doubt') =>
  (await contactsOf(rig.emulator.url)).filter(({ LastName }) => String(LastName).startsWith(name));
const creates = 'POST .*/composite/sobjects$';

/** Its first sending of creates meets this. */
async function lost(rig: Rig, fault: Record<string, unknown>, records = people(), more = {}): Promise<void> {
  await control(rig.emulator.url, 'faults', [{ match: creates, ...fault }]);
  await pushed(rig, records, more);
  expect(await states(rig)).toEqual({ 'in-doubt': records.length });
}

/** What the org has put off for so long is done. */
async function pass(rig: Rig, ms: number): Promise<void> {
  rig.pass(ms);
  await control(rig.emulator.url, 'clock', { advanceMs: 1 });
}

/** So that all that was under way when the doubt arose is committed and covered. */
const settledTime = (rig: Rig) => rig.pass(3 * minute);

const writes = async (rig: Rig) =>
  (await calls(rig.emulator.url)).filter(
    ({ method, path }) => method === 'POST' && path.endsWith('/composite/sobjects'),
  ).length;

describe('creates whose answer was lost', () => {
  it('are settled by their contacts where they were made, and nothing is sent again', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'after-commit' });
    settledTime(rig);
    const { push: told } = await drain(rig);
    expect(told).toMatchObject({ pushed: 30, inDoubt: 0 });
    expect(await states(rig)).toEqual({ done: 30 });
    expect(await made(rig)).toHaveLength(30);
    expect(await writes(rig)).toBe(1);
    const ids = (await entriesOf(rig)).map(({ contactId, created }) => created && contactId);
    expect(new Set(ids)).toEqual(new Set((await made(rig)).map(({ Id }) => Id)));
    const [first] = await entriesOf(rig);
    const own = (await made(rig)).find(({ Id }) => Id === first?.contactId);
    expect(own?.LastName).toBe(first?.changes.LastName);
  });

  it('are sent once more where nothing was made', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'before' });
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 30 });
    expect(await made(rig)).toHaveLength(30);
  });

  it.each([20 * second, 90 * second, 10 * minute, 60 * minute])(
    'exist once where the clock of the org went back by %i ms since',
    async (back) => {
      await using rig = await copied();
      const { outbox } = rig.context.mirror;
      await lost(rig, { reset: 'after-commit' });
      // As of a process that was killed: nobody has asked when the requests were at their end.
      const doubts = (await entriesOf(rig)).map(({ key }) => ({ key, doubt: freshDoubt({}) }));
      await outbox.noteDoubts(doubts);
      await control(rig.emulator.url, 'clock', { advanceMs: -back });
      for (let n = 0; n < 12; n++) {
        const { context, close } = await rig.anew();
        // Where its clock leaps, a cycle may pull nothing and tell so.
        await runCycle(context, { push: true, signal: rig.signal }).catch(() => {});
        await close();
        await pass(rig, n < 8 ? minute : 30 * minute);
      }
      expect(await made(rig)).toHaveLength(30);
      expect(['done', 'in-doubt']).toContain(Object.keys(await states(rig)).join());
    },
  );

  it.each([
    ['a 503 after the commit', { status: 503, afterCommit: true }],
    ['a 404 after the commit', { status: 404, afterCommit: true }],
    ['HTML after the commit', { status: 200, afterCommit: true, body: '<html>busy</html>' }],
    ['a commit after the cut', { reset: 'commit-later', commitAfterMs: 20 * second }],
  ])('with %s exist once', async (_what, fault) => {
    await using rig = await copied();
    await lost(rig, fault);
    for (let n = 0; n < 6; n++) {
      await drain(rig);
      await pass(rig, 30 * second);
    }
    expect(await states(rig)).toEqual({ done: 30 });
    expect(await made(rig)).toHaveLength(30);
  });

  it('are not judged while a transaction of their time is open in the org', async () => {
    await using rig = await copied();
    await control(rig.emulator.url, 'settings', { commitLagMs: 10 * minute });
    await lost(rig, { reset: 'after-commit' });
    for (let n = 0; n < 4; n++) {
      rig.pass(2 * minute);
      await drain(rig);
      expect(await states(rig)).toEqual({ 'in-doubt': 30 });
    }
    rig.pass(5 * minute);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 30 });
    expect(await made(rig)).toHaveLength(30);
    expect(await writes(rig)).toBe(1);
  });

  it('are not sent again where a server made them whose clock is behind those that have answered', async () => {
    await using rig = await copied();
    const { writes: of } = rig.context.records;
    const { createMany } = of;
    const behindMs = 3 * second;
    of.createMany = async (...given) => {
      await control(rig.emulator.url, 'clock', { advanceMs: -behindMs });
      return createMany(...given);
    };
    await lost(rig, { reset: 'after-commit' });
    of.createMany = createMany;
    rig.pass(behindMs);
    settledTime(rig);
    await drain(rig);
    expect(await made(rig)).toHaveLength(30);
    expect(await states(rig)).toEqual({ 'in-doubt': 30 });
    expect((await entriesOf(rig))[0]?.doubt).toMatchObject({ reason: 'contacts-unexplained' });
    expect(await writes(rig)).toBe(1);
  });

  it('are not judged within the minute after their request', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'before' });
    // A minute has turned, and the one that is waited for has not passed.
    rig.pass(57 * second);
    await drain(rig);
    expect(await states(rig)).toEqual({ 'in-doubt': 30 });
  });

  it('do not hold up entries of other contacts', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'after-commit' });
    const report = await pushed(rig, [{ LastName: 'Free' }]);
    expect(report.entries.map(({ entry }) => entry?.state)).toEqual(['done']);
    expect(await states(rig)).toEqual({ 'in-doubt': 30, done: 1 });
    settledTime(rig);
    await drain(rig);
    // The contact that the other entry made is not taken for one of theirs.
    expect(await states(rig)).toEqual({ done: 31 });
  });

  it('with a key that the org does not take any more are settled by their contacts too', async () => {
    await using rig = await copied();
    await control(rig.emulator.url, 'faults', [
      { match: 'POST .*/ui-api/records', reset: 'after-commit' },
      { match: 'POST .*/ui-api/records', times: 99, status: 503 },
    ]);
    await pushed(rig, [{ LastName: 'Doubt' }]);
    expect(await states(rig)).toEqual({ 'in-doubt': 1 });
    await control(rig.emulator.url, 'faults', []);
    await control(rig.emulator.url, 'settings', { idempotency: false });
    await drain(rig);
    expect(await states(rig)).toEqual({ 'in-doubt': 1 });
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 1 });
    expect(await made(rig)).toHaveLength(1);
  });

  it('leave the contact that another entry has made to that one', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'before' }, [...people(26), { LastName: 'Twin' }]);
    await pushed(rig, [{ LastName: 'Twin' }]);
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 28 });
    expect(await made(rig, 'Twin')).toHaveLength(2);
  });

  it('leave the contact that an upsert may have made when it was sent before to nobody', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'before' }, [...people(26), { LastName: 'Twin' }]);
    await control(rig.emulator.url, 'faults', [
      { match: 'PATCH', reset: 'after-commit' },
      { match: 'GET .*/query', times: 99, status: 500 },
    ]);
    await pushed(rig, [{ LastName: 'Twin', ParaHack_Id__c: 'X1' }], { upsertField: 'ParaHack_Id__c' });
    await control(rig.emulator.url, 'faults', []);
    // By a person, who does not know that it was made, and says that it was not.
    const again = (await entriesOf(rig)).at(-1)?.key ?? '';
    await rig.context.mirror.outbox.move([again], ['in-doubt'], 'pending', rig.context.clock.now(), {
      unsent: true,
    });
    await drain(rig);
    expect((await entriesOf(rig)).at(-1)).toMatchObject({ state: 'done', created: false, attempts: 2 });
    settledTime(rig);
    await drain(rig);
    const [own] = await made(rig, 'Twin');
    const twin = (await entriesOf(rig)).find(({ changes }) => changes.LastName === 'Twin');
    expect(twin).toMatchObject({
      state: 'in-doubt',
      contactId: null,
      doubt: { reason: 'contacts-unexplained', candidates: [{ id: own?.Id }] },
    });
  });

  it('are settled in a mirror of a few fields too', async () => {
    await using rig = await openRig({ contacts: 3 });
    const fields = ['LastName', 'Title'];
    expect((await backfill(rig.context, { api: 'rest', fields, signal: rig.signal })).error).toBeNull();
    await lost(rig, { reset: 'after-commit' });
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 30 });
    expect(await writes(rig)).toBe(1);
  });

  it('whose process was killed are settled the same way', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'after-commit' });
    const { outbox } = rig.context.mirror;
    const left = (await entriesOf(rig)).map(({ key }) => ({
      key,
      state: 'pending' as const,
      errors: [],
      at: 0,
    }));
    await outbox.settle(left);
    await outbox.markSent(
      left.map(({ key }) => key),
      'collection',
      rig.context.clock.now(),
    );
    expect(await states(rig)).toEqual({ sent: 30 });
    await drain(rig);
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 30 });
    expect(await writes(rig)).toBe(1);
  });

  it('that were given back to be sent, and whose process was killed again, keep the time of their first sending', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'after-commit' });
    rig.pass(10 * minute);
    const before = await entriesOf(rig);
    const { outbox } = rig.context.mirror;
    await outbox.settle(before.map(({ key }) => ({ key, state: 'pending', errors: [], at: 0 })));
    await outbox.markSent(
      before.map(({ key }) => key),
      'collection',
      rig.context.clock.now(),
      rig.context.remote.clock.now(),
      'another user',
    );
    expect((await entriesOf(rig)).map(({ sentBy, sentOrgAt }) => ({ sentBy, sentOrgAt }))).toEqual(
      before.map(({ sentBy, sentOrgAt }) => ({ sentBy, sentOrgAt })),
    );
  });
});

describe('creates in doubt of equal values', () => {
  const twins = () => [...people(26), { LastName: 'Twin' }, { LastName: 'Twin' }];

  it('are each one contact of their own', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'after-commit' }, twins());
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 28 });
    expect(await made(rig, 'Twin')).toHaveLength(2);
    const ids = (await entriesOf(rig)).map(({ contactId }) => contactId);
    expect(new Set(ids).size).toBe(28);
  });

  it('are sent once more as often as a contact is missing', async () => {
    await using rig = await copied();
    // Of both sendings of one contact only the first arrives.
    await control(rig.emulator.url, 'faults', [
      { match: creates, reset: 'after-commit' },
      { match: creates, reset: 'before' },
    ]);
    await pushed(rig, twins());
    await pushed(rig, twins());
    expect(await states(rig)).toEqual({ 'in-doubt': 56 });
    settledTime(rig);
    await drain(rig);
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 56 });
    expect(await made(rig, 'Twin')).toHaveLength(4);
    expect(await made(rig)).toHaveLength(52);
  });
});

describe('a create in doubt that the org tells nothing sure of', () => {
  it('stays so with its candidates where its contact has other values', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'after-commit' });
    const [one] = (await made(rig)).filter(({ LastName }) => LastName === 'Doubt7');
    await control(rig.emulator.url, 'touch', { ids: [one?.Id], set: { LastName: 'Rewritten' } });
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 29, 'in-doubt': 1 });
    const open = (await entriesOf(rig)).find(({ state }) => state === 'in-doubt');
    expect(open).toMatchObject({
      changes: { LastName: 'Doubt7' },
      doubt: {
        reason: 'contacts-unexplained',
        candidatesTotal: 1,
        candidates: [{ id: one?.Id, name: expect.stringContaining('Rewritten'), gone: null }],
      },
    });
    rig.pass(60 * minute);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 29, 'in-doubt': 1 });
    expect(await writes(rig)).toBe(1);
  });

  it.each(['CreatedDate', 'CreatedById'])(
    'stays so where it says itself what it is looked for by: %s',
    async (name) => {
      await using rig = await copied();
      const value = name === 'CreatedDate' ? '2020-01-01T00:00:00.000Z' : '005000000000009AAA';
      const keys = people().map(() => randomUUID());
      await rig.context.mirror.outbox.add(
        people().map((record, n) => ({
          key: keys[n]!,
          op: 'create',
          contactKey: keys[n]!,
          contactId: null,
          changes: { ...record, [name]: value },
          base: null,
          upsertField: null,
          allowDuplicates: false,
          atomicGroup: null,
          createdAt: rig.context.clock.now(),
          state: 'pending',
        })),
      );
      // An org that lets users set audit fields would have made them, where no look finds them.
      await control(rig.emulator.url, 'faults', [{ match: creates, reset: 'before' }]);
      await drain(rig);
      settledTime(rig);
      await drain(rig);
      expect(await states(rig)).toEqual({ 'in-doubt': 30 });
      expect((await entriesOf(rig))[0]?.doubt).toMatchObject({ reason: 'contacts-unexplained' });
      expect(await writes(rig)).toBe(1);
    },
  );

  it('is in conflict where its contact was deleted since, and is not made again', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'after-commit' });
    const [one] = (await made(rig)).filter(({ LastName }) => LastName === 'Doubt7');
    await control(rig.emulator.url, 'delete', { ids: [one?.Id] });
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 29, conflict: 1 });
    expect((await entriesOf(rig)).find(({ state }) => state === 'conflict')?.contactId).toBe(one?.Id);
    expect(await made(rig)).toHaveLength(29);
  });

  it('is done where its contact was merged into another since', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'after-commit' });
    const all = await made(rig);
    await control(rig.emulator.url, 'merge', { master: all[0]?.Id, losers: [all[1]?.Id] });
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 30 });
    expect(await writes(rig)).toBe(1);
  });

  it('is not sent again beside a deleted contact that nothing explains', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'after-commit' });
    const [one] = (await made(rig)).filter(({ LastName }) => LastName === 'Doubt7');
    await control(rig.emulator.url, 'touch', { ids: [one?.Id], set: { LastName: 'Rewritten' } });
    await control(rig.emulator.url, 'delete', { ids: [one?.Id] });
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 29, 'in-doubt': 1 });
    const open = (await entriesOf(rig)).find(({ state }) => state === 'in-doubt');
    expect(open?.doubt?.candidates).toMatchObject([{ id: one?.Id, gone: 'deleted' }]);
  });

  it('is no contact of another user, whatever its values', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'before' });
    const { ids } = await control(rig.emulator.url, 'contacts', { count: 1 });
    await control(rig.emulator.url, 'touch', { ids, set: { LastName: 'Doubt7', Title: 'Sent' } });
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 30 });
    expect((await entriesOf(rig)).map(({ contactId }) => contactId)).not.toContain(ids[0]);
    expect(await made(rig)).toHaveLength(31);
  });

  it('stays so where it was sent as another user', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'before' });
    settledTime(rig);
    vi.spyOn(rig.context.remote, 'userId', 'get').mockReturnValue('005000000000009AAA');
    await drain(rig);
    expect(await states(rig)).toEqual({ 'in-doubt': 30 });
    expect((await entriesOf(rig))[0]?.doubt).toMatchObject({ reason: 'other-user' });
  });

  it('stays so where this user may not read who made a contact', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'before' });
    settledTime(rig);
    await control(rig.emulator.url, 'settings', { hiddenFields: ['CreatedById'] });
    await drain(rig);
    expect(await states(rig)).toEqual({ 'in-doubt': 30 });
    expect((await entriesOf(rig))[0]?.doubt).toMatchObject({ reason: 'creator-hidden' });
  });

  it('waits for a create with a key that may have made the contact', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'before' }, [...people(26), { LastName: 'Twin' }]);
    await control(rig.emulator.url, 'faults', [
      { match: 'POST .*/ui-api/records', reset: 'after-commit' },
      { match: 'POST .*/ui-api/records', times: 99, status: 503 },
    ]);
    await pushed(rig, [{ LastName: 'Twin' }]);
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toMatchObject({ 'in-doubt': 28 });
    await control(rig.emulator.url, 'faults', []);
    await drain(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 28 });
    expect(await made(rig, 'Twin')).toHaveLength(2);
  });

  it.each([
    // The contact is made once both have been sent, so that it may be either's.
    [
      'waits where its contact may be that of another entry, which was given up',
      { reset: 'commit-later', commitAfterMs: 20 * second },
      1,
      1,
    ],
    ['is sent again where that one is surely from before', { reset: 'after-commit' }, 0, 2],
  ])('%s', async (_what, fault, inDoubt, twins) => {
    await using rig = await copied();
    await lost(rig, fault, [...people(26), { LastName: 'Twin' }]);
    const { outbox } = rig.context.mirror;
    const twin = (await entriesOf(rig)).find(({ changes }) => changes.LastName === 'Twin');
    await outbox.move([twin?.key ?? ''], ['in-doubt'], 'dropped', 0);
    await pass(rig, 10 * second);
    await control(rig.emulator.url, 'faults', [{ match: creates, reset: 'before' }]);
    await pushed(rig, [...people(26, 'Later'), { LastName: 'Twin' }]);
    await pass(rig, 10 * second);
    settledTime(rig);
    await drain(rig);
    expect((await states(rig))['in-doubt'] ?? 0).toBe(inDoubt);
    expect(await made(rig, 'Twin')).toHaveLength(twins);
  });
});

describe('a group that is made whole or not at all', () => {
  it('is sent again as a whole where nothing of it was made', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'before' }, people(), { allOrNone: true });
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 30 });
    expect(await made(rig)).toHaveLength(30);
    expect(await writes(rig)).toBe(2);
  });

  it('is not sent again in part', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'after-commit' }, people(), { allOrNone: true });
    const [one] = await made(rig);
    await control(rig.emulator.url, 'delete', { ids: [one?.Id] });
    await control(rig.emulator.url, 'purge', { ids: [one?.Id] });
    settledTime(rig);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 29, 'in-doubt': 1 });
    const open = (await entriesOf(rig)).find(({ state }) => state === 'in-doubt');
    expect(open?.doubt).toMatchObject({ reason: 'group-split' });
    rig.pass(60 * minute);
    await drain(rig);
    expect(await states(rig)).toEqual({ done: 29, 'in-doubt': 1 });
    expect(await writes(rig)).toBe(1);
  });
});

describe('what settling costs', () => {
  it('is one call in a drain while the org does not cover the doubt, and one more for 200 afterwards', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'after-commit' }, people(200));
    const settling = async () => {
      const before = (await calls(rig.emulator.url)).length;
      await pushed(rig, [{ LastName: 'Beside' }]);
      const asked = (await calls(rig.emulator.url)).slice(before);
      return {
        covered: asked.filter(({ path }) => /\/updated\b/.test(path)).length,
        queries: asked.filter(({ path }) => path.includes('/queryAll')).length,
      };
    };
    expect(await settling()).toEqual({ covered: 1, queries: 0 });
    settledTime(rig);
    expect(await settling()).toEqual({ covered: 1, queries: 1 });
    expect(await settling()).toEqual({ covered: 0, queries: 0 });
  });

  it('is nothing for a quarter of an hour where a look has not settled it', async () => {
    await using rig = await copied();
    await lost(rig, { reset: 'before' });
    await pushed(rig, [{ LastName: 'Beside' }]);
    const { ids } = await control(rig.emulator.url, 'contacts', { count: 1 });
    expect(ids).toHaveLength(1);
    settledTime(rig);
    const { remote } = rig.context;
    // A contact of this user that no entry made.
    await rig.context.records.writes.createMany([{ LastName: 'By hand' }], { signal: rig.signal });
    const all = vi.spyOn(remote.queries, 'all');
    await drain(rig);
    expect(await states(rig)).toEqual({ 'in-doubt': 30, done: 1 });
    const looks = () => all.mock.calls.filter(([soql]) => soql.includes('CreatedById =')).length;
    expect(looks()).toBe(1);
    await drain(rig);
    expect(looks()).toBe(1);
    rig.pass(16 * minute);
    await drain(rig);
    expect(looks()).toBe(2);
  });
});

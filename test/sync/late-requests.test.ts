import { describe, expect, it, vi } from 'vitest';
import { SqliteOutbox } from '../../src/store/sqlite/sqlite-outbox.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import type { OutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import { contactNames } from '../../src/sync/push/entry/contact-names.ts';
import { LostOfDrain } from '../../src/sync/push/plan/lost-of-drain.ts';
import { calls, contactsOf, control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const second = 1_000;
const minute = 60 * second;
const writes = '(PATCH|DELETE) .*/composite/sobjects';

/** The next writes are cut, and carried out so much later. */
const cut = (rig: Rig, { times = 1, ms = 12 * second } = {}) =>
  control(rig.emulator.url, 'faults', [{ match: writes, times, reset: 'commit-later', commitAfterMs: ms }]);

/** Time passes here and in the org, which carries out what is due. */
async function pass(rig: Rig, ms: number) {
  rig.pass(ms);
  await control(rig.emulator.url, 'clock', { advanceMs: 0 });
}

const cycle = (rig: Rig) => runCycle(rig.context, { push: true, signal: rig.signal });
const states = async (rig: Rig) => (await rig.context.mirror.outbox.list()).map(({ state }) => state);
const titles = async (rig: Rig) =>
  new Map((await contactsOf(rig.emulator.url)).map(({ Id, Title }) => [Id, Title]));

/** Long enough for all that was cut to be over, and for what waits behind it to be sent. */
async function comeToRest(rig: Rig) {
  await pass(rig, 20 * second);
  await cycle(rig);
  for (let n = 0; n < 3; n++) {
    await pass(rig, minute);
    await cycle(rig);
  }
}

const edit = ({ sql }: TwoWayRig, id: string, value: string) =>
  sql('UPDATE contacts SET Title = ? WHERE Id = ?', value, id);

async function copied(): Promise<{ rig: Rig; ids: string[] }> {
  const rig = await openRig({ contacts: 3 });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  return { rig, ids: (await contactsOf(rig.emulator.url)).map(({ Id }) => String(Id)) };
}

const pushed = (rig: Rig, records: Record<string, unknown>[], more = {}) =>
  pushAll(rig.context, recordsOf(records), { signal: rig.signal, ...more });

describe('a request that is carried out long after it was cut', () => {
  it('does not undo a later edit of its contact by SQL', async () => {
    await using two = await twoWay();
    const { rig } = two;
    const [id] = two.ids as [string];
    edit(two, id, 'First');
    await cut(rig);
    await cycle(rig);
    expect(await states(rig)).toEqual(['done']);
    edit(two, id, 'Second');
    await cycle(rig);
    expect(await states(rig)).toEqual(['done', 'pending']);
    // What has come after it is folded into what waits.
    edit(two, id, 'Third');
    await comeToRest(rig);
    expect(await states(rig)).toEqual(['done', 'done']);
    expect((await titles(rig)).get(id)).toBe('Third');
    expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Third', _state: 'synced' }]);
  });

  it('does not undo a later push, and the push says why it waits', async () => {
    const { rig, ids } = await copied();
    await using _rig = rig;
    const [id] = ids;
    await cut(rig);
    await pushed(rig, [{ Id: id, Title: 'First' }]);
    const later = [
      { Id: id, Title: 'Second' },
      { Id: ids[1], Title: 'Beside' },
    ];
    const { plan } = await pushed(rig, later, { dryRun: true });
    expect(plan).toMatchObject({ sends: [{ records: 1 }], behind: 0, waiting: 1 });
    const outcome = await pushed(rig, later);
    expect(outcome).toMatchObject({
      stopped: { code: 'UNSENT', message: expect.stringMatching('may still carry it out') },
    });
    expect(await states(rig)).toEqual(['done', 'pending', 'done']);
    await comeToRest(rig);
    expect(await states(rig)).toEqual(['done', 'done', 'done']);
    expect((await titles(rig)).get(id)).toBe('Second');
  });

  it.each(['auto', 'bulk'] as const)(
    'keeps nothing back long after, and a dry run says so (%s)',
    async (api) => {
      const { rig, ids } = await copied();
      await using _rig = rig;
      await cut(rig);
      await pushed(rig, [{ Id: ids[0], Title: 'First' }]);
      // Nobody has asked since whether it is over.
      await pass(rig, 5 * minute);
      const later = [{ Id: ids[0], Title: 'Second' }];
      const { plan } = await pushed(rig, later, { api, dryRun: true });
      const way = api === 'bulk' ? 'bulk' : 'collection';
      expect(plan).toMatchObject({ sends: [{ way, records: 1 }], waiting: 0 });
      expect(await pushed(rig, later, { api })).toMatchObject({ stopped: null });
      expect((await rig.context.mirror.outbox.list()).map(({ state, way: by }) => [state, by])).toEqual([
        ['done', 'collection'],
        ['done', way],
      ]);
    },
  );

  it('does not undo the second of two changes of one push', async () => {
    const { rig, ids } = await copied();
    await using _rig = rig;
    const [id] = ids;
    await cut(rig);
    await pushed(rig, [
      { Id: id, Title: 'First' },
      { Id: id, Title: 'Second' },
    ]);
    await comeToRest(rig);
    expect(await states(rig)).toEqual(['done', 'done']);
    expect((await titles(rig)).get(id)).toBe('Second');
  });

  it('does not make a contact anew that was deleted here since', async () => {
    const { rig } = await copied();
    await using _rig = rig;
    await cut(rig);
    await pushed(rig, [{ LastName: 'Late', ParaHack_Id__c: 'L1' }], { upsertField: 'ParaHack_Id__c' });
    const late = async () =>
      (await contactsOf(rig.emulator.url)).filter(({ LastName }) => LastName === 'Late');
    const [made] = await late();
    await pushed(rig, [{ Id: made?.Id, IsDeleted: true }]);
    await comeToRest(rig);
    expect(await states(rig)).toEqual(['done', 'done']);
    expect(await late()).toEqual([]);
  });

  it.each([
    ['was given up', 'dropped'],
    ['is sent again by a person', 'pending'],
  ] as const)('does not undo what follows where its entry %s', async (_what, to) => {
    const { rig, ids } = await copied();
    await using _rig = rig;
    const [id] = ids;
    await control(rig.emulator.url, 'faults', [
      { match: writes, reset: 'commit-later', commitAfterMs: 12 * second },
      { match: 'GET .*/composite|POST .*/composite/sobjects/Contact|/query', times: 99, status: 500 },
    ]);
    await pushed(rig, [{ Id: id, Title: 'First' }]);
    expect(await states(rig)).toEqual(['in-doubt']);
    await control(rig.emulator.url, 'faults', []);
    const { outbox } = rig.context.mirror;
    const [{ key }] = (await outbox.list()) as [OutboxEntry];
    await outbox.move([key], ['in-doubt'], to, rig.context.clock.now());
    await pushed(rig, [{ Id: id, Title: 'Second' }]);
    await comeToRest(rig);
    expect(await states(rig)).toEqual([to === 'pending' ? 'done' : 'dropped', 'done']);
    expect((await titles(rig)).get(id)).toBe('Second');
  });

  it.each([
    ['has taken the place of a refused one', 'Second'],
    ['takes a refused one back', null],
  ])('does not undo an edit that %s, as a former version left it', async (_, given) => {
    await using two = await twoWay('local-wins');
    const { rig } = two;
    const { outbox } = rig.context.mirror;
    const [id] = two.ids as [string];
    const last = given ?? String((await titles(rig)).get(id));
    edit(two, id, 'First');
    // What others do between the two sendings has a rule refuse the second.
    await control(rig.emulator.url, 'faults', [
      { match: writes, reset: 'commit-later', commitAfterMs: 12 * second },
      {
        match: writes,
        status: 200,
        body: JSON.stringify([
          {
            id,
            success: false,
            errors: [{ statusCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'No.', fields: [] }],
          },
        ]),
      },
    ]);
    await cycle(rig);
    const [{ key, errors }] = (await outbox.list()) as [OutboxEntry];
    await outbox.settle([{ key, state: 'rejected', errors, at: rig.context.clock.now() }]);
    edit(two, id, last);
    await cycle(rig);
    expect(await states(rig)).toEqual(['pending']);
    await comeToRest(rig);
    expect(await states(rig)).toEqual(['done']);
    expect((await titles(rig)).get(id)).toBe(last);
  });

  it('is waited for by a process that finds it sent, as long as Salesforce says that something of then is open', async () => {
    const { rig, ids } = await copied();
    await using _rig = rig;
    const [id] = ids;
    await control(rig.emulator.url, 'settings', { commitLagMs: 10 * minute });
    await pushed(rig, [{ Id: id, Title: 'First' }], { queue: true });
    const { outbox } = rig.context.mirror;
    const [{ key }] = (await outbox.list()) as [OutboxEntry];
    // As it is left where the process dies behind the request.
    await outbox.markSent(
      [key],
      'collection',
      rig.context.clock.now(),
      rig.context.clock.now(),
      rig.context.remote.userId,
    );
    await pushed(rig, [{ Id: id, Title: 'Second' }]);
    for (let n = 0; n < 4; n++) {
      await pass(rig, 2 * minute);
      await cycle(rig);
      expect(await states(rig)).toEqual(['done', 'pending']);
    }
    for (let n = 0; n < 3; n++) {
      await pass(rig, 3 * minute);
      await cycle(rig);
    }
    expect(await states(rig)).toEqual(['done', 'done']);
    await pass(rig, 11 * minute);
    expect((await titles(rig)).get(id)).toBe('Second');
  });

  it.each([
    ['was given up', 'dropped'],
    ['is sent again by a person', 'pending'],
  ] as const)(
    'does not undo what follows where it was a batch of a deleted job, and its entry %s',
    async (_what, to) => {
      const { rig, ids } = await copied();
      await using _rig = rig;
      const [id] = ids;
      const lateRows = { bulkJobMs: 10 * minute, bulkRowsUnderWay: 5, bulkUnderWayMs: 9 * minute };
      await control(rig.emulator.url, 'settings', lateRows);
      const ending = new AbortController();
      const sleep: typeof rig.context.clock.sleep = async () => ending.abort(new Error('stopped'));
      const { clock } = rig.context;
      rig.context.clock = { ...clock, sleep };
      await pushed(rig, [{ Id: id, Title: 'First' }], { api: 'bulk', signal: ending.signal }).catch(
        () => undefined,
      );
      rig.context.clock = clock;
      expect(await states(rig)).toEqual(['sent']);
      await pass(rig, 4 * minute);
      await control(rig.emulator.url, 'ingest-jobs', { as: 'Deleted' });
      await control(rig.emulator.url, 'settings', { bulkJobMs: 0 });
      for (let n = 0; n < 3; n++) {
        await cycle(rig);
        await pass(rig, minute);
      }
      const { outbox } = rig.context.mirror;
      const [{ key, state }] = (await outbox.list()) as [OutboxEntry];
      expect(state).toBe('in-doubt');
      await outbox.move([key], ['in-doubt'], to, rig.context.clock.now());
      await pushed(rig, [{ Id: id, Title: 'Second' }], { api: 'collections' });
      for (let n = 0; n < 8; n++) {
        await pass(rig, 3 * minute);
        await cycle(rig);
      }
      expect(await states(rig)).toEqual([to === 'pending' ? 'done' : 'dropped', 'done']);
      expect((await titles(rig)).get(id)).toBe('Second');
    },
  );

  it('keeps no ingest job from taking others, and what follows it out of the job', async () => {
    const { rig, ids } = await copied();
    await using _rig = rig;
    const [id, other] = ids;
    await cut(rig);
    await pushed(rig, [{ Id: id, Title: 'First' }]);
    await pushed(
      rig,
      [
        { Id: id, Title: 'Second' },
        { Id: other, Title: 'Beside' },
      ],
      { api: 'bulk' },
    );
    expect(await states(rig)).toEqual(['done', 'pending', 'done']);
    await comeToRest(rig);
    expect(await states(rig)).toEqual(['done', 'done', 'done']);
    expect((await titles(rig)).get(id)).toBe('Second');
  });

  it('costs nothing more where nothing is to be sent, and one call a drain where something is', async () => {
    await using two = await twoWay();
    const { rig } = two;
    const [id, other] = two.ids as [string, string];
    edit(two, id, 'First');
    await cut(rig);
    await cycle(rig);
    const asked = async () =>
      (await calls(rig.emulator.url)).filter(({ path }) => path.includes('/updated?')).length;
    const spent = async (work: () => Promise<unknown>) => {
      const before = await asked();
      await work();
      return (await asked()) - before;
    };
    await pass(rig, 5 * minute);
    const idle = await spent(() => cycle(rig));
    await pass(rig, minute);
    edit(two, other, 'Beside');
    expect(await spent(() => cycle(rig))).toBe(idle + 1);
    expect(await rig.context.mirror.outbox.lostRequests()).toEqual([]);
  });

  it('is looked for once in a drain, however many requests that sends, and again where one more is cut', async () => {
    const contacts = 1_200;
    await using rig = await openRig({ contacts });
    expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
    const brake = { ...rig.context.sizes.outgoingBrake, edits: 10 * contacts };
    rig.context.sizes = { ...rig.context.sizes, outgoingBrake: brake };
    const ids = (await contactsOf(rig.emulator.url)).map(({ Id }) => String(Id));
    await cut(rig);
    await pushed(rig, [{ Id: ids[0], Title: 'First' }]);
    const look = vi.spyOn(SqliteOutbox.prototype, 'lostRequests');
    const looks = async (work: () => Promise<unknown>) => {
      const before = look.mock.calls.length;
      await work();
      return look.mock.calls.length - before;
    };
    const all = (title: string) => ids.map((Id) => ({ Id, Title: title }));
    try {
      // One of them asks whether some of it is over by now.
      expect(await looks(() => pushed(rig, all('Second')))).toBe(2);
      expect((await rig.context.mirror.outbox.counts()).pending).toBe(1);
      await cut(rig);
      const again = [...all('Third'), ...all('Fourth')];
      expect(await looks(() => pushed(rig, again))).toBeLessThanOrEqual(4);
    } finally {
      look.mockRestore();
    }
    // The contacts of the request that was cut, and the one from before: each twice, and its own earlier change.
    const { pending } = await rig.context.mirror.outbox.counts();
    expect(pending).toBeGreaterThan(200);
    await comeToRest(rig);
    expect(new Set((await titles(rig)).values())).toEqual(new Set(['Fourth']));
  });

  it('is known by the Id of its contact as soon as that is told, in the same drain', async () => {
    const { rig, ids } = await copied();
    await using _rig = rig;
    const [id] = ids;
    await control(rig.emulator.url, 'faults', [
      { match: writes, reset: 'commit-later', commitAfterMs: 12 * second },
      { match: 'GET .*/composite|POST .*/composite/sobjects/Contact|/query', times: 99, status: 500 },
    ]);
    await pushed(rig, [{ LastName: 'Late', ParaHack_Id__c: 'L1' }], { upsertField: 'ParaHack_Id__c' });
    const { outbox } = rig.context.mirror;
    const [upsert] = (await outbox.list()) as [OutboxEntry];
    await outbox.add([
      {
        ...upsert,
        key: 'later',
        op: 'update',
        contactKey: String(id),
        contactId: String(id),
        changes: { Title: 'New' },
        upsertField: null,
        state: 'pending',
      },
    ]);
    const [later] = (await outbox.list({ keys: ['later'] })) as [OutboxEntry];
    const lost = new LostOfDrain();
    const reason = async () => {
      const free = { blockReason: () => null, block: () => {} };
      const behind = (await lost.behind(rig.context)).before(free);
      return behind.blockReason([later], await contactNames(rig.context, [later]));
    };
    expect(await reason()).toBeNull();
    await outbox.settle([{ key: upsert.key, state: 'done', contactId: String(id), created: false, at: 0 }]);
    expect(await reason()).toBe('lost');
    await outbox.noteLost([{ key: upsert.key, over: null }]);
    expect(await reason()).toBeNull();
  });

  describe('and whose repeat was refused', () => {
    const creates = 'POST .*/ui-api/records';
    const refusal = {
      match: creates,
      status: 400,
      body: {
        statusCode: 400,
        errorCode: 'INVALID_INPUT',
        message: 'No.',
        output: {
          errors: [{ errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'No.' }],
          fieldErrors: {},
        },
      },
    };
    const made = async (rig: Rig) =>
      (await contactsOf(rig.emulator.url)).filter(({ LastName }) => LastName === 'Late').map(({ Id }) => Id);

    it('is the contact of its entry', async () => {
      const { rig } = await copied();
      await using _rig = rig;
      await control(rig.emulator.url, 'faults', [
        { match: creates, reset: 'commit-later', commitAfterMs: 40 * second },
        refusal,
      ]);
      await pushed(rig, [{ LastName: 'Late' }]);
      expect(await states(rig)).toEqual(['in-doubt']);
      await pass(rig, 40 * second);
      await comeToRest(rig);
      const [id, ...others] = await made(rig);
      expect(others).toEqual([]);
      expect(await rig.context.mirror.outbox.list()).toMatchObject([{ state: 'done', contactId: id }]);
    });

    it('stays refused where it never is', async () => {
      const { rig } = await copied();
      await using _rig = rig;
      const collection = {
        match: 'POST .*/composite/sobjects$',
        status: 200,
        body: [
          { success: false, errors: [{ statusCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'No.' }] },
        ],
      };
      await control(rig.emulator.url, 'faults', [
        { match: creates, reset: 'before' },
        { ...refusal, times: 9 },
        { ...collection, times: 9 },
      ]);
      await pushed(rig, [{ LastName: 'Late' }]);
      expect(await states(rig)).toEqual(['in-doubt']);
      await comeToRest(rig);
      expect(await states(rig)).toEqual(['rejected']);
      expect(await made(rig)).toEqual([]);
    });

    const upsert = [{ LastName: 'Late', ParaHack_Id__c: 'L1' }];
    const refusedOne = (code = 'FIELD_CUSTOM_VALIDATION_EXCEPTION') => ({
      match: writes,
      status: 200,
      body: [{ success: false, errors: [{ statusCode: code, message: 'No.', fields: [] }] }],
    });
    const cutLater = { match: writes, reset: 'commit-later', commitAfterMs: 40 * second };
    const entries = (rig: Rig) => rig.context.mirror.outbox.list();

    it.each([
      ['an upsert', () => upsert, { upsertField: 'ParaHack_Id__c' }, {}],
      ['an update', (id: string) => [{ Id: id, Title: 'Late' }], {}, { Title: 'Late' }],
      ['a delete', (id: string) => [{ Id: id, IsDeleted: true }], {}, { IsDeleted: true }],
    ])('is in doubt until it is over, and then done: %s', async (_what, recordsFor, more, values) => {
      const { rig, ids } = await copied();
      await using _rig = rig;
      const { url } = rig.emulator;
      await control(url, 'faults', [cutLater, { ...refusedOne(), times: 3 }]);
      await pushed(rig, recordsFor(ids[0]!), more);
      expect(await entries(rig)).toMatchObject([
        { state: 'in-doubt', errors: [{ code: 'IN_DOUBT' }, { code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION' }] },
      ]);
      // It is known what Salesforce says to it: it is not asked each time.
      const sent = async () =>
        (await calls(url)).filter(({ method }) => method === 'PATCH' || method === 'DELETE').length;
      expect(await sent()).toBe(2);
      await cycle(rig);
      expect(await sent()).toBe(2);
      expect(await states(rig)).toEqual(['in-doubt']);
      await pass(rig, 40 * second);
      await cycle(rig);
      expect(await states(rig)).toEqual(['done']);
      const [entry] = await entries(rig);
      const all = await contactsOf(url, { deleted: true });
      expect(all.find(({ Id }) => Id === entry?.contactId)).toMatchObject(values);
      expect(await made(rig)).toHaveLength('upsertField' in more ? 1 : 0);
    });

    it.each([
      ['an upsert', () => upsert, { upsertField: 'ParaHack_Id__c' }],
      ['an update', (id: string) => [{ Id: id, Title: 'Late' }], {}],
      ['a delete', (id: string) => [{ Id: id, IsDeleted: true }], {}],
    ])('is refused where it is over and was not made: %s', async (_what, recordsFor, more) => {
      const { rig, ids } = await copied();
      await using _rig = rig;
      await control(rig.emulator.url, 'faults', [
        { match: writes, reset: 'before' },
        { ...refusedOne(), times: 9 },
      ]);
      await pushed(rig, recordsFor(ids[0]!), more);
      expect(await states(rig)).toEqual(['in-doubt']);
      await comeToRest(rig);
      expect(await entries(rig)).toMatchObject([
        { state: 'rejected', errors: [{ code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION' }] },
      ]);
      expect(await made(rig)).toEqual([]);
    });

    it('is in doubt until it is over also where a person has let it be sent again', async () => {
      const { rig, ids } = await copied();
      await using _rig = rig;
      const { url } = rig.emulator;
      const { outbox } = rig.context.mirror;
      const reading = { match: 'POST .*/composite/sobjects/Contact$', times: 9, status: 500 };
      await control(url, 'faults', [cutLater, reading]);
      await pushed(rig, [{ Id: ids[0], Title: 'Late' }]);
      expect(await states(rig)).toEqual(['in-doubt']);
      const [entry] = (await entries(rig)) as [OutboxEntry];
      await outbox.move([entry.key], ['in-doubt'], 'pending', rig.context.clock.now());
      await control(url, 'faults', [refusedOne()]);
      await cycle(rig);
      expect(await states(rig)).toEqual(['in-doubt']);
      await comeToRest(rig);
      expect(await states(rig)).toEqual(['done']);
      expect((await titles(rig)).get(ids[0])).toBe('Late');
    });

    it('is refused at the next answer where a person knows that it was not carried out', async () => {
      const { rig } = await copied();
      await using _rig = rig;
      const { outbox } = rig.context.mirror;
      await control(rig.emulator.url, 'faults', [
        { match: writes, reset: 'before' },
        { ...refusedOne(), times: 9 },
      ]);
      await pushed(rig, upsert, { upsertField: 'ParaHack_Id__c' });
      const [entry] = (await entries(rig)) as [OutboxEntry];
      await outbox.noteLost([{ key: entry.key, over: null }]);
      await cycle(rig);
      expect(await states(rig)).toEqual(['rejected']);
    });
  });
});

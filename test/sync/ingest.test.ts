import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import type { OutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import { askDoubts } from '../../src/sync/push/ask-doubts.ts';
import { calls, contactsOf, control } from '../e2e/org.ts';
import { heldLease } from '../support/leases.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

/** Enough for a job from six on, at most ten in one. */
async function copied(contacts = 3): Promise<Rig> {
  const rig = await openRig({ contacts });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  rig.context.sizes = { ...rig.context.sizes, ingestFromRows: 6, ingestJobRows: 10 };
  return rig;
}

const people = (count: number, more: Record<string, unknown> = {}) =>
  Array.from({ length: count }, (_, i) => ({ LastName: `Bulk ${i}`, ...more }));
const pushed = (rig: Rig, records: Record<string, unknown>[], more: object = {}) =>
  pushAll(rig.context, recordsOf(records), { signal: rig.signal, ...more });
const cycle = (rig: Rig) => runCycle(rig.context, { push: true, signal: rig.signal });
const advance = (rig: Rig, advanceMs: number) => control(rig.emulator.url, 'clock', { advanceMs });
const entriesOf = (rig: Rig): Promise<OutboxEntry[]> => rig.context.mirror.outbox.list();
const statesOf = async (rig: Rig) => [...new Set((await entriesOf(rig)).map(({ state }) => state))];

/** What is slept passes, for the org too; answers how long it was in all, ms. */
function sleeping(rig: Rig): () => number {
  let slept = 0;
  const sleep: typeof rig.context.clock.sleep = async (ms, options) => {
    options?.signal?.throwIfAborted();
    slept += ms;
    rig.pass(ms);
    await advance(rig, 0);
  };
  rig.context.clock = { ...rig.context.clock, sleep };
  return () => slept;
}

function warnings(rig: Rig): string[] {
  const warned: string[] = [];
  rig.context.log = { ...rig.context.log, warn: (text) => void warned.push(text) };
  return warned;
}

async function bulkNames(rig: Rig): Promise<string[]> {
  const all = await contactsOf(rig.emulator.url);
  return all
    .map(({ LastName }) => String(LastName))
    .filter((name) => name.startsWith('Bulk'))
    .toSorted();
}

const namesOf = (count: number) => people(count).map(({ LastName }) => LastName);

/** Each entry has the contact that has its values, and no two have one. */
async function expectTruth(rig: Rig): Promise<void> {
  const all = new Map((await contactsOf(rig.emulator.url)).map((row) => [row.Id, row]));
  const done = (await entriesOf(rig)).filter(({ state }) => state === 'done');
  for (const { contactId, changes } of done)
    expect(all.get(contactId as string)?.LastName).toBe(changes.LastName);
  expect(new Set(done.map(({ contactId }) => contactId)).size).toBe(done.length);
}

describe('very many contacts', () => {
  it('go by ingest jobs, a part in each, and the rest by another way', async () => {
    await using rig = await copied();
    const { stopped, runId } = await pushed(rig, people(23));
    expect(stopped).toBeNull();
    const entries = await entriesOf(rig);
    expect(entries.map(({ state }) => state)).toEqual(Array(23).fill('done'));
    expect(entries.map(({ way }) => way)).toEqual([...Array(20).fill('bulk'), ...Array(3).fill('ui-api')]);
    expect(new Set(entries.slice(0, 20).map(({ job }) => job)).size).toBe(2);
    expect(await bulkNames(rig)).toEqual(namesOf(23).toSorted());
    await expectTruth(rig);
    const run = (await rig.context.mirror.journal.runs({})).find(({ id }) => id === runId);
    expect(run?.counts).toMatchObject({ ingestJobs: 2, created: 23 });
  });

  it('go by collections where a person wants that, and few by a job', async () => {
    await using rig = await copied();
    await pushed(rig, people(12), { api: 'collections' });
    expect((await entriesOf(rig)).map(({ way }) => way)).toEqual(Array(12).fill('collection'));
    const few = [{ LastName: 'Bulk few' }, { LastName: 'Bulk fewer' }];
    await pushed(rig, few, { api: 'bulk' });
    const entries = (await entriesOf(rig)).slice(12);
    expect(entries.map(({ way, state }) => [way, state])).toEqual(Array(2).fill(['bulk', 'done']));
    expect(await bulkNames(rig)).toEqual([...namesOf(12), 'Bulk few', 'Bulk fewer'].toSorted());
    await expectTruth(rig);
  });

  it('one after the other where they are of one contact', async () => {
    await using rig = await copied();
    const [{ Id } = { Id: '' }] = await contactsOf(rig.emulator.url);
    await pushed(
      rig,
      [
        { Id, Title: 'first' },
        { Id, Title: 'second' },
      ],
      { api: 'bulk' },
    );
    const entries = await entriesOf(rig);
    expect(entries.map(({ way, state }) => [way, state])).toEqual(Array(2).fill(['bulk', 'done']));
    expect(entries[0]?.job).not.toBe(entries[1]?.job);
    const [contact] = (await contactsOf(rig.emulator.url)).filter((row) => row.Id === Id);
    expect(contact?.Title).toBe('second');
  });

  it('are refused where a job cannot do what is asked, before anything is stored', async () => {
    await using rig = await copied();
    for (const option of ['allOrNone', 'allowDuplicates']) {
      const refused = pushed(rig, people(2), { api: 'bulk', [option]: true });
      await expect(refused).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        hint: expect.stringContaining('--api collections'),
      });
    }
    await expect(pushed(rig, [{ LastName: '#N/A' }], { api: 'bulk' })).rejects.toMatchObject({
      details: { faults: [{ field: 'LastName', code: 'NOT_IN_A_JOB' }] },
    });
    expect(await entriesOf(rig)).toEqual([]);
  });

  it('change their way with the same push again, where nothing of it was sent', async () => {
    await using rig = await copied();
    const signal = rig.signal;
    await control(rig.emulator.url, 'faults', [
      { match: 'POST .*/jobs/ingest$', times: 100, status: 403, errorCode: 'REQUEST_LIMIT_EXCEEDED' },
    ]);
    const first = await pushed(rig, people(7), { api: 'bulk', fresh: false, signal });
    expect(first.stopped).not.toBeNull();
    expect(await statesOf(rig)).toEqual(['pending']);
    await control(rig.emulator.url, 'faults', []);
    const again = await pushed(rig, people(7), { api: 'collections', fresh: false, signal });
    expect(again.stopped).toBeNull();
    expect((await entriesOf(rig)).map(({ way, state }) => [way, state])).toEqual(
      Array(7).fill(['collection', 'done']),
    );
  });

  it.each(['POST .*/jobs/ingest$', 'PUT .*/batches'])(
    'go by collections where the org takes no jobs of this user: %s',
    async (match) => {
      await using rig = await copied();
      await control(rig.emulator.url, 'faults', [
        { match, times: 100, status: 400, errorCode: 'FEATURENOTENABLED' },
      ]);
      const warned: string[] = [];
      rig.context.log = { ...rig.context.log, warn: (text) => void warned.push(text) };
      // What nobody wants to go by a job does not wait for it either.
      await pushed(rig, [{ LastName: 'Bulk chosen' }], { api: 'bulk' });
      await pushed(rig, people(30));
      expect(await statesOf(rig)).toEqual(['done']);
      expect(await bulkNames(rig)).toEqual([...namesOf(30), 'Bulk chosen'].toSorted());
      expect(warned.join()).toContain('no bulk ingest job can be made');
    },
  );

  it('say what Salesforce has refused of them, each by its row', async () => {
    await using rig = await copied();
    const email = (i: number) => (i % 3 === 0 ? { Email: `p${i}@example.com` } : {});
    const records: Record<string, unknown>[] = people(9).map((one, i) => ({ ...one, ...email(i) }));
    records[4] = { LastName: 'Bulk 4', AccountId: '001000000000009AAA' };
    await pushed(rig, records);
    const entries = await entriesOf(rig);
    expect(entries.map(({ state }) => state).filter((state) => state === 'rejected')).toHaveLength(1);
    expect(entries[4]).toMatchObject({ state: 'rejected', way: 'bulk' });
    expect(entries[4]?.errors[0]?.code).toMatch(/^[A-Z_]+$/);
    await expectTruth(rig);
  });

  it('update, clear and delete; what is not to be touched is left', async () => {
    await using rig = await copied(8);
    const before = await contactsOf(rig.emulator.url);
    const updates = before.map(({ Id }, i) => ({
      Id,
      Title: i === 0 ? null : `T, "${i}"\n`,
      Department: 'D',
    }));
    await pushed(rig, updates);
    expect((await entriesOf(rig)).map(({ way }) => way)).toEqual(Array(8).fill('bulk'));
    const after = new Map((await contactsOf(rig.emulator.url)).map((row) => [row.Id, row]));
    for (const [i, { Id, LastName, Email }] of before.entries()) {
      expect(after.get(Id)).toMatchObject({
        LastName,
        Email,
        Title: i === 0 ? null : `T, "${i}"`,
        Department: 'D',
      });
    }
    await pushed(
      rig,
      before.map(({ Id }) => ({ Id, IsDeleted: true })),
      { force: true },
    );
    const deletes = (await entriesOf(rig)).filter(({ op }) => op === 'delete');
    expect(deletes.map(({ state }) => state)).toEqual(Array(8).fill('done'));
    expect(deletes.map(({ way }) => way)).toEqual(Array(8).fill('bulk'));
  });

  it('that say the same are each made once and have a contact of their own', async () => {
    await using rig = await copied();
    await pushed(rig, [...people(4), ...people(4)]);
    expect(await statesOf(rig)).toEqual(['done']);
    await expectTruth(rig);
    expect(await bulkNames(rig)).toEqual([...namesOf(4), ...namesOf(4)].toSorted());
  });

  it('with a text that a job takes for another thing, of a group, or after another entry go by other ways', async () => {
    await using rig = await copied(8);
    const [first] = await contactsOf(rig.emulator.url);
    await pushed(rig, [
      ...people(7),
      { LastName: 'Bulk odd', Title: '#N/A', Description: 'x' },
      { Id: first?.Id, Title: 'one' },
      { Id: first?.Id, Title: 'two' },
    ]);
    const entries = await entriesOf(rig);
    expect(entries.slice(0, 7).map(({ way }) => way)).toEqual(Array(7).fill('bulk'));
    expect(entries.slice(7).every(({ way }) => way !== 'bulk')).toBe(true);
    const now = await contactsOf(rig.emulator.url);
    expect(now.find(({ Id }) => Id === first?.Id)?.Title).toBe('two');
    await pushed(
      rig,
      people(7).map(({ LastName }) => ({ LastName: `${LastName} group` })),
      { allOrNone: true },
    );
    expect((await entriesOf(rig)).slice(10).every(({ way }) => way === 'collection')).toBe(true);
  });
});

const requests = {
  'the making': 'POST .*/jobs/ingest$',
  'the data': 'PUT .*/batches',
  'the closing': 'PATCH .*/jobs/ingest/',
  'a look at the state': 'GET .*/jobs/ingest/[^/]+$',
  'the successes': 'GET .*/successfulResults',
  'the failures': 'GET .*/failedResults',
  'what was not processed': 'GET .*/unprocessedrecords',
};
const faults: Record<string, object> = {
  'cut before': { reset: 'before' },
  'cut after its work': { reset: 'after-commit' },
  'cut, and done later': { reset: 'commit-later', commitAfterMs: 1_000 },
  'a 404 after its work': { status: 404, body: 'none', afterCommit: true },
  'a 503 after its work': { status: 503, body: '<html>Soon</html>', afterCommit: true },
  'a page after its work': { status: 200, body: '<html>Soon</html>', afterCommit: true },
};

describe('each contact of a job is made once', () => {
  const cases = Object.entries(requests).flatMap(([request, match]) =>
    Object.entries(faults).map(([fault, more]) => [request, fault, { match, ...more }] as const),
  );
  it.each(cases)('where %s meets this: %s', async (_request, _fault, planned) => {
    await using rig = await copied(1);
    await control(rig.emulator.url, 'faults', [{ times: 1, ...planned }]);
    await pushed(rig, people(7));
    for (let tries = 0; tries < 3; tries++) {
      // What comes later comes now.
      await advance(rig, 60_000);
      await cycle(rig);
    }
    expect(await statesOf(rig)).toEqual(['done']);
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
  });

  /** All seven are in doubt, and settled by what is asked when no row can be under way any more. */
  async function expectMadeOnce(rig: Rig): Promise<void> {
    expect(await statesOf(rig)).toEqual(['in-doubt']);
    for (let tries = 0; tries < 3; tries++) {
      rig.pass(480_000);
      await cycle(rig);
    }
    expect(await statesOf(rig)).toEqual(['done']);
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
  }

  it('where a closing got lost, by closing the job again at once', async () => {
    await using rig = await copied(1);
    await control(rig.emulator.url, 'faults', [
      { match: requests['the closing'], times: 1, reset: 'before' },
    ]);
    await pushed(rig, people(7));
    expect((await entriesOf(rig)).map(({ state, way, attempts }) => [state, way, attempts])).toEqual(
      Array(7).fill(['done', 'bulk', 1]),
    );
  });

  it('where the process ends at any of its requests, and another goes on', async () => {
    for (let at = 1; at <= 8; at++) {
      await using rig = await copied(1);
      const ending = new AbortController();
      const { records } = rig.context;
      const { ingest } = records;
      let seen = 0;
      const dying = new Proxy(ingest, {
        get:
          (target, name: keyof typeof ingest) =>
          (...given: unknown[]) => {
            if (++seen === at) ending.abort(new Error('killed'));
            if (seen >= at) throw new Error('killed');
            return (target[name] as (...all: unknown[]) => unknown)(...given);
          },
      });
      rig.context.records = { ...records, ingest: dying };
      await pushed(rig, people(7), { signal: ending.signal }).catch(() => undefined);
      rig.context.records = records;
      for (let tries = 0; tries < 2; tries++) await cycle(rig);
      expect([at, await statesOf(rig)]).toEqual([at, ['done']]);
      expect(await bulkNames(rig)).toEqual(namesOf(7));
      await expectTruth(rig);
    }
  });

  it('or in doubt where the org knows its job no more, and settled by asking', async () => {
    await using rig = await copied(1);
    await control(rig.emulator.url, 'faults', [
      { match: 'GET .*/jobs/ingest/', times: 100, reset: 'before' },
    ]);
    await pushed(rig, people(7));
    expect(await statesOf(rig)).toEqual(['sent']);
    await control(rig.emulator.url, 'faults', []);
    rig.pass(9 * 86_400_000);
    await cycle(rig);
    rig.pass(1_200_000);
    await cycle(rig);
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    expect(['done', 'in-doubt']).toEqual(expect.arrayContaining(await statesOf(rig)));
    await expectTruth(rig);
  });

  it('where a job is under way, and a watch does not wait for it', async () => {
    await using rig = await copied(1);
    await control(rig.emulator.url, 'settings', { bulkJobMs: 600_000 });
    const ending = new AbortController();
    const { records } = rig.context;
    const info: typeof records.ingest.info = async (...given) => {
      ending.abort(new Error('stopped'));
      return records.ingest.info(...given);
    };
    rig.context.records = { ...records, ingest: { ...records.ingest, info } };
    await pushed(rig, people(7), { signal: ending.signal }).catch(() => undefined);
    rig.context.records = records;
    expect(await statesOf(rig)).toEqual(['sent']);
    const report = await runCycle(rig.context, { push: true, patienceMs: 100, signal: rig.signal });
    expect(report.push?.error).toMatchObject({ code: 'BULK_JOB_SLOW' });
    expect(await statesOf(rig)).toEqual(['sent']);
    await advance(rig, 600_000);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done']);
    expect(await bulkNames(rig)).toEqual(namesOf(7));
  });

  it.each([
    ['Aborted', 'Aborted'],
    ['Failed', 'Failed'],
    ['Deleted', 'is not known'],
  ])('though somebody has ended its job before it was closed: %s', async (as, word) => {
    await using rig = await copied(1);
    const { records } = rig.context;
    const info: typeof records.ingest.info = async (...given) => {
      if ((await records.ingest.info(...given))?.state === 'Open')
        await control(rig.emulator.url, 'ingest-jobs', { as });
      return records.ingest.info(...given);
    };
    rig.context.records = { ...records, ingest: { ...records.ingest, info } };
    const warned = warnings(rig);
    await pushed(rig, people(7));
    // Nothing of it was done, and that is known: a doubt would take minutes to settle.
    expect(await statesOf(rig)).toEqual(['done']);
    expect(warned.join()).toMatch(new RegExp(`ingest job 750\\w+ (ended as )?${word}`));
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
  });

  it.each(['Aborted', 'Failed', 'Deleted'])(
    'though its job ends just before its closing, which is refused for that: %s',
    async (as) => {
      await using rig = await copied(1);
      if (as !== 'Deleted') sleeping(rig);
      const { records } = rig.context;
      const close: typeof records.ingest.close = async (...given) => {
        await control(rig.emulator.url, 'ingest-jobs', { as });
        return records.ingest.close(...given);
      };
      rig.context.records = { ...records, ingest: { ...records.ingest, close } };
      await pushed(rig, people(7));
      rig.context.records = records;
      // A refusal is told behind the work too: what became of a job that is gone only the org's contacts say.
      if (as === 'Deleted') {
        await expectMadeOnce(rig);
        return;
      }
      expect(await statesOf(rig)).toEqual(['done']);
      expect(await bulkNames(rig)).toEqual(namesOf(7));
      await expectTruth(rig);
    },
  );

  it.each(['Aborted', 'Failed'])('though its job ends in the middle as %s', async (as) => {
    await using rig = await copied(1);
    sleeping(rig);
    await control(rig.emulator.url, 'ingest-jobs', { as, afterRows: 3, message: 'Too many retries.' });
    const { records } = rig.context;
    let readings = 0;
    async function* results(...given: Parameters<typeof records.ingest.results>) {
      // What is not processed may be told later than the end of its job.
      if (given[1] === 'unprocessed' && readings++ === 0) return;
      yield* records.ingest.results(...given);
    }
    rig.context.records = { ...records, ingest: { ...records.ingest, results } };
    const warned = warnings(rig);
    await pushed(rig, people(7));
    const entries = await entriesOf(rig);
    expect(entries.map(({ state, way }) => [state, way]).toSorted()).toEqual([
      ...Array(3).fill(['done', 'bulk']),
      ...Array(4).fill(['done', 'ui-api']),
    ]);
    expect(warned.join()).toContain(`ended as ${as}`);
    if (as === 'Failed') expect(warned.join()).toContain('Too many retries.');
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
  });

  it('though the org refuses the closing of its job for good: what it refuses is taken back', async () => {
    await using rig = await copied(1);
    await control(rig.emulator.url, 'faults', [
      { match: requests['the closing'], times: 3, status: 400, errorCode: 'INVALIDJOBSTATE' },
    ]);
    await pushed(rig, people(7));
    expect((await entriesOf(rig)).map(({ state, way }) => [state, way])).toEqual(
      Array(7).fill(['done', 'ui-api']),
    );
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
  });

  it('though the org refuses that closing and the taking back as well', async () => {
    await using rig = await copied(1);
    await control(rig.emulator.url, 'faults', [
      { match: requests['the closing'], times: 100, status: 400, errorCode: 'INVALIDUSER' },
    ]);
    await pushed(rig, people(7));
    expect(await statesOf(rig)).toEqual(['done']);
    await control(rig.emulator.url, 'faults', []);
    await cycle(rig);
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
  });

  it('or taken back by whoever comes after the process that could not close its job', async () => {
    await using rig = await copied(1);
    await control(rig.emulator.url, 'faults', [
      { match: requests['the closing'], times: 3, reset: 'before' },
      { match: requests['the closing'], times: 3, status: 400, errorCode: 'INVALIDJOBSTATE' },
    ]);
    sleeping(rig);
    const { stopped } = await pushed(rig, people(7));
    expect(stopped).not.toBeNull();
    expect(await statesOf(rig)).toEqual(['sent']);
    const [first] = await entriesOf(rig);
    await cycle(rig);
    const entries = await entriesOf(rig);
    expect(entries.map(({ state, way }) => [state, way])).toEqual(Array(7).fill(['done', 'bulk']));
    expect(new Set(entries.map(({ job }) => job === first?.job))).toEqual(new Set([false]));
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
  });

  it('and not looked for as lost where its job was closed and is deleted under way', async () => {
    await using rig = await copied(1);
    await control(rig.emulator.url, 'settings', { bulkJobMs: 600_000 });
    const { records } = rig.context;
    const close: typeof records.ingest.close = async (...given) => {
      const job = await records.ingest.close(...given);
      await control(rig.emulator.url, 'ingest-jobs', { as: 'Deleted' });
      return job;
    };
    rig.context.records = { ...records, ingest: { ...records.ingest, close } };
    await pushed(rig, people(7));
    rig.context.records = records;
    await control(rig.emulator.url, 'settings', { bulkJobMs: 0 });
    // Rows of it may have been processed before somebody took it away.
    await expectMadeOnce(rig);
  });

  it('where its job is deleted while its closing got no answer, but did its work', async () => {
    await using rig = await copied(1);
    const { records } = rig.context;
    const close: typeof records.ingest.close = async (jobId, ...given) => {
      await records.ingest.close(jobId, ...given);
      while ((await records.ingest.info(jobId))?.state !== 'JobComplete');
      await control(rig.emulator.url, 'ingest-jobs', { as: 'Deleted' });
      throw new AppError('NETWORK_UNREACHABLE', 'The connection was cut.');
    };
    rig.context.records = { ...records, ingest: { ...records.ingest, close } };
    await pushed(rig, people(7));
    rig.context.records = records;
    await expectMadeOnce(rig);
  });

  it.each([
    [404, 'NOT_FOUND'],
    [400, 'INVALIDJOBSTATE'],
  ])('where its job is deleted after a closing that was done was told %i %s', async (status, errorCode) => {
    await using rig = await copied(1);
    const { records } = rig.context;
    const close: typeof records.ingest.close = async (jobId, ...given) => {
      await records.ingest.close(jobId, ...given);
      while ((await records.ingest.info(jobId))?.state !== 'JobComplete');
      await control(rig.emulator.url, 'ingest-jobs', { as: 'Deleted' });
      throw new AppError('SALESFORCE_ERROR', 'Salesforce refused the request.', {
        details: { status, errorCode },
      });
    };
    rig.context.records = { ...records, ingest: { ...records.ingest, close } };
    await pushed(rig, people(7));
    rig.context.records = records;
    await expectMadeOnce(rig);
  });

  it('where its job was seen under way before it was deleted, whatever its closing was told', async () => {
    await using rig = await copied(1);
    const { records } = rig.context;
    const states: string[] = [];
    const close: typeof records.ingest.close = async (jobId, ...given) => {
      await records.ingest.close(jobId, ...given);
      while ((await records.ingest.info(jobId))?.state !== 'JobComplete');
      await control(rig.emulator.url, 'ingest-jobs', { as: 'Deleted' });
      states.push('InProgress');
      // Something in between has sent it twice.
      throw new AppError('SALESFORCE_ERROR', 'It is closed already.', {
        details: { status: 400, errorCode: 'INVALIDJOBSTATE' },
      });
    };
    const info: typeof records.ingest.info = async (jobId, ...given) => {
      const job = await records.ingest.info(jobId, ...given);
      const state = states.shift();
      return (
        job ??
        (state === 'InProgress'
          ? { id: jobId, state, processed: 0, failed: 0, errorMessage: null, changedAt: null }
          : null)
      );
    };
    rig.context.records = { ...records, ingest: { ...records.ingest, close, info } };
    await pushed(rig, people(7));
    rig.context.records = records;
    await expectMadeOnce(rig);
  });

  it('and result files that end too soon are read again', async () => {
    await using rig = await copied(1);
    const { records } = rig.context;
    let readings = 0;
    async function* results(...given: Parameters<typeof records.ingest.results>) {
      for await (const rows of records.ingest.results(...given))
        yield given[1] === 'successful' && readings++ === 0 ? rows.slice(0, 3) : rows;
    }
    rig.context.records = { ...records, ingest: { ...records.ingest, results } };
    await pushed(rig, people(7));
    expect([readings, await statesOf(rig)]).toEqual([2, ['done']]);
    await expectTruth(rig);
  });

  it('though nothing is left to a job that was never closed', async () => {
    await using rig = await copied(1);
    await control(rig.emulator.url, 'faults', [{ match: 'PUT .*/batches', times: 1, reset: 'after-commit' }]);
    await pushed(rig, people(7));
    await cycle(rig);
    const jobs = (await calls(rig.emulator.url)).filter(({ path }) => /jobs\/ingest$/.test(path));
    expect(jobs.length).toBeGreaterThan(1);
    expect(await bulkNames(rig)).toEqual(namesOf(7));
  });
});

describe('a job that was under way when it ended', () => {
  const minutes = (count: number) => count * 60_000;

  /** The job of the next push is ended in progress, two of its rows are worked off nine minutes later. */
  async function endedInProgress(rig: Rig, as: string): Promise<void> {
    await control(rig.emulator.url, 'settings', {
      bulkJobMs: minutes(10),
      bulkRowsUnderWay: 2,
      bulkUnderWayMs: minutes(9),
    });
    const { records } = rig.context;
    const close: typeof records.ingest.close = async (...given) => {
      const job = await records.ingest.close(...given);
      rig.context.records = records;
      rig.pass(minutes(4));
      await control(rig.emulator.url, 'ingest-jobs', { as });
      return job;
    };
    rig.context.records = { ...records, ingest: { ...records.ingest, close } };
  }

  it.each(['Aborted', 'Failed'])('has its last rows told before they count: %s', async (as) => {
    await using rig = await copied(1);
    const slept = sleeping(rig);
    await endedInProgress(rig, as);
    const { stopped } = await pushed(rig, people(7));
    expect(stopped).toBeNull();
    expect((await entriesOf(rig)).map(({ state, way }) => [state, way]).toSorted()).toEqual([
      ...Array(2).fill(['done', 'bulk']),
      ...Array(5).fill(['done', 'ui-api']),
    ]);
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
    // One look behind that time, and not one after the other.
    expect(slept()).toBeLessThan(minutes(20));
  });

  it('keeps a watch from waiting, and tells until when its rows are open', async () => {
    await using rig = await copied(1);
    sleeping(rig);
    await endedInProgress(rig, 'Aborted');
    const drained = async () => runCycle(rig.context, { push: true, patienceMs: 30_000, signal: rig.signal });
    await pushed(rig, people(7), { queue: true });
    const { push } = await drained();
    expect(push.error).toMatchObject({
      code: 'BULK_JOB_SLOW',
      message: expect.stringMatching(/ended as Aborted.* until \d{4}-.*Z/),
    });
    expect(await statesOf(rig)).toEqual(['sent']);
    rig.pass(minutes(15));
    await advance(rig, 0);
    await drained();
    expect(await statesOf(rig)).toEqual(['done']);
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
  });

  it('does not write an older value over a later one', async () => {
    await using rig = await copied(8);
    sleeping(rig);
    await endedInProgress(rig, 'Aborted');
    const before = await contactsOf(rig.emulator.url);
    const titled = (Title: string) => before.slice(0, 7).map(({ Id }) => ({ Id, Title }));
    await pushed(rig, titled('first'), { queue: true });
    await pushed(rig, titled('second'));
    rig.pass(minutes(15));
    await advance(rig, 0);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done']);
    const after = new Map((await contactsOf(rig.emulator.url)).map((row) => [row.Id, row.Title]));
    expect(before.slice(0, 7).map(({ Id }) => after.get(Id))).toEqual(Array(7).fill('second'));
  });

  it.each(['Deleted', 'without its time'])('is in doubt until its rows are through: %s', async (how) => {
    await using rig = await copied(8);
    sleeping(rig);
    await endedInProgress(rig, how === 'Deleted' ? 'Deleted' : 'Aborted');
    const { records } = rig.context;
    if (how !== 'Deleted') {
      const info: typeof records.ingest.info = async (...given) => {
        const job = await records.ingest.info(...given);
        return job && { ...job, changedAt: null };
      };
      rig.context.records = { ...records, ingest: { ...records.ingest, info } };
    }
    const [{ Id } = { Id: '' }] = await contactsOf(rig.emulator.url);
    await pushed(rig, [...people(7), { Id, LastName: 'Other' }]);
    for (let tries = 0; tries < 25; tries++) {
      rig.pass(60_000);
      await advance(rig, 0);
      await cycle(rig);
    }
    expect(await statesOf(rig)).toEqual(['done']);
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
  });

  it('sends at once what no row of was read: its data as a whole are none that Salesforce takes', async () => {
    await using rig = await copied(1);
    const slept = sleeping(rig);
    const { records } = rig.context;
    const close: typeof records.ingest.close = async (...given) => {
      await control(rig.emulator.url, 'settings', { hiddenFields: ['Title'] });
      return records.ingest.close(...given);
    };
    rig.context.records = { ...records, ingest: { ...records.ingest, close } };
    await pushed(rig, people(7, { Title: 'T' }));
    expect(slept()).toBeLessThan(minutes(1));
    expect((await entriesOf(rig)).every(({ state, way }) => state !== 'sent' && way !== 'bulk')).toBe(true);
  });
});

describe('a job that can be neither closed nor aborted', () => {
  const patches = 'PATCH .*/jobs/ingest/';
  const refused = { match: patches, times: 1_000, status: 403, errorCode: 'INVALIDUSER' };

  /** Left behind open, and how its closings fared is not known. */
  async function leftOpen(rig: Rig, lost: object): Promise<void> {
    await control(rig.emulator.url, 'faults', [{ match: patches, times: 3, ...lost }, refused]);
    const { stopped } = await pushed(rig, people(7));
    expect(stopped).not.toBeNull();
    expect(await statesOf(rig)).toEqual(['sent']);
  }

  it('has done nothing where it is still open when no closing can be on its way any more', async () => {
    await using rig = await copied(1);
    const slept = sleeping(rig);
    await leftOpen(rig, { reset: 'before' });
    const before = slept();
    const report = await runCycle(rig.context, { push: true, patienceMs: 30_000, signal: rig.signal });
    expect(report.push).toMatchObject({ pushed: 7, error: null });
    expect(slept() - before).toBeLessThan(120_000);
    expect((await entriesOf(rig)).map(({ state, way }) => [state, way])).toEqual(
      Array(7).fill(['done', 'ui-api']),
    );
    expect(await bulkNames(rig)).toEqual(namesOf(7));
  });

  it('is followed where a closing that got lost comes through after all', async () => {
    await using rig = await copied(1);
    sleeping(rig);
    await leftOpen(rig, { reset: 'commit-later', commitAfterMs: 45_000 });
    await cycle(rig);
    expect((await entriesOf(rig)).map(({ state, way }) => [state, way])).toEqual(
      Array(7).fill(['done', 'bulk']),
    );
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
  });

  it('is asked about by a person, who gets its contacts back to the line without one being sent', async () => {
    await using rig = await copied(1);
    sleeping(rig);
    await leftOpen(rig, { reset: 'before' });
    await askDoubts(rig.context, { withLease: (work) => work(heldLease('outbox-test')), signal: rig.signal });
    expect(await statesOf(rig)).toEqual(['pending']);
    expect(await bulkNames(rig)).toEqual([]);
  });

  it('and one under way tells a person who asks what to do, and is settled once it was aborted', async () => {
    await using rig = await copied(1);
    sleeping(rig);
    await control(rig.emulator.url, 'settings', { bulkJobMs: 86_400_000 });
    await pushed(rig, people(7), { queue: true });
    await runCycle(rig.context, { push: true, patienceMs: 100, signal: rig.signal });
    expect(await statesOf(rig)).toEqual(['sent']);
    const ask = () =>
      askDoubts(rig.context, { withLease: (work) => work(heldLease('outbox-test')), signal: rig.signal });
    await expect(ask()).rejects.toMatchObject({
      code: 'BULK_JOB_SLOW',
      hint: expect.stringMatching(/Bulk Data Load Jobs.*outbox settle --auto/),
    });
    expect(await statesOf(rig)).toEqual(['sent']);
    await control(rig.emulator.url, 'ingest-jobs', { as: 'Aborted' });
    rig.pass(16 * 60_000);
    await ask();
    expect(await statesOf(rig)).toEqual(['pending']);
    expect(await bulkNames(rig)).toEqual([]);
  });
});

describe('where the org takes no more bulk jobs or rows today', () => {
  const quotas: [string, object][] = [
    ['POST .*/jobs/ingest$', { status: 400, errorCode: 'EXCEEDEDQUOTA' }],
    ['POST .*/jobs/ingest$', { status: 403, errorCode: 'EXCEEDED_QUOTA' }],
    ['PUT .*/batches', { status: 400, errorCode: 'ExceededQuota' }],
    ['PATCH .*/jobs/ingest/', { status: 400, errorCode: 'EXCEEDEDQUOTA' }],
  ];

  it.each(quotas)('%s %j: all of it waits, and is told when it is tried again', async (match, refusal) => {
    await using rig = await copied(1);
    await control(rig.emulator.url, 'faults', [{ match, times: 100, ...refusal, message: 'ApiBatchItems' }]);
    const { stopped } = await pushed(rig, people(7));
    expect(await statesOf(rig)).toEqual(['pending']);
    expect((await entriesOf(rig)).map(({ sentAt }) => sentAt)).toEqual(Array(7).fill(null));
    const until = new Date(rig.context.clock.now() + 3_600_000).toISOString().slice(0, 13);
    expect(stopped).toMatchObject({
      code: 'REQUEST_LIMIT_EXCEEDED',
      message: expect.stringContaining('ApiBatchItems'),
      hint: expect.stringContaining(until),
      details: { limit: 'other', retryAfterMs: 3_600_000 },
    });
    const asked = (await calls(rig.emulator.url)).filter(({ path }) => path.includes('/jobs/ingest'));
    // One try of each request, and what takes the job back.
    expect(asked.length).toBeLessThanOrEqual(7);
    expect(await bulkNames(rig)).toEqual([]);
    await control(rig.emulator.url, 'faults', []);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done']);
    expect(await bulkNames(rig)).toEqual(namesOf(7));
    await expectTruth(rig);
  });

  const usedUp = (rig: Rig) => control(rig.emulator.url, 'settings', { bulkDailyBatches: 0 });
  const asksOfJobs = async (rig: Rig) =>
    (await calls(rig.emulator.url)).filter(({ path }) => path.includes('/jobs/ingest')).length;

  it('few contacts go at once by what carries them, and only what a job is to carry waits', async () => {
    await using rig = await copied(3);
    await usedUp(rig);
    await pushed(rig, people(7));
    rig.pass(1_000);
    const [first, second] = await contactsOf(rig.emulator.url);
    const few = await pushed(rig, [
      { LastName: 'Few' },
      { LastName: 'Fewer' },
      { Id: first?.Id, Title: 'T' },
      { Id: second?.Id, IsDeleted: true },
    ]);
    expect(few.entries.map(({ entry }) => entry?.state)).toEqual(Array(4).fill('done'));
    // What stopped is of the others alone, and tells when it goes on.
    expect(few.stopped).toMatchObject({
      code: 'REQUEST_LIMIT_EXCEEDED',
      details: { retryAfterMs: 3_600_000 },
    });
    expect((await entriesOf(rig)).slice(0, 7).map(({ state }) => state)).toEqual(Array(7).fill('pending'));
    expect(await bulkNames(rig)).toEqual([]);
    // Asked for by a person, few wait for a job too.
    await pushed(rig, [{ LastName: 'Bulk asked for' }], { api: 'bulk' });
    expect((await entriesOf(rig)).at(-1)).toMatchObject({ state: 'pending', sentAt: null });
    rig.pass(1_000);
    const { push } = await cycle(rig);
    expect(push).toMatchObject({ unsent: 8, error: { code: 'REQUEST_LIMIT_EXCEEDED' } });
    expect(push.noJobs).toBe(push.error);
    await control(rig.emulator.url, 'settings', { bulkDailyBatches: 100 });
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done']);
    expect(await bulkNames(rig)).toEqual([...namesOf(7), 'Bulk asked for'].toSorted());
  });

  it('a later change of a contact waits behind what waits for a job, and then comes last', async () => {
    await using rig = await copied(8);
    const before = await contactsOf(rig.emulator.url);
    await usedUp(rig);
    await pushed(
      rig,
      before.slice(0, 7).map(({ Id }) => ({ Id, Title: 'by a job' })),
    );
    rig.pass(1_000);
    const later = [before[0], before[7]].map((row) => ({ Id: row?.Id, Title: 'later' }));
    const { entries } = await pushed(rig, later);
    expect(entries.map(({ entry }) => entry?.state)).toEqual(['pending', 'done']);
    await control(rig.emulator.url, 'settings', { bulkDailyBatches: 100 });
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done']);
    const after = new Map((await contactsOf(rig.emulator.url)).map((row) => [row.Id, row.Title]));
    expect(before.map(({ Id }) => after.get(Id))).toEqual(['later', ...Array(6).fill('by a job'), 'later']);
  });

  it('pushes that are many together only do not wait for a job', async () => {
    await using rig = await copied(1);
    await usedUp(rig);
    await pushed(rig, people(4), { queue: true });
    rig.pass(1_000);
    const { stopped } = await pushed(rig, people(4));
    expect(stopped).toBeNull();
    expect((await entriesOf(rig)).map(({ state, way }) => [state, way])).toEqual(
      Array(8).fill(['done', 'ui-api']),
    );
    expect(await bulkNames(rig)).toEqual([...namesOf(4), ...namesOf(4)].toSorted());
  });

  it('the same push again by collections takes along what waits for a job', async () => {
    await using rig = await copied(1);
    await usedUp(rig);
    const { stopped } = await pushed(rig, people(7), { fresh: false });
    expect(stopped).toMatchObject({
      hint: expect.stringContaining('the same push again with `--api collections`'),
    });
    const again = await pushed(rig, people(7), { fresh: false, api: 'collections' });
    expect(again.stopped).toBeNull();
    expect((await entriesOf(rig)).map(({ state, way }) => [state, way])).toEqual(
      Array(7).fill(['done', 'collection']),
    );
  });

  it('whoever was told so a while ago asks for no job, and sends the rest', async () => {
    await using rig = await copied(1);
    await usedUp(rig);
    await pushed(rig, people(7));
    const { push } = await cycle(rig);
    const asked = await asksOfJobs(rig);
    rig.pass(1_000);
    await pushed(rig, [{ LastName: 'Few' }], { queue: true });
    const next = await runCycle(rig.context, { push: true, noJobs: push.noJobs, signal: rig.signal });
    expect(next.push).toMatchObject({ pushed: 1, unsent: 7 });
    expect(next.push.noJobs).toBe(push.noJobs);
    expect(await asksOfJobs(rig)).toBe(asked);
    await control(rig.emulator.url, 'settings', { bulkDailyBatches: 100 });
    expect((await cycle(rig)).push).toMatchObject({ pushed: 7, unsent: 0, error: null, noJobs: null });
  });

  it('what a job did not come to waits too, and the rest is done', async () => {
    await using rig = await copied(1);
    sleeping(rig);
    await control(rig.emulator.url, 'settings', { bulkDailyRows: 4 });
    const { stopped } = await pushed(rig, people(17));
    expect(stopped).toMatchObject({ code: 'REQUEST_LIMIT_EXCEEDED' });
    const states = (await entriesOf(rig)).map(({ state }) => state).toSorted();
    expect(states).toEqual([...Array(4).fill('done'), ...Array(13).fill('pending')]);
    rig.pass(86_400_001);
    await control(rig.emulator.url, 'settings', { bulkDailyRows: 1_000 });
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done']);
    expect(await bulkNames(rig)).toEqual(namesOf(17).toSorted());
    await expectTruth(rig);
  });
});

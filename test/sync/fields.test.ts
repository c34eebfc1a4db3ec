import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/base/logger.ts';
import { contact } from '../../src/org/synced-object.ts';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { SqliteContactReader } from '../../src/store/sqlite/sqlite-contact-reader.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { rowsRead } from '../support/rows-read.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

const equal = (rig: Rig) =>
  expectMirrorEqualsOrg(mirrorPath(join(rig.folder, 'orgs'), rig.emulator.url), rig.emulator.url);
const cycle = (rig: Rig) => runCycle(rig.context, { push: false, signal: rig.signal });
const hide = (rig: Rig, ...hiddenFields: string[]) => control(rig.emulator.url, 'settings', { hiddenFields });
const later = (rig: Rig) => {
  const { clock } = rig.context;
  const now = clock.now();
  rig.context.clock = { ...clock, now: () => now + 2 * 3_600_000 };
};
/** As the org allows it: the field goes and another of its name comes. */
const retype = async ({ emulator: { url } }: Rig) => {
  await control(url, 'settings', { removeFields: ['Kind__c'] });
  await control(url, 'settings', { addFields: [{ name: 'Kind__c', type: 'boolean' }] });
};
const unfilled = async (rig: Rig) =>
  (await rig.context.mirror.schema.fields()).filter((field) => field.unfilled).map(({ name }) => name);

/** The columns that a program sees in the view, and those that the commands tell, beside the mirror's own. */
const seen = async (rig: Rig) => {
  const path = mirrorPath(join(rig.folder, 'orgs'), rig.emulator.url);
  await using reader = new SqliteContactReader(path);
  const db = new Database(path, { readonly: true });
  try {
    const listing = await reader.list({ limit: 1, deleted: false });
    const [first] = await rowsRead(listing.batches());
    const view = db.prepare("select name from pragma_table_info('contacts')").pluck().all() as string[];
    return {
      view: view.filter((name) => !name.startsWith('_')),
      commands: reader.columns.map(({ name }) => name),
      shown: (await reader.show(first?.[0] as string))?.columns.length,
    };
  } finally {
    db.close();
  }
};
const needed = ['Id', 'IsDeleted', 'MasterRecordId', 'CreatedDate', 'SystemModstamp'];

describe('columns that are no longer kept up to date', () => {
  it('are not seen as live ones after --fields, and are read anew for all rows when they are asked for again', async () => {
    await using rig = await openRig({ contacts: 30 });
    const { url } = rig.emulator;
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    const all = (await seen(rig)).view;
    expect(all).toContain('Title');
    const narrow = await backfill(rig.context, { fields: ['LastName', 'Email'], signal: rig.signal });
    expect(narrow.error).toBeNull();
    const expected = [...needed, 'LastName', 'Email'].sort();
    const narrowed = await seen(rig);
    expect(narrowed.view.toSorted()).toEqual(expected);
    expect(narrowed.commands.toSorted()).toEqual(expected);
    expect(narrowed.shown).toBe(expected.length);
    await control(url, 'touch', { count: 30, set: { Title: 'After' } });
    await control(url, 'clock', { advanceMs: 120_000 });
    later(rig);
    await cycle(rig);
    expect((await seen(rig)).view).not.toContain('Title');
    const wide = await backfill(rig.context, { fields: ['LastName', 'Email', 'Title'], signal: rig.signal });
    expect(wide.error).toBeNull();
    expect((await seen(rig)).view.toSorted()).toEqual([...expected, 'Title'].sort());
    await using reader = new SqliteContactReader(mirrorPath(join(rig.folder, 'orgs'), url));
    const { batches, total } = await reader.list({ limit: 100, deleted: false, fields: ['Title'] });
    const rows = await rowsRead(batches());
    expect([total, new Set(rows.flat())]).toEqual([30, new Set(['After'])]);
  });

  it('are named as such where somebody asks for one of them', async () => {
    await using rig = await openRig({ contacts: 3 });
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    await backfill(rig.context, { fields: ['LastName'], signal: rig.signal });
    await using reader = new SqliteContactReader(mirrorPath(join(rig.folder, 'orgs'), rig.emulator.url));
    const outdated = expect.objectContaining({
      code: 'INVALID_INPUT',
      message: '--fields: the mirror no longer keeps the field title up to date.',
    });
    await expect(reader.list({ limit: 1, deleted: false, fields: ['title'] })).rejects.toEqual(outdated);
    await expect(reader.list({ limit: 1, deleted: true, fields: ['title'] })).rejects.toEqual(outdated);
    await expect(reader.chosen({ fields: ['title'] })).rejects.toEqual(outdated);
    await expect(reader.list({ limit: 1, deleted: false, fields: ['Nope'] })).rejects.toEqual(
      expect.objectContaining({ message: '--fields: the mirror has no field Nope.' }),
    );
  });

  it('keep their last values in the view when the right to read them is taken away, and are read anew when it is back', async () => {
    await using rig = await openRig({ contacts: 30 });
    const { url } = rig.emulator;
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    const all = (await seen(rig)).view;
    await control(url, 'touch', { count: 30, set: { Title: 'Hidden' } });
    await hide(rig, 'Title');
    await control(url, 'clock', { advanceMs: 120_000 });
    later(rig);
    await cycle(rig);
    expect(await seen(rig)).toMatchObject({ view: all, commands: all });
    await hide(rig);
    // A describe alone, as a push asks for, and the fill still to come.
    const describe = await rig.context.remote.of(contact).describe();
    if (describe !== 'not-modified') await rig.context.mirror.schema.applyDescribe(describe, 0);
    expect(await unfilled(rig)).toEqual(['Title']);
    await cycle(rig);
    expect(await unfilled(rig)).toEqual([]);
    expect((await seen(rig)).view).toEqual(all);
    await equal(rig);
  });

  it('are not believed where an entry names its contact by one of them', async () => {
    await using rig = await openRig({ contacts: 3 });
    const { mirror } = rig.context;
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    await using reader = new SqliteContactReader(mirror.location);
    const listing = await reader.list({ limit: 1, deleted: false, fields: ['ParaHack_Id__c'] });
    const [row] = await rowsRead(listing.batches());
    const value = String(row?.[0]);
    expect((await mirror.contacts.idsBy('ParaHack_Id__c', [value])).size).toBe(1);
    await backfill(rig.context, { fields: ['LastName'], signal: rig.signal });
    expect(await mirror.contacts.idsBy('ParaHack_Id__c', [value])).toEqual(new Map());
  });
});

describe('fields that come and go', () => {
  it('are told in one line where the user leaves them out, and as unreadable only where they are', async () => {
    await using rig = await openRig({ contacts: 10 });
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    const said: string[] = [];
    rig.context.log = createLogger('info', (level, message) => said.push(`${level} ${message}`));
    await hide(rig, 'Title');
    await backfill(rig.context, { api: 'rest', fields: ['LastName', 'Email'], signal: rig.signal });
    expect(said.filter((line) => line.includes('can no longer be read'))).toEqual([
      `warn ${rig.emulator.url}: field Title can no longer be read; its column keeps the last values`,
    ]);
    expect(said.filter((line) => line.includes('--fields'))).toEqual([
      expect.stringMatching(
        /^warn \S+: \d+ fields are left out by --fields .* `parahack-sync backfill --fresh` /,
      ),
    ]);
  });

  it('do not stop a cycle that asks for one which Salesforce knows no more', async () => {
    await using rig = await openRig({ contacts: 10 });
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    await control(rig.emulator.url, 'touch', { count: 3, set: { Department: 'New' } });
    await hide(rig, 'Title');
    expect((await cycle(rig)).upserted).toBe(3);
    await hide(rig);
  });

  it('are there, and filled, one cycle after the first contact that uses one', async () => {
    await using rig = await openRig({ contacts: 30 });
    const { url } = rig.emulator;
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    await cycle(rig);
    await control(url, 'settings', { addFields: [{ name: 'Region__c', type: 'string' }] });
    await control(url, 'clock', { advanceMs: 120_000 });
    await control(url, 'touch', { count: 1, set: { Region__c: 'North' } });
    expect((await cycle(rig)).upserted).toBe(1);
    expect((await rig.context.mirror.schema.fields()).map(({ name }) => name)).toContain('Region__c');
    expect(await unfilled(rig)).toEqual([]);
    await equal(rig);
  });

  it.each([
    ['double', 'string'],
    ['string', 'double'],
    ['string', 'textarea'],
    ['date', 'datetime'],
    ['boolean', 'picklist'],
  ])(
    'have the values that the org has after a change from %s to %s, which touches no stamp',
    async (before, after) => {
      await using rig = await openRig({ contacts: 30 });
      const { url } = rig.emulator;
      const values = { double: 41, string: '42', date: '2026-01-31', boolean: true };
      await control(url, 'settings', { addFields: [{ name: 'Kind__c', type: before }] });
      await control(url, 'touch', { count: 20, set: { Kind__c: values[before as keyof typeof values] } });
      // Or the first cycle would read these contacts again, as changed ones.
      await control(url, 'clock', { advanceMs: 180_000 });
      await backfill(rig.context, { api: 'rest', signal: rig.signal });
      await equal(rig);
      // Salesforce may lose values with the old kind, as this org does.
      await control(url, 'settings', { removeFields: ['Kind__c'] });
      await control(url, 'settings', { addFields: [{ name: 'Kind__c', type: after }] });
      later(rig);
      await cycle(rig);
      await equal(rig);
      await control(url, 'clock', { advanceMs: 120_000 });
      const now = {
        string: 'text',
        double: 43.5,
        textarea: 'long',
        datetime: '2026-01-31T10:00:00Z',
        picklist: 'a',
      };
      await control(url, 'touch', { count: 5, set: { Kind__c: now[after as keyof typeof now] } });
      await cycle(rig);
      await equal(rig);
    },
  );

  it('are filled in one cycle though the body of a page is cut, which is asked for again', async () => {
    await using rig = await openRig({ contacts: 40 });
    const { url } = rig.emulator;
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    await control(url, 'settings', { addFields: [{ name: 'Shoe_Size__c', type: 'double' }] });
    await control(url, 'touch', { count: 40, set: { Shoe_Size__c: 41 } });
    later(rig);
    await control(url, 'faults', [
      { match: 'GET .*/query\\?q=.*Shoe_Size__c', times: 2, dropAfterBytes: 300 },
    ]);
    await cycle(rig);
    await equal(rig);
  });

  it('cost a cycle without changes no call but one an hour, and one with changes a conditional one', async () => {
    // Long after the org's fields changed last, so that describe can answer that nothing has changed.
    await using rig = await openRig({ contacts: 30, wallClock: () => Date.now() });
    const { url } = rig.emulator;
    await control(url, 'clock', { advanceMs: 600_000 });
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    const described = async () => {
      const calls = (await (await fetch(`${url}/__emulator/calls`)).json()) as {
        path: string;
        status: number;
      }[];
      return calls.filter(({ path }) => path.endsWith('/Contact/describe')).map(({ status }) => status);
    };
    const minutes = async (count: number) => {
      await control(url, 'clock', { advanceMs: count * 60_000 });
      const { clock } = rig.context;
      const now = clock.now();
      rig.context.clock = { ...clock, now: () => now + count * 60_000 };
      // An org's time that leaps is believed once further answers bear it out: those to this question here.
      await rig.context.remote.of(contact).count(null);
    };
    const before = await described();
    for (let at = 0; at < 5; at++) {
      await minutes(5);
      await cycle(rig);
    }
    expect(await described()).toEqual(before);
    await minutes(61);
    await cycle(rig);
    await minutes(5);
    await cycle(rig);
    expect(await described()).toEqual([...before, 304]);
    await control(url, 'touch', { count: 3 });
    await cycle(rig);
    expect(await described()).toEqual([...before, 304, 304]);
  });

  it('do not stop the reading back of a pushed contact', async () => {
    await using rig = await openRig({ contacts: 3 });
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    const { records } = rig.context;
    // Hidden between the describe of the push and its reading back.
    const writes: typeof records.writes = {
      ...records.writes,
      createIdempotent: async (record, options) => {
        await hide(rig, 'Title');
        return records.writes.createIdempotent(record, options);
      },
    };
    const context = { ...rig.context, records: { ...records, writes } };
    const report = await pushAll(context, recordsOf([{ LastName: 'Read' }]), { signal: rig.signal });
    expect(report).toMatchObject({
      stopped: null,
      entries: [{ entry: { state: 'done', readBackDue: false } }],
    });
    expect((await rig.context.mirror.contacts.counts()).contacts).toBe(4);
  });

  it.each(['rest', 'bulk'] as const)('do not stop a backfill by %s that is under way', async (api) => {
    await using rig = await openRig({ contacts: 300 });
    const { url } = rig.emulator;
    await control(url, 'settings', { maxPageRows: 50, bulkPageRows: 50 });
    let hidden: Promise<unknown> | null = null;
    const onEvent = (event: SyncEvent) => {
      if (event.type === 'backfill:progress') hidden ??= hide(rig, 'Title');
    };
    const report = await backfill({ ...rig.context, onEvent }, { api, concurrency: 1, signal: rig.signal });
    await hidden;
    expect(report).toMatchObject({ status: 'complete', contacts: 300, error: null });
    await hide(rig);
    later(rig);
    await cycle(rig);
    await equal(rig);
  });

  it('are filled where one came while an interrupted bulk backfill lay still', async () => {
    await using rig = await openRig({ contacts: 300 });
    await control(rig.emulator.url, 'settings', { bulkPageRows: 50, hiddenFields: ['Title'] });
    const stop = new AbortController();
    const onEvent = (event: SyncEvent) => {
      if (event.type === 'backfill:progress' && event.contacts > 0) stop.abort();
    };
    const first = await backfill(
      { ...rig.context, onEvent },
      { api: 'bulk', concurrency: 1, signal: stop.signal },
    );
    expect(first.status).toBe('interrupted');
    await hide(rig);
    later(rig);
    const report = await backfill(rig.context, { signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', contacts: 300, resumed: true, error: null });
    expect(await unfilled(rig)).toEqual([]);
    await equal(rig);
  });

  it('are filled where a describe beside a backfill brings one before the first page is stored', async () => {
    await using rig = await openRig({ contacts: 60 });
    await hide(rig, 'Title');
    const { remote, mirror } = rig.context;
    const bulk: typeof remote.bulk = {
      ...remote.bulk,
      create: async (...args) => {
        const job = await remote.bulk.create(...args);
        await hide(rig);
        const describe = await remote.of(contact).describe();
        if (describe !== 'not-modified') await mirror.schema.applyDescribe(describe, rig.context.clock.now());
        return job;
      },
    };
    const context = { ...rig.context, remote: { ...remote, bulk } };
    expect(await backfill(context, { api: 'bulk', signal: rig.signal })).toMatchObject({
      status: 'complete',
    });
    await equal(rig);
  });

  it('are filled as what they are now where one gets another type before it is filled, and within the hour of a describe', async () => {
    await using rig = await openRig({ contacts: 30 });
    const { url } = rig.emulator;
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    await control(url, 'settings', { addFields: [{ name: 'Kind__c', type: 'date' }] });
    later(rig);
    await control(url, 'faults', [
      { match: 'GET .*/query\\?q=.*Kind__c', times: 50, status: 500, errorCode: 'UNKNOWN_EXCEPTION' },
    ]);
    await expect(cycle(rig)).rejects.toMatchObject({ code: 'ORG_UNAVAILABLE' });
    expect(await unfilled(rig)).toEqual(['Kind__c']);
    await control(url, 'faults', []);
    await retype(rig);
    await cycle(rig);
    expect(await unfilled(rig)).toEqual([]);
    await equal(rig);
  });

  it('are asked for anew where one gets another type while a job that has the old values is read', async () => {
    await using rig = await openRig({ contacts: 300 });
    const { url } = rig.emulator;
    await control(url, 'settings', { bulkPageRows: 50, addFields: [{ name: 'Kind__c', type: 'string' }] });
    await control(url, 'touch', { count: 300, set: { Kind__c: 'old' } });
    const stop = new AbortController();
    const onEvent = (event: SyncEvent) => {
      if (event.type === 'backfill:progress' && event.contacts > 0) stop.abort();
    };
    const context = { ...rig.context, onEvent };
    await backfill(context, { api: 'bulk', concurrency: 1, signal: stop.signal });
    await retype(rig);
    later(rig);
    const report = await backfill(rig.context, { signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', contacts: 300, resumed: true, error: null });
    await equal(rig);
  });
});

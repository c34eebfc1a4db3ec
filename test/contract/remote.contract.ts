import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { contact } from '../../src/org/synced-object.ts';
import type { IngestRow } from '../../src/sync/ports/ingest-jobs.ts';
import type { PageBody } from '../../src/sync/ports/page.ts';
import type { Remote } from '../../src/sync/ports/remote.ts';
import type { RemoteRecords } from '../../src/sync/ports/remote-records.ts';
import { select, selectKeyPage, soqlString } from '../../src/sync/soql.ts';

export interface ContractRemote extends AsyncDisposable {
  /** An org without contacts. */
  remote: Remote;
}

type Opened = ContractRemote & { records: RemoteRecords };
type Row = Record<string, unknown>;

const minuteMs = 60_000;
const fields = ['Id', 'CreatedDate', 'SystemModstamp', 'LastName'];
const names = ['Ames', 'Berg', 'Cole', 'Dahl', 'Egan'];

async function textOf({ blocks }: PageBody): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const block of blocks) parts.push(block);
  return Buffer.concat(parts).toString('utf8');
}

/** What sync relies on, whatever stands behind the port. `open` gives an org of its own. */
export function remoteContract(name: string, open: () => Promise<ContractRemote>): void {
  async function opened(): Promise<Opened> {
    const { remote, ...rest } = await open();
    return { ...rest, remote, records: remote.of(contact) };
  }
  /** With five contacts; their ids in the order of `names`. */
  async function filled(): Promise<Opened & { ids: string[] }> {
    const org = await opened();
    const outcomes = await org.records.writes.createMany(names.map((LastName) => ({ LastName })));
    return { ...org, ids: outcomes.map((outcome) => (outcome.kind === 'done' ? outcome.id : outcome.kind)) };
  }

  describe(`${name}: the org`, () => {
    test('tells its time, ever later, its calls, and who asks', async () => {
      await using org = await opened();
      const { clock, usage } = org.remote;
      const { orgId, userId } = await org.remote.identity();
      expect([orgId, userId]).toEqual([
        expect.stringMatching(/^00D\w{15}$/),
        expect.stringMatching(/^005\w{15}$/),
      ]);
      const times = [clock.now(), clock.now(), clock.now()];
      expect(times.every((at, i) => i === 0 || at > times[i - 1]!)).toBe(true);
      expect(clock.told()).toBeLessThanOrEqual(clock.now());
      const before = usage.sent();
      await org.records.count(null);
      expect(usage.sent()).toBe(before + 1);
      const { dailyApiRequests } = await usage.limits();
      expect(dailyApiRequests.remaining).toBeLessThanOrEqual(dailyApiRequests.max);
    });

    test('describes the object, and says that nothing has changed since where it vouches for that', async () => {
      await using org = await opened();
      const described = await org.records.describe();
      if (described === 'not-modified') throw new Error('Nobody asked that.');
      const types = new Map(described.fields.map((field) => [field.name, field.type]));
      expect([types.get('Id'), types.get('SystemModstamp')]).toEqual(['id', 'datetime']);
      const { lastModified } = described;
      if (lastModified !== null)
        expect(await org.records.describe({ ifModifiedSince: lastModified })).toBe('not-modified');
      expect((await org.remote.queries.fieldsOf(contact.name))?.length).toBe(described.fields.length);
      expect(await org.remote.queries.fieldsOf('Nothing__c')).toBeNull();
    });

    test('is asked nothing by whoever has been told to stop', async () => {
      await using org = await filled();
      const before = org.remote.usage.sent();
      const signal = AbortSignal.abort();
      const soql = select(contact.name, ['Id'], []);
      for (const asked of [
        () => org.records.count(null, { signal }),
        () => org.remote.queries.all(soql, { signal }),
        () => org.records.retrieve(org.ids, fields, { signal }),
        () => org.records.writes.deleteMany(org.ids, { signal }),
        () => org.remote.bulk.create(soql, 'query', { signal }),
      ])
        await expect(asked()).rejects.toMatchObject({ name: 'AbortError' });
      expect(org.remote.usage.sent()).toBe(before);
      expect(await org.records.count(null)).toBe(names.length);
    });
  });

  describe(`${name}: reading`, () => {
    test('counts what lives, and what meets a condition', async () => {
      await using org = await filled();
      expect(await org.records.count(null)).toBe(5);
      expect(await org.records.count(`LastName = ${soqlString('Cole')}`)).toBe(1);
    });

    test('a small query is whole, and tells of deleted records only where they are asked for', async () => {
      await using org = await filled();
      await org.records.writes.deleteMany([org.ids[1]!]);
      const soql = select(
        contact.name,
        ['Id', 'IsDeleted'],
        [`Id IN (${org.ids.map(soqlString).join(',')})`],
      );
      const live = await org.remote.queries.all(soql);
      expect(live.records.map(({ Id }) => Id).sort()).toEqual(org.ids.filter((_, i) => i !== 1).sort());
      expect(live.totalSize).toBe(4);
      expect(live.answeredAt).toBeGreaterThanOrEqual(live.readAt);
      const all = await org.remote.queries.all(soql, { deleted: true });
      expect(all.records.filter(({ IsDeleted }) => IsDeleted === true).map(({ Id }) => Id)).toEqual([
        org.ids[1],
      ]);
    });

    test('pages after a key come in order, each record once', async () => {
      await using org = await filled();
      const seen: string[] = [];
      let after: { stamp: string; id: string } | null = null;
      for (let page = 0; page < 4; page++) {
        const soql = selectKeyPage(contact.name, fields, [], 'CreatedDate', after, 2);
        const body = await org.remote.queries.page(soql, fields, { pageSize: 2_000 });
        expect(body).toMatchObject({ format: 'query', fields, expectedRows: null });
        const { records, done } = JSON.parse(await textOf(body)) as { records: Row[]; done: boolean };
        expect(done).toBe(true);
        seen.push(...records.map(({ Id }) => String(Id)));
        const last = records.at(-1);
        if (last === undefined) break;
        after = { stamp: String(last.CreatedDate), id: String(last.Id) };
      }
      expect(seen).toEqual([...org.ids].sort());
      expect(org.remote.queries.requestBytes('SELECT Id FROM Contact')).toBeGreaterThan(20);
    });

    test('by ids: in their order, null for what is not there', async () => {
      await using org = await filled();
      await org.records.writes.deleteMany([org.ids[3]!]);
      const asked = [org.ids[4]!, org.ids[3]!, org.ids[0]!];
      const body = await org.records.retrieve(asked, fields);
      expect(body).toMatchObject({ format: 'collection', fields, expectedRows: 3, ids: asked });
      const rows = JSON.parse(await textOf(body)) as (Row | null)[];
      expect(rows.map((row) => row?.LastName ?? null)).toEqual(['Egan', null, 'Ames']);
    });

    test('a bulk job ends, its pages hold what it says, as old as itself, and deleted it is gone', async () => {
      await using org = await filled();
      const { bulk, clock } = org.remote;
      const { id } = await bulk.create(select(contact.name, fields, []), 'query');
      const madeAt = clock.now();
      let job = await bulk.info(id);
      for (let tries = 0; job.state !== 'JobComplete' && tries < 200; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        job = await bulk.info(id);
      }
      expect(job).toMatchObject({ id, state: 'JobComplete', numberRecordsProcessed: 5, errorMessage: null });
      const rows: string[] = [];
      for (let locator: string | null = null; ; ) {
        const { body, nextLocator } = await bulk.results(id, fields, { locator });
        const lines = (await textOf(body)).trimEnd().split('\n').slice(1);
        expect(body.format).toBe('csv');
        expect(body.expectedRows).toBe(lines.length);
        expect(body.readAt).toBeLessThan(madeAt);
        rows.push(...lines);
        if (nextLocator === null) break;
        locator = nextLocator;
      }
      for (const each of org.ids) expect(rows.filter((row) => row.includes(each))).toHaveLength(1);
      const listed: string[] = [];
      for (const url of (await bulk.resultPages(id)).resultUrls)
        listed.push(
          ...(await textOf((await bulk.resultPage(url, fields)).body)).trimEnd().split('\n').slice(1),
        );
      expect(listed).toEqual(rows);
      await bulk.delete(id);
      await bulk.delete(id);
      await expect(bulk.info(id)).rejects.toMatchObject({
        code: 'SALESFORCE_ERROR',
        details: { status: 404 },
      });
    });

    test('an ingest job does nothing before it is closed; then each row is in one result file', async () => {
      await using org = await filled();
      const { ingest } = org.records;
      const job = await ingest.create({ operation: 'insert' });
      expect(job).toMatchObject({ state: 'Open', processed: 0, failed: 0, errorMessage: null });
      const rows = ['"Ö ""x"", y"', '', '"two\nlines"', '=1+1'];
      await ingest.upload(job.id, async function* () {
        yield Buffer.from('LastName,Title\n');
        for (const name of rows) yield Buffer.from(`${name},T\n`);
      });
      expect(await org.records.count(null)).toBe(names.length);
      expect((await ingest.info(job.id))?.state).toBe('Open');
      expect((await ingest.close(job.id)).state).toBe('UploadComplete');
      await expect(ingest.close(job.id)).rejects.toMatchObject({ code: 'SALESFORCE_ERROR' });
      let now = await ingest.info(job.id);
      for (let tries = 0; now?.state !== 'JobComplete' && tries < 200; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        now = await ingest.info(job.id);
      }
      expect(now).toMatchObject({ id: job.id, state: 'JobComplete', processed: 4, failed: 1 });
      const found: Record<string, IngestRow[]> = {};
      for (const file of ['successful', 'failed', 'unprocessed'] as const) {
        found[file] = [];
        for await (const some of ingest.results(job.id, file, ['Title', 'LastName']))
          found[file].push(...some);
      }
      const { successful = [], failed = [], unprocessed } = found;
      expect(unprocessed).toEqual([]);
      expect(successful.map(({ cells }) => cells.join()).toSorted()).toEqual([
        'T,=1+1',
        'T,two\nlines',
        'T,Ö "x", y',
      ]);
      expect(successful.every(({ created }) => created)).toBe(true);
      expect(new Set(successful.map(({ id }) => id)).size).toBe(3);
      expect(failed).toMatchObject([
        { id: null, cells: ['T', ''], error: { code: 'REQUIRED_FIELD_MISSING', fields: ['LastName'] } },
      ]);
      expect(await org.records.count(null)).toBe(names.length + 3);
      await ingest.delete(job.id);
      await ingest.delete(job.id);
      expect(await ingest.info(job.id)).toBeNull();
    });

    test('an ingest job that is aborted while it is open never does anything', async () => {
      await using org = await filled();
      const { ingest } = org.records;
      const { id } = await ingest.create({ operation: 'delete' });
      await ingest.upload(id, async function* () {
        yield Buffer.from(`Id\n${org.ids[0]}\n`);
      });
      await ingest.abort(id);
      expect((await ingest.info(id))?.state).toBe('Aborted');
      await expect(ingest.close(id)).rejects.toMatchObject({ code: 'SALESFORCE_ERROR' });
      expect(await org.records.count(null)).toBe(names.length);
    });

    test('lists what was changed and deleted in a span of minutes', async () => {
      await using org = await filled();
      await org.records.writes.deleteMany([org.ids[0]!]);
      const minute = Math.floor(org.remote.clock.now() / minuteMs) * minuteMs;
      const window = { start: minute - minuteMs, end: minute + minuteMs };
      const updated = await org.records.changes.updated(window);
      // One that was deleted after its change is named by both.
      expect([...updated.ids].sort()).toEqual([...org.ids].sort());
      const deleted = await org.records.changes.deleted(window);
      expect(deleted.records).toEqual([{ id: org.ids[0], deletedDate: expect.any(String) }]);
      for (const { latestDateCovered, answeredAt } of [updated, deleted]) {
        expect(latestDateCovered).toBeLessThanOrEqual(window.end);
        expect(answeredAt).toBeGreaterThan(window.start);
      }
      const before = { start: window.start - 10 * minuteMs, end: window.start };
      expect((await org.records.changes.updated(before)).ids).toEqual([]);
    });
  });

  describe(`${name}: writing`, () => {
    test('tells of each record what became of it, in their order', async () => {
      await using org = await filled();
      const { writes } = org.records;
      expect(await writes.createMany([{ LastName: 'Fay' }, { FirstName: 'Nameless' }])).toMatchObject([
        { kind: 'done', created: true },
        { kind: 'refused', errors: [{ code: 'REQUIRED_FIELD_MISSING' }] },
      ]);
      const [first, second] = org.ids as [string, string];
      expect(await writes.deleteMany([second])).toEqual([{ kind: 'done', id: second, created: false }]);
      expect(
        await writes.updateMany([
          { Id: first, LastName: 'Adams' },
          { Id: second, LastName: 'Late' },
        ]),
      ).toMatchObject([{ kind: 'done', id: first, created: false }, { kind: 'refused' }]);
      expect(await org.records.count(`LastName = ${soqlString('Adams')}`)).toBe(1);
    });

    test('a create repeated by its key is made once', async () => {
      await using org = await opened();
      const record = { key: randomUUID(), fields: { LastName: 'Once' } };
      const outcome = await org.records.writes.createIdempotent(record);
      expect(outcome).toMatchObject({ kind: 'done', created: true });
      expect(await org.records.writes.createIdempotent(record)).toEqual(outcome);
      expect(await org.records.count(null)).toBe(1);
    });
  });
}

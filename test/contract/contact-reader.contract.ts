import { describe, expect, test } from 'vitest';
import type {
  ContactReader,
  ContactSelection,
  ReaderListing,
  ReadingOptions,
} from '../../src/sync/ports/contact-reader.ts';
import type { Mirror } from '../../src/sync/ports/mirror.ts';
import { contactFields, describeOf, storedNames } from '../store/sqlite/contact-fields.ts';
import { contactId, contactRow, csvPage, epoch, type Row, stampOf } from '../store/sqlite/pages.ts';
import { heldLease } from '../support/leases.ts';
import { rowsRead } from '../support/rows-read.ts';
import type { OpenedMirrors } from './mirrors.contract.ts';

const org = 'https://a.example';

const people = [
  contactRow(1, {
    FirstName: 'Ada',
    LastName: 'Lovelace',
    Email: 'ada@analytical.example',
    Phone: '+1 (415) 555-0123',
  }),
  contactRow(2, { FirstName: 'Jürgen', LastName: 'MÜLLER', Email: null, Phone: '030/1234567' }),
  contactRow(3, { FirstName: '100%', LastName: 'under_score', Email: 'x@example.com' }),
  contactRow(4, { FirstName: 'Gone', LastName: 'Away' }),
];
const many = Array.from({ length: 1_200 }, (_, n) => contactRow(n));

const burial = {
  id: contactId(4),
  gone: 'merged',
  masterRecordId: contactId(1),
  systemModstamp: stampOf(60),
  evidenceAt: epoch + 60_000,
} as const;

const rowsOf = (listing: ReaderListing) => rowsRead(listing.batches());

interface Filled extends AsyncDisposable {
  mirror: Mirror;
  read(): Promise<ContactReader>;
}

/**
 * What people's readings of contacts rely on, whichever store stands behind the port. `open` gives an installation of
 * its own without a mirror; `conditions`: whether the store knows SQL.
 */
export function contactReaderContract(
  name: string,
  open: () => Promise<OpenedMirrors>,
  { conditions }: { conditions: boolean },
): void {
  async function empty(): Promise<Filled> {
    const opened = await open();
    const mirror = await opened.mirrors.open(org, { create: true, lease: heldLease() });
    return {
      mirror,
      read: () => opened.mirrors.read(org),
      async [Symbol.asyncDispose]() {
        await mirror[Symbol.asyncDispose]();
        await opened[Symbol.asyncDispose]();
      },
    };
  }

  async function filled(rows: readonly Row[] = people): Promise<Filled> {
    const opened = await empty();
    await opened.mirror.schema.applyDescribe(describeOf(), epoch);
    await opened.mirror.commit({ page: csvPage(storedNames, rows, epoch) });
    return opened;
  }

  async function filledAndBuried(): Promise<Filled> {
    const opened = await filled();
    await opened.mirror.commit({ tombstones: [burial] });
    return opened;
  }

  describe(`${name}: a reader of contacts`, () => {
    test('there is none where there is no mirror', async () => {
      await using opened = await open();
      await expect(opened.mirrors.read(org)).rejects.toMatchObject({ code: 'NO_MIRROR' });
      expect(await opened.mirrors.exists(org)).toBe(false);
    });

    test('lists live contacts or tombstones, with how many there are', async () => {
      await using opened = await filledAndBuried();
      await using reader = await opened.read();
      const page = await reader.list({ limit: 2, deleted: false });
      expect(page.columns.map((column) => column.name)).toEqual(storedNames);
      expect(page.total).toBe(3);
      expect((await rowsOf(page)).map(([id]) => id)).toEqual([contactId(1), contactId(2)]);
      const gone = await reader.list({ limit: 9, deleted: true });
      expect(gone.total).toBe(1);
      expect(gone.columns.at(-1)).toEqual({ name: '_gone', type: 'string' });
      const [row] = await rowsOf(gone);
      expect([row?.[0], row?.at(-1)]).toEqual([contactId(4), 'merged']);
    });

    test('gives a long list in batches, as often as asked, from the moment of its total', async () => {
      await using opened = await filled(many);
      await using reader = await opened.read();
      const listing = await reader.list({ limit: 1_100, deleted: false, fields: ['Id'] });
      expect(listing.total).toBe(1_200);
      await opened.mirror.commit({ tombstones: [burial] });
      for (const _again of [1, 2]) {
        const lengths: number[] = [];
        const ids: unknown[] = [];
        for await (const batch of listing.batches()) {
          lengths.push(batch.length);
          ids.push(...batch.flat());
        }
        expect(lengths).toEqual([500, 500, 100]);
        expect(ids).toContain(contactId(4));
      }
    });

    test('lists the fields and the order that are asked for', async () => {
      await using opened = await filledAndBuried();
      await using reader = await opened.read();
      const list = async (selection: ContactSelection & { limit?: number }) => {
        const listing = await reader.list({ limit: 9, deleted: false, ...selection });
        return { ...listing, rows: await rowsOf(listing) };
      };
      expect(await list({ fields: ['lastname', 'Id', '_state', '_error', '_KEY'] })).toMatchObject({
        columns: [
          { name: 'LastName', type: 'string' },
          { name: 'Id', type: 'id' },
          { name: '_state', type: 'string' },
          { name: '_error', type: 'string' },
          { name: '_key', type: 'string' },
        ],
        rows: [
          ['Lovelace', contactId(1), 'synced', null, contactId(1)],
          ['MÜLLER', contactId(2), 'synced', null, contactId(2)],
          ['under_score', contactId(3), 'synced', null, contactId(3)],
        ],
      });
      const emails = async (sort: ContactSelection['sort']) =>
        (await list({ fields: ['Email'], sort })).rows.flat();
      const ada = 'ada@analytical.example';
      expect(await emails({ field: 'Email', descending: false })).toEqual([ada, 'x@example.com', null]);
      expect(await emails({ field: 'email', descending: true })).toEqual(['x@example.com', ada, null]);
      const second = await list({ limit: 1, offset: 1, fields: ['Id'] });
      expect(second).toMatchObject({ rows: [[contactId(2)]], total: 3 });
      expect(await list({ offset: 9, fields: ['Id'] })).toMatchObject({ rows: [], total: 3 });
    });

    test(conditions ? 'lists what an SQL condition is true of' : 'refuses a condition', async () => {
      await using opened = await filledAndBuried();
      await using reader = await opened.read();
      const where = "LastName in ('Lovelace', 'Away') or Email is null";
      const list = (deleted: boolean) => reader.list({ limit: 9, deleted, where, fields: ['Id'] });
      const exported = () => rowsRead(reader.batches({ where, fields: ['Id', 'Email'] }));
      if (!conditions) {
        const fault = { code: 'INVALID_INPUT', details: { flag: '--where' } };
        await expect(list(false)).rejects.toMatchObject(fault);
        await expect(reader.chosen({ where })).rejects.toMatchObject(fault);
        await expect(exported()).rejects.toMatchObject(fault);
        return;
      }
      const live = await list(false);
      expect([live.total, await rowsOf(live)]).toEqual([2, [[contactId(1)], [contactId(2)]]]);
      const gone = await list(true);
      expect([gone.total, await rowsOf(gone)]).toEqual([1, [[contactId(4), 'merged']]]);
      expect(await reader.chosen({ where, fields: ['id'] })).toEqual([{ name: 'Id', type: 'id' }]);
      expect(await exported()).toEqual([
        [contactId(1), 'ada@analytical.example'],
        [contactId(2), null],
      ]);
    });

    test('a field that is not there is told by its name', async () => {
      await using opened = await filled();
      await using reader = await opened.read();
      const named = (field: string) => ({
        code: 'INVALID_INPUT',
        message: expect.stringContaining(field),
      });
      for (const asked of [{ fields: ['Emial'] }, { sort: { field: 'Emial', descending: false } }])
        await expect(reader.list({ limit: 9, deleted: false, ...asked })).rejects.toMatchObject(
          named('Emial'),
        );
      await expect(reader.chosen({ fields: ['Emial'] })).rejects.toMatchObject(named('Emial'));
      await expect(reader.list({ limit: 9, deleted: true, fields: ['_state'] })).rejects.toMatchObject(
        named('_state'),
      );
    });

    test('a field that was left out of the copy is not shown, and refused as old', async () => {
      await using opened = await filled();
      const kept = contactFields.flatMap((field) => (field.name === 'Phone' ? [] : [field.name]));
      await opened.mirror.schema.applyDescribe(describeOf(), epoch + 1, kept);
      await using reader = await opened.read();
      expect((await reader.chosen({})).map((column) => column.name)).not.toContain('Phone');
      const old = { code: 'INVALID_INPUT', message: expect.stringContaining('no longer keeps the field') };
      await expect(reader.chosen({ fields: ['phone'] })).rejects.toMatchObject(old);
      await expect(reader.list({ limit: 9, deleted: true, fields: ['Phone'] })).rejects.toMatchObject(old);
    });

    test('searches names, e-mail and phones, whatever the case, and takes % and _ for what they are', async () => {
      await using opened = await filledAndBuried();
      await using reader = await opened.read();
      const found = async (text: string) =>
        (await rowsOf(await reader.search(text, { limit: 9 }))).map(([id]) => id);
      expect(await found('LOVE')).toEqual([contactId(1)]);
      expect(await found('Analytical')).toEqual([contactId(1)]);
      expect(await found('müller')).toEqual([contactId(2)]);
      expect(await found('Müller')).toEqual([contactId(2)]);
      expect(await found('JÜRGEN')).toEqual([contactId(2)]);
      expect(await found('4155550123')).toEqual([contactId(1)]);
      expect(await found('030 1234')).toEqual([contactId(2)]);
      expect(await found('0%')).toEqual([contactId(3)]);
      expect(await found('r_s')).toEqual([contactId(3)]);
      expect(await found('a_a')).toEqual([]);
      expect(await found('Away')).toEqual([]);
      expect(await found("'; DROP TABLE contact; --")).toEqual([]);
      const first = await reader.search('e', { limit: 1 });
      expect([first.total, await rowsOf(first)]).toEqual([3, [expect.arrayContaining([contactId(1)])]]);
      expect(await reader.wantsSearchIndex()).toBe(false);
    });

    test('finds the live contacts of an e-mail, whatever its case', async () => {
      await using opened = await filled([...people, contactRow(5, { Email: 'ADA@analytical.example' })]);
      await using reader = await opened.read();
      expect(await reader.idsByEmail('Ada@Analytical.example')).toEqual([contactId(1), contactId(5)]);
      await opened.mirror.commit({ tombstones: [{ ...burial, id: contactId(1) }] });
      expect(await reader.idsByEmail('ada@analytical.example')).toEqual([contactId(5)]);
      expect(await reader.idsByEmail('nobody@example.com')).toEqual([]);
    });

    test('shows one contact by either length of its Id, tombstones too', async () => {
      await using opened = await filledAndBuried();
      await using reader = await opened.read();
      for (const id of [contactId(1), contactId(1).slice(0, 15)])
        expect(await reader.show(id)).toMatchObject({
          key: contactId(1),
          state: 'synced',
          error: null,
          gone: null,
        });
      const gone = await reader.show(contactId(4));
      expect(gone).toMatchObject({ gone: 'merged', readAt: stampOf(0) });
      expect(gone?.row[storedNames.indexOf('MasterRecordId')]).toBe(contactId(1));
      expect(await reader.show(contactId(1).slice(0, 14))).toBeNull();
      expect(await reader.show('nobody')).toBeNull();
    });

    test('knows who contacts are, the gone ones too', async () => {
      await using opened = await filledAndBuried();
      await using reader = await opened.read();
      const ids = [contactId(1), contactId(2), contactId(4), contactId(99)];
      const found = await reader.people(ids);
      expect([...found.keys()].toSorted()).toEqual([contactId(1), contactId(2), contactId(4)]);
      expect(found.get(contactId(1))).toEqual({ name: 'Ada Lovelace', email: 'ada@analytical.example' });
      expect(found.get(contactId(2))).toEqual({ name: 'Jürgen MÜLLER', email: null });
      expect(found.get(contactId(4))?.name).toBe('Gone Away');
      expect(await reader.people([])).toEqual(new Map());
    });

    test('exports all live contacts from one snapshot while more are written', async () => {
      await using opened = await filled(many);
      await using reader = await opened.read();
      let rows = 0;
      for await (const batch of reader.batches()) {
        rows += batch.length;
        const late = Array.from({ length: 700 }, (_, n) => contactRow(5_000 + n));
        await opened.mirror.commit({ page: csvPage(storedNames, late, epoch) });
      }
      expect(rows).toBe(1_200);
      expect((await reader.list({ limit: 1, deleted: false })).total).toBe(1_900);
    });

    test('an export that is left halfway lets the reader go on', async () => {
      await using opened = await filled(many);
      await using reader = await opened.read();
      for await (const _ of reader.batches()) break;
      expect((await reader.list({ limit: 1, deleted: false })).total).toBe(1_200);
    });

    test('an abort ends a reading before its next batch, and lets the reader go on', async () => {
      await using opened = await filled(many);
      await using reader = await opened.read();
      const listing = await reader.list({ limit: 1_200, deleted: false });
      const readings = [
        (options: ReadingOptions) => listing.batches(options),
        (options: ReadingOptions) => reader.batches({}, options),
      ];
      for (const read of readings) {
        const stop = new AbortController();
        let seen = 0;
        await expect(async () => {
          for await (const _ of read({ signal: stop.signal })) {
            seen++;
            stop.abort();
          }
        }).rejects.toMatchObject({ name: 'AbortError' });
        expect(seen).toBe(1);
      }
      expect(await reader.coveredUntil()).toBeNull();
    });

    test('reads an empty mirror, before and after its first describe', async () => {
      await using opened = await empty();
      {
        await using reader = await opened.read();
        const listing = await reader.list({ limit: 5, deleted: false });
        expect(listing).toMatchObject({ columns: [], total: 0 });
        expect(await rowsOf(listing)).toEqual([]);
        expect((await reader.search('x', { limit: 5 })).total).toBe(0);
        expect(await reader.show('x')).toBeNull();
        expect(await reader.idsByEmail('x@example.com')).toEqual([]);
        expect(await reader.people([contactId(1)])).toEqual(new Map());
        expect(await rowsRead(reader.batches())).toEqual([]);
        expect(await reader.coveredUntil()).toBeNull();
      }
      const { mirror } = opened;
      await mirror.schema.applyDescribe(describeOf(), epoch);
      const cursors = { kind: 'set-first-cursors', updated: epoch + 2, deleted: epoch + 1 } as const;
      await mirror.commit({ effects: [cursors] });
      await using reader = await opened.read();
      expect(await rowsOf(await reader.list({ limit: 5, deleted: true }))).toEqual([]);
      expect(await reader.coveredUntil()).toBe(epoch + 1);
    });
  });
}

import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { MirrorReader } from '../../../src/store/sqlite/reader.ts';
import type { ReaderListing } from '../../../src/sync/ports/contact-reader.ts';
import { contactFields, describeOf, storedNames } from './contact-fields.ts';
import { contactId, contactRow, csvPage, epoch, type Row, stampOf } from './pages.ts';
import { openTempMirror, type TempMirrors } from './temp-mirrors.ts';

const withRows = (listing: ReaderListing) => ({ ...listing, rows: rowsOf(listing) });
const rowsOf = (listing: ReaderListing) => [...listing.batches()].flat();

async function filled(rows: readonly Row[]): Promise<TempMirrors> {
  const temp = await openTempMirror();
  await temp.mirror.schema.applyDescribe(describeOf(), epoch);
  await temp.mirror.commit({ page: csvPage(storedNames, rows, epoch) });
  return temp;
}

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

const burial = {
  id: contactId(4),
  gone: 'merged',
  masterRecordId: contactId(1),
  systemModstamp: stampOf(60),
  evidenceAt: epoch + 60_000,
} as const;

describe('the reader', () => {
  test('lists live contacts or tombstones, with how many there are', async () => {
    await using temp = await filled(people);
    await temp.mirror.commit({ tombstones: [burial] });
    using reader = new MirrorReader(temp.mirror.location);
    expect(reader.columns.map(({ name }) => name)).toEqual(storedNames);
    const page = reader.list({ limit: 2, deleted: false });
    expect(page.total).toBe(3);
    expect(rowsOf(page).map(([id]) => id)).toEqual([contactId(1), contactId(2)]);
    const gone = reader.list({ limit: 9, deleted: true });
    expect(gone.total).toBe(1);
    expect(gone.columns.at(-1)).toEqual({ name: '_gone', type: 'string' });
    expect([rowsOf(gone)[0]?.[0], rowsOf(gone)[0]?.at(-1)]).toEqual([contactId(4), 'merged']);
  });

  test('gives a long list in batches, as often as asked, from the moment of its total', async () => {
    await using temp = await filled(Array.from({ length: 1_200 }, (_, n) => contactRow(n)));
    using reader = new MirrorReader(temp.mirror.location);
    const listing = reader.list({ limit: 1_100, deleted: false, fields: ['Id'] });
    expect(listing.total).toBe(1_200);
    await temp.mirror.commit({ tombstones: [burial] });
    for (const _again of [1, 2]) {
      const batches = [...listing.batches()];
      expect(batches.map(({ length }) => length)).toEqual([500, 500, 100]);
      expect(batches.flat().map(([id]) => id)).toContain(contactId(4));
    }
  });

  test('lists the contacts, fields and order that are asked for', async () => {
    await using temp = await filled(people);
    await temp.mirror.commit({ tombstones: [burial] });
    using reader = new MirrorReader(temp.mirror.location);
    const list = (selection: object) => withRows(reader.list({ limit: 9, deleted: false, ...selection }));
    expect(
      list({ where: "LastName = 'Lovelace' or Email is null", fields: ['lastname', 'Id', '_state'] }),
    ).toMatchObject({
      columns: [
        { name: 'LastName', type: 'string' },
        { name: 'Id', type: 'id' },
        { name: '_state', type: 'string' },
      ],
      rows: [
        ['Lovelace', contactId(1), 'synced'],
        ['MÜLLER', contactId(2), 'synced'],
      ],
      total: 2,
    });
    const emails = (selection: object) => list({ fields: ['Email'], ...selection }).rows.flat();
    expect(emails({ sort: { field: 'Email', descending: false } })).toEqual([
      'ada@analytical.example',
      'x@example.com',
      null,
    ]);
    expect(emails({ sort: { field: 'email', descending: true } })).toEqual([
      'x@example.com',
      'ada@analytical.example',
      null,
    ]);
    expect(list({ limit: 1, offset: 1, fields: ['Id'] })).toMatchObject({ rows: [[contactId(2)]], total: 3 });
    expect(list({ offset: 9, fields: ['Id'] })).toMatchObject({ rows: [], total: 3 });
    expect(list({ where: 'true -- a comment', fields: ['Id'] }).total).toBe(3);
    expect(
      withRows(reader.list({ limit: 9, deleted: true, where: "LastName = 'Away'", fields: ['Id'] })),
    ).toMatchObject({
      rows: [[contactId(4), 'merged']],
      total: 1,
    });
    expect([...reader.batches({ where: 'Email is null', fields: ['Id', 'Email'] })]).toEqual([
      [[contactId(2), null]],
    ]);
    expect(reader.idsByEmail('ADA@analytical.example')).toEqual([contactId(1)]);
  });

  test.each([
    [''],
    ['   '],
    ['true; DELETE FROM contact'],
    ["true; ATTACH 'x.db' AS x"],
    ['true) UNION SELECT (1'],
    ['1), (2'],
    ['true) --'],
    ['DELETE FROM contact'],
    ['Nope = 1'],
    ['LastName = "Ng"'],
    ['LastName = ?'],
    ['LastName = :name'],
    ['count(*) > 1'],
    ["'open"],
    ["json_extract(LastName, '$') = 1"],
    ['sum(1)'],
  ])('a condition that is none is the fault of who wrote it: %j', async (where) => {
    await using temp = await filled(people);
    using reader = new MirrorReader(temp.mirror.location);
    const fault = expect.objectContaining({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('--where'),
    });
    expect(() => reader.list({ limit: 9, deleted: false, where })).toThrow(fault);
    expect(() => [...reader.batches({ where })]).toThrow(fault);
    expect(reader.list({ limit: 9, deleted: false }).total).toBe(4);
  });

  test('a field that is not there is told by its name', async () => {
    await using temp = await filled(people);
    using reader = new MirrorReader(temp.mirror.location);
    for (const asked of [{ fields: ['Emial'] }, { sort: { field: 'Emial', descending: false } }]) {
      expect(() => reader.list({ limit: 9, deleted: false, ...asked })).toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining('Emial') }),
      );
    }
    expect(() => reader.list({ limit: 9, deleted: true, fields: ['_state'] })).toThrow(/_state/);
  });

  test('searches names, e-mail and phones, whatever the case, and takes % and _ for what they are', async () => {
    await using temp = await filled(people);
    await temp.mirror.commit({ tombstones: [burial] });
    using reader = new MirrorReader(temp.mirror.location);
    const found = (text: string) => rowsOf(reader.search(text, { limit: 9 })).map(([id]) => id);
    expect(found('LOVE')).toEqual([contactId(1)]);
    expect(found('Analytical')).toEqual([contactId(1)]);
    expect(found('müller')).toEqual([contactId(2)]);
    expect(found('Müller')).toEqual([contactId(2)]);
    expect(found('JÜRGEN')).toEqual([contactId(2)]);
    expect(found('4155550123')).toEqual([contactId(1)]);
    expect(found('030 1234')).toEqual([contactId(2)]);
    expect(found('0%')).toEqual([contactId(3)]);
    expect(found('r_s')).toEqual([contactId(3)]);
    expect(found('a_a')).toEqual([]);
    expect(found('Away')).toEqual([]);
    expect(found("'; DROP TABLE contact; --")).toEqual([]);
    expect(reader.search('e', { limit: 1 }).total).toBe(3);
  });

  test('shows one contact by either length of its Id, tombstones too', async () => {
    await using temp = await filled(people);
    await temp.mirror.commit({ tombstones: [burial] });
    using reader = new MirrorReader(temp.mirror.location);
    for (const id of [contactId(1), contactId(1).slice(0, 15)]) {
      expect(reader.show(id)).toMatchObject({ key: contactId(1), gone: null });
    }
    const gone = reader.show(contactId(4));
    expect(gone).toMatchObject({ gone: 'merged', readAt: stampOf(0) });
    expect(gone?.row[storedNames.indexOf('MasterRecordId')]).toBe(contactId(1));
    expect(reader.show(contactId(1).slice(0, 14))).toBeNull();
    expect(reader.show('nobody')).toBeNull();
  });

  test('shows a pushed contact by the key that it had before Salesforce knew it', async () => {
    await using temp = await filled(people);
    const { mirror } = temp;
    const key = '7f1c2f44-9a5e-4f3c-8d55-0b6f0a3f1c11';
    await mirror.outbox.add([
      {
        key,
        op: 'create',
        contactKey: key,
        contactId: null,
        changes: {},
        base: null,
        upsertField: null,
        allowDuplicates: false,
        atomicGroup: null,
        createdAt: epoch,
        state: 'pending',
      },
    ]);
    await mirror.outbox.settle([{ key, state: 'done', contactId: contactId(3), created: true, at: epoch }]);
    await mirror.commit({ effects: [{ kind: 'confirm-read-back', keys: [key] }] });
    using reader = new MirrorReader(mirror.location);
    expect(reader.show(key)?.row[0]).toBe(contactId(3));
    expect(reader.show(contactId(3))?.key).toBe(key);
    expect(temp.sql('SELECT _key FROM contacts WHERE Id = ?', contactId(3))).toEqual([{ _key: key }]);
  });

  test('exports all live contacts from one snapshot while more are written', async () => {
    await using temp = await filled(Array.from({ length: 1_200 }, (_, n) => contactRow(n)));
    using reader = new MirrorReader(temp.mirror.location);
    let rows = 0;
    for (const batch of reader.batches()) {
      rows += batch.length;
      const late = Array.from({ length: 700 }, (_, n) => contactRow(5_000 + n));
      await temp.mirror.commit({ page: csvPage(storedNames, late, epoch) });
    }
    expect(rows).toBe(1_200);
    expect(reader.list({ limit: 1, deleted: false }).total).toBe(1_900);
  });

  test('an export that is left halfway lets the reader go on', async () => {
    await using temp = await filled(Array.from({ length: 1_200 }, (_, n) => contactRow(n)));
    using reader = new MirrorReader(temp.mirror.location);
    for (const _ of reader.batches()) break;
    expect(reader.list({ limit: 1, deleted: false }).total).toBe(1_200);
  });

  test('reads an empty mirror, before and after its first describe', async () => {
    await using temp = await openTempMirror();
    {
      using reader = new MirrorReader(temp.mirror.location);
      expect(reader.list({ limit: 5, deleted: false })).toMatchObject({ columns: [], total: 0 });
      expect(rowsOf(reader.list({ limit: 5, deleted: false }))).toEqual([]);
      expect(reader.search('x', { limit: 5 }).total).toBe(0);
      expect(reader.show('x')).toBeNull();
      expect([...reader.batches()]).toEqual([]);
      expect(reader.coveredUntil()).toBeNull();
    }
    await temp.mirror.schema.applyDescribe(describeOf(), epoch);
    await temp.mirror.commit({
      effects: [{ kind: 'set-first-cursors', updated: epoch + 2, deleted: epoch + 1 }],
    });
    using reader = new MirrorReader(temp.mirror.location);
    expect(rowsOf(reader.list({ limit: 5, deleted: true }))).toEqual([]);
    expect(reader.coveredUntil()).toBe(epoch + 1);
  });
});

describe('the view contacts, for other programs', () => {
  test('refuses writes with a sentence that says how contacts are written', async () => {
    await using temp = await filled(people);
    const db = new Database(temp.mirror.location);
    try {
      for (const sql of [
        "INSERT INTO contacts (LastName) VALUES ('x')",
        "UPDATE contacts SET LastName = 'x'",
        'DELETE FROM contacts',
      ]) {
        expect(() => db.exec(sql)).toThrow(/view contacts is read-only.*parahack-sync push/);
      }
    } finally {
      db.close();
    }
  });

  test('finds by an indexed field and sorts by Id without reading all contacts', async () => {
    await using temp = await filled(people);
    await temp.mirror.contacts.ensureIndices();
    await temp.mirror.contacts.ensureIndices();
    const plan = (sql: string) =>
      temp
        .sql<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .map(({ detail }) => detail)
        .join('; ');
    expect(plan("SELECT * FROM contacts WHERE Email = 'ada@analytical.example'")).toContain('contact_email');
    expect(plan("SELECT * FROM contacts WHERE LastName = 'Lovelace'")).toContain('contact_lastname');
    expect(plan('SELECT * FROM contacts ORDER BY Id LIMIT 5')).toContain('SCAN contact USING INDEX');
  });

  test('a new field is in the view at once', async () => {
    await using temp = await filled(people);
    await temp.mirror.schema.applyDescribe(
      describeOf([...contactFields, { ...contactFields[3]!, name: 'Extra__c' }]),
      epoch,
    );
    expect(temp.sql('SELECT Extra__c FROM contacts LIMIT 1')).toEqual([{ Extra__c: null }]);
  });

  test('the view of a former version, which shows columns that --fields left out, loses them by the next describe', async () => {
    await using temp = await filled(people);
    const all = describeOf(contactFields);
    const only = contactFields.flatMap(({ name }) => (name === 'Phone' ? [] : [name]));
    await temp.mirror.schema.applyDescribe(all, epoch + 1, only);
    const columns = () =>
      temp.sql<{ name: string }>("select name from pragma_table_info('contacts')").map(({ name }) => name);
    const current = columns();
    expect(current).not.toContain('Phone');
    const db = new Database(temp.mirror.location);
    db.exec('drop view contacts; create view contacts as select * from contact');
    db.exec("update field set unfilled = 0 where name = 'Phone'");
    db.close();
    await temp.mirror.schema.applyDescribe(all, epoch + 2);
    expect(columns()).toEqual(current);
    expect(temp.sql('select Phone from contact where Phone is not null').length).toBeGreaterThan(0);
    using reader = new MirrorReader(temp.mirror.location);
    expect(reader.columns.map(({ name }) => name)).not.toContain('Phone');
  });
});

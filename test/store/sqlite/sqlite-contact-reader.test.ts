import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { SqliteContactReader } from '../../../src/store/sqlite/sqlite-contact-reader.ts';
import { newEntry } from '../../contract/new-entry.ts';
import { rowsRead } from '../../support/rows-read.ts';
import { contactFields, describeOf, storedNames } from './contact-fields.ts';
import { contactId, contactRow, csvPage, epoch, type Row } from './pages.ts';
import { openTempMirror, type TempMirrors } from './temp-mirrors.ts';

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

describe('the reader', () => {
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
    await using reader = new SqliteContactReader(temp.mirror.location);
    const fault = expect.objectContaining({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('--where'),
    });
    await expect(reader.list({ limit: 9, deleted: false, where })).rejects.toEqual(fault);
    await expect(rowsRead(reader.batches({ where }))).rejects.toEqual(fault);
    expect((await reader.list({ limit: 9, deleted: false })).total).toBe(4);
  });

  test('a comment at the end of a condition ends with it', async () => {
    await using temp = await filled(people);
    await using reader = new SqliteContactReader(temp.mirror.location);
    const listing = await reader.list({
      limit: 9,
      deleted: false,
      where: 'true -- a comment',
      fields: ['Id'],
    });
    expect(listing.total).toBe(4);
  });

  test('shows a pushed contact by its key to other programs too', async () => {
    await using temp = await filled(people);
    const { mirror } = temp;
    const key = '7f1c2f44-9a5e-4f3c-8d55-0b6f0a3f1c11';
    await mirror.outbox.add([newEntry({ key, contactKey: key })]);
    await mirror.outbox.settle([{ key, state: 'done', contactId: contactId(9), created: true, at: epoch }]);
    await mirror.commit({
      page: csvPage(storedNames, [contactRow(9)], epoch),
      effects: [{ kind: 'confirm-read-back', keys: [key] }],
    });
    expect(temp.sql('SELECT _key FROM contacts WHERE Id = ?', contactId(9))).toEqual([{ _key: key }]);
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
    await using reader = new SqliteContactReader(temp.mirror.location);
    expect(reader.columns.map(({ name }) => name)).not.toContain('Phone');
  });
});

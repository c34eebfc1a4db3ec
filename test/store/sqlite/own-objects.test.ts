import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { heldLease } from '../../support/leases.ts';
import { contactFields, describeOf, storedNames } from './contact-fields.ts';
import { contactRow, csvPage, epoch } from './pages.ts';
import { instanceUrl, openTempMirror, type TempMirrors } from './temp-mirrors.ts';
import { idOf, openTwoWayMirror, person, writtenFields } from './two-way-mirror.ts';

const retyped = (name: string, type: string, fields = contactFields) =>
  describeOf(fields.map((field) => (field.name === name ? { ...field, type } : field)));

/** What people make of their own in a mirror that names the field Phone. */
const own = {
  'a view over contacts': ['CREATE VIEW own_report AS SELECT Id, Phone FROM contacts'],
  'a view over the table': ['CREATE VIEW own_report AS SELECT Id, Phone FROM contact WHERE _gone IS NULL'],
  'a view over a view': [
    'CREATE VIEW own_report AS SELECT Id, Phone FROM contacts',
    'CREATE VIEW own_summary AS SELECT count(Phone) AS n FROM own_report',
  ],
  'a view that fails by itself': ['CREATE VIEW own_report AS SELECT gone FROM nowhere'],
  'an index': ['CREATE INDEX own_phone ON contact (LastName, "Phone" DESC)'],
  'an index without a row': ['CREATE INDEX own_phone ON contact (LastName) WHERE phone IS NOT NULL'],
  'an index of an expression': ['CREATE INDEX own_phone ON contact (lower([PHONE]))'],
  'a trigger': [
    'CREATE TABLE own_log (id TEXT, was TEXT)',
    `CREATE TRIGGER own_note AFTER UPDATE OF Phone ON contact
     BEGIN INSERT INTO own_log VALUES (new.Id, old.Phone); END`,
  ],
  'a trigger of a table of one’s own': [
    'CREATE TABLE own_log (id TEXT)',
    `CREATE TRIGGER own_note AFTER INSERT ON own_log
     BEGIN UPDATE own_log SET id = (SELECT Phone FROM contacts); END`,
  ],
};

const ownOf = ({ sql }: Pick<TempMirrors, 'sql'>) =>
  sql<{ sql: string }>(
    "SELECT sql FROM sqlite_schema WHERE name LIKE 'own\\_%' ESCAPE '\\' ORDER BY name",
  ).map(({ sql: text }) => text);

function make({ mirror }: Pick<TempMirrors, 'mirror'>, statements: readonly string[]): void {
  const db = new Database(mirror.location);
  for (const statement of statements) db.exec(statement);
  db.close();
}

describe('a field becomes another’s kind', () => {
  test.each(Object.entries(own))('beside %s of people', async (_what, statements) => {
    await using temp = await openTempMirror();
    const { mirror } = temp;
    await mirror.schema.applyDescribe(describeOf(), epoch);
    await mirror.commit({ page: csvPage(storedNames, [contactRow(1)], epoch) });
    await mirror.contacts.ensureIndices();
    make(temp, statements);
    const before = ownOf(temp);
    expect(before).toHaveLength(statements.length);

    await mirror.schema.applyDescribe(retyped('Phone', 'double'), epoch + 1);
    expect(ownOf(temp)).toEqual(before);
    await mirror.commit({
      page: csvPage(['Id', 'SystemModstamp', 'Phone'], [{ ...contactRow(1), Phone: 7 }], epoch + 2),
    });
    expect(temp.sql('SELECT Phone FROM contacts')).toEqual([{ Phone: 7 }]);
    expect(temp.sql('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  });

  test('whose own index the lookups use', async () => {
    await using temp = await openTempMirror();
    const { mirror } = temp;
    await mirror.schema.applyDescribe(describeOf(), epoch);
    await mirror.commit({ page: csvPage(storedNames, [contactRow(1)], epoch) });
    await mirror.contacts.ensureIndices();
    await mirror.schema.applyDescribe(retyped('Email', 'double'), epoch + 1);
    expect(temp.sql("SELECT name FROM sqlite_schema WHERE name = 'contact_email'")).toHaveLength(1);
  });

  test('where programs write, and what they wait for is kept', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`
      CREATE VIEW own_report AS SELECT Id, Once__c FROM contacts;
      CREATE VIEW own_open AS SELECT _key, Once__c FROM contact_local;
      CREATE INDEX own_local ON contact_local (Once__c) WHERE Once__c IS NOT NULL;
      UPDATE contacts SET FirstName = 'X' WHERE Id = '${idOf(1)}';
    `);
    const before = ownOf(two);
    await two.mirror.schema.applyDescribe(retyped('Once__c', 'double', writtenFields), epoch + 1);
    await two.pull([person(1, { Once__c: 7 })]);
    expect(ownOf(two)).toEqual(before);
    expect(two.row(idOf(1))).toMatchObject({ FirstName: 'X', Once__c: 7, _state: 'pending' });
    expect(two.sql('SELECT * FROM own_open')).toEqual([{ _key: idOf(1), Once__c: 7 }]);
  });
});

test('a fresh copy takes the mirror’s place beside what people have made of their own', async () => {
  await using temp = await openTempMirror();
  const identity = { orgId: '00D000000000001AAA', userId: '005000000000001AAA', instanceUrl };
  await temp.mirror.setIdentity(identity);
  await temp.mirror.schema.applyDescribe(describeOf(), epoch);
  await temp.mirror.commit({ page: csvPage(storedNames, [contactRow(1)], epoch) });
  make(temp, [
    'CREATE VIEW own_report AS SELECT Id, Phone FROM contacts',
    'CREATE INDEX own_phone ON contact (LastName, "Phone" DESC)',
    'CREATE TABLE own_log (id TEXT, was TEXT)',
    `CREATE TRIGGER own_note AFTER INSERT ON contact BEGIN INSERT INTO own_log VALUES (new.Id, ''); END`,
    // The copy has two such contacts.
    'CREATE UNIQUE INDEX own_unique ON contact (DoNotCall)',
    // The copy has no such field.
    'CREATE INDEX own_vanished ON contact (Visits__c)',
  ]);
  const before = ownOf(temp);
  await temp.mirror[Symbol.asyncDispose]();
  const copy = await temp.mirrors.copies.open(instanceUrl, { create: true, lease: heldLease() });
  await copy.setIdentity(identity);
  await copy.schema.applyDescribe(
    describeOf(contactFields.filter(({ name }) => name !== 'Visits__c')),
    epoch,
  );
  const names = storedNames.filter((name) => name !== 'Visits__c');
  await copy.commit({ page: csvPage(names, [contactRow(1), contactRow(2)], epoch) });
  await copy[Symbol.asyncDispose]();

  await temp.mirrors.copies.replaceMirror(instanceUrl, { force: false, lease: heldLease() });
  expect(ownOf(temp)).toEqual(before.filter((sql) => !/own_unique|own_vanished/.test(sql)));
  expect(temp.sql('SELECT count(*) AS rows FROM own_report')).toEqual([{ rows: 2 }]);
  expect(temp.sql('SELECT * FROM own_log')).toEqual([]);
  expect(temp.sql('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
});

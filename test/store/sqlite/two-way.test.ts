import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';
import { SqliteContactReader } from '../../../src/store/sqlite/sqlite-contact-reader.ts';
import { freshDoubt } from '../../../src/sync/push/settle/fresh-doubt.ts';
import { baseNow, firstPoint } from '../../../src/sync/two-way/own-writes.ts';
import { heldLease } from '../../support/leases.ts';
import { describeOf, field } from './contact-fields.ts';
import { csvPage, epoch } from './pages.ts';
import { instanceUrl } from './temp-mirrors.ts';
import { idOf, openTwoWayMirror, person, stamp, type TwoWayMirror, writtenFields } from './two-way-mirror.ts';

/** Of the statements that are refused, which change nothing of it. */
let shared: TwoWayMirror;
beforeAll(async () => {
  shared = await openTwoWayMirror();
});
afterAll(() => shared[Symbol.asyncDispose]());

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('INSERT', () => {
  test('is a row at once, and an entry of the outbox in the same transaction', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`BEGIN;
      INSERT INTO contacts (_key, LastName, FirstName, DoNotCall, Visits__c, Spent__c, Seen__c, Birthdate)
      VALUES ('app-1', 'Ng', '', 1, '7', 2.5, '2026-03-01 10:20:30', '1990-02-28')`);
    expect(await two.asked()).toEqual([]);
    two.program.exec('COMMIT');
    expect(two.row('app-1')).toEqual({
      _key: 'app-1',
      _state: 'pending',
      LastName: 'Ng',
      DoNotCall: 1,
      Visits__c: 7,
      Spent__c: 2.5,
      Seen__c: '2026-03-01T10:20:30.000Z',
      Birthdate: '1990-02-28',
    });
    const [entry, ...more] = await two.asked();
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      op: 'create',
      contactKey: 'app-1',
      contactId: null,
      base: null,
      state: 'pending',
      changes: {
        LastName: 'Ng',
        DoNotCall: true,
        Visits__c: 7,
        Spent__c: 2.5,
        Seen__c: '2026-03-01T10:20:30.000Z',
        Birthdate: '1990-02-28',
      },
    });
    expect(entry!.key).toMatch(uuid);
    expect(Object.keys(entry!.changes)).toHaveLength(6);
  });

  test('takes an address and an Id without the blanks around them, as a push does', async () => {
    await using two = await openTwoWayMirror();
    const add = two.program.prepare(
      'INSERT INTO contacts (_key, LastName, Email, AccountId) VALUES (?, ?, ?, ?)',
    );
    add.run('app-1', 'Ng', ' \t\u00a0ng@example.com\u3000\n', ' 001000000000001AAA ');
    add.run('app-2', 'Li', ' \u00a0 ', ' ');
    const [first, second] = await two.asked();
    expect(first!.changes).toEqual({
      LastName: 'Ng',
      Email: 'ng@example.com',
      AccountId: '001000000000001AAA',
    });
    expect(second!.changes).toEqual({ LastName: 'Li' });
    expect(two.row('app-1')).toMatchObject(first!.changes);
    expect(() => add.run('app-3', 'No', 'a@example.com b@example.com', null)).toThrow(
      'Email takes one e-mail address.',
    );
  });

  test('that gives no key gets one, a version 4 UUID', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec("INSERT INTO contacts (LastName) VALUES ('A'), ('B')");
    const keys = two.sql<{ _key: string }>('SELECT _key FROM contacts WHERE Id IS NULL');
    expect(keys).toHaveLength(2);
    for (const { _key } of keys) expect(_key).toMatch(uuid);
    expect(new Set(keys.map(({ _key }) => _key)).size).toBe(2);
    expect((await two.asked()).map(({ contactKey }) => contactKey)).toEqual(keys.map(({ _key }) => _key));
  });

  test.each([
    ["(FirstName) VALUES ('x')", 'LastName is required.'],
    ["(LastName) VALUES ('')", 'LastName is required.'],
    ["(LastName) VALUES (' ')", 'LastName is required.'],
    ['(LastName) VALUES (char(9, 10, 13, 32, 31))', 'LastName is required.'],
    ["(LastName, Id) VALUES ('x', '003000000000009AAA')", 'Id is given by Salesforce'],
    ["(LastName, Name) VALUES ('x', 'y')", 'Name is set by Salesforce and cannot be given.'],
    ["(LastName, Sum__c) VALUES ('x', 1)", 'Sum__c is a formula and cannot be given.'],
    ["(LastName, Later__c) VALUES ('x', 'y')", 'Later__c is set by Salesforce and cannot be given.'],
    [
      "(LastName, FirstName) VALUES ('x', printf('%.41c', 'a'))",
      'FirstName is too long: it takes 40 characters.',
    ],
    ["(LastName, Email) VALUES ('x', 'nobody')", 'Email takes one e-mail address.'],
    ["(LastName, DoNotCall) VALUES ('x', 2)", 'DoNotCall takes 0 or 1.'],
    ["(LastName, DoNotCall) VALUES ('x', 'true')", 'DoNotCall takes 0 or 1.'],
    ["(LastName, Visits__c) VALUES ('x', 1.5)", 'Visits__c takes a whole number.'],
    ["(LastName, Visits__c) VALUES ('x', 1000000000)", 'Visits__c takes at most 9 digits.'],
    ["(LastName, Spent__c) VALUES ('x', 'much')", 'Spent__c takes a number.'],
    ["(LastName, Spent__c) VALUES ('x', 100000000)", 'Spent__c takes at most 8 digits before the point.'],
    ["(LastName, Birthdate) VALUES ('x', '2026-02-30')", 'Birthdate takes a date like 2026-01-31'],
    ["(LastName, Birthdate) VALUES ('x', '31.1.2026')", 'Birthdate takes a date like 2026-01-31'],
    ["(LastName, Seen__c) VALUES ('x', 'now')", 'Seen__c takes a time in UTC like 2026-01-31T12:00:00.000Z'],
    ["(LastName, Seen__c) VALUES ('x', '2026-02-30T10:00:00Z')", 'Seen__c takes a time in UTC'],
    ["(LastName, Seen__c) VALUES ('x', '2024-02-29 24:00:00')", 'Seen__c takes a time in UTC'],
    ["(LastName, Rises__c) VALUES ('x', '24:00:00')", 'Rises__c takes a time like 12:30:00.000Z.'],
    ["(LastName, Rises__c) VALUES ('x', 'early')", 'Rises__c takes a time like 12:30:00.000Z.'],
    ["(LastName, AccountId) VALUES ('x', 'Acme')", 'AccountId takes the Id of Account.'],
    ["(LastName, FirstName) VALUES ('x', x'00ff')", 'FirstName takes a text or a number, not a blob.'],
    ["(LastName, _state) VALUES ('x', 'synced')", '_state is set by parahack-sync'],
    ["(LastName, _key) VALUES ('x', '003000000000001AAA')", '_key looks like an Id of Salesforce'],
    ["(LastName, Nickname) VALUES ('x', 'y')", 'has no column named Nickname'],
  ])('refuses %s', async (values, message) => {
    const two = shared;
    expect(() => two.program.exec(`INSERT INTO contacts ${values}`)).toThrow(message);
    expect(() => two.program.exec(`INSERT OR IGNORE INTO contacts ${values}`)).toThrow(message);
    expect(await two.asked()).toEqual([]);
    expect(two.sql('SELECT * FROM contact_local')).toEqual([]);
    expect(two.sql('SELECT * FROM contact_edit')).toEqual([]);
  });

  test('refuses a key twice, with any conflict clause', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
    for (const verb of ['INSERT', 'INSERT OR REPLACE', 'INSERT OR IGNORE', 'REPLACE'])
      expect(() => two.program.exec(`${verb} INTO contacts (_key, LastName) VALUES ('k', 'B')`)).toThrow(
        'a contact with this _key is there already',
      );
    expect(two.row('k')).toMatchObject({ LastName: 'A' });
  });
});

describe('UPDATE', () => {
  test('to the address that is there, with blanks around it, changes nothing, and blanks alone empty it', async () => {
    await using two = await openTwoWayMirror();
    const set = two.program.prepare('UPDATE contacts SET Email = ? WHERE Id = ?');
    set.run(' p1@example.com ', idOf(1));
    expect(await two.asked()).toEqual([]);
    set.run('\u00a0', idOf(1));
    expect((await two.asked()).map(({ changes }) => changes)).toEqual([{ Email: null }]);
    set.run(' ', idOf(1));
    set.run('p1@example.com\n', idOf(1));
    expect(await two.asked()).toEqual([]);
  });

  test('shows at once, is based on what Salesforce said last, and keeps the first base', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`UPDATE contacts SET Email = 'a@example.com' WHERE Id = '${idOf(1)}'`);
    two.program.exec(
      "UPDATE contacts SET Email = 'b@example.com', DoNotCall = 1 WHERE Email = 'a@example.com'",
    );
    expect(two.row(idOf(1))).toMatchObject({ Email: 'b@example.com', DoNotCall: 1, _state: 'pending' });
    expect(await two.asked()).toMatchObject([
      {
        op: 'update',
        contactKey: idOf(1),
        contactId: idOf(1),
        changes: { Email: 'b@example.com', DoNotCall: true },
        base: { Email: 'p1@example.com', DoNotCall: false },
      },
    ]);
    expect(two.sql('SELECT Email FROM contact WHERE Id = ?', idOf(1))).toEqual([{ Email: 'p1@example.com' }]);
  });

  test('that changes nothing asks for nothing', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec("UPDATE contacts SET LastName = LastName, Spent__c = NULL, FirstName = FirstName || ''");
    expect(await two.asked()).toEqual([]);
    expect(two.sql('SELECT * FROM contact_local')).toEqual([]);
  });

  test('that sets a field back withdraws its edit', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`UPDATE contacts SET Email = 'a@example.com', FirstName = 'X' WHERE Id = '${idOf(1)}'`);
    two.program.exec(`UPDATE contacts SET Email = 'p1@example.com' WHERE Id = '${idOf(1)}'`);
    expect(await two.asked()).toMatchObject([{ changes: { FirstName: 'X' }, base: { FirstName: 'First1' } }]);
    expect(Object.keys((await two.asked())[0]!.base!)).toEqual(['FirstName']);
    two.program.exec(`UPDATE contacts SET FirstName = 'First1' WHERE Id = '${idOf(1)}'`);
    expect(await two.asked()).toEqual([]);
    expect(two.row(idOf(1))).toMatchObject({ FirstName: 'First1', _state: 'synced' });
  });

  test.each([
    ["Id = '003000000000009AAA'", 'Id is given by Salesforce and never changes.'],
    ["_key = 'other'", '_key never changes.'],
    ["_state = 'pending'", '_state is set by parahack-sync.'],
    ["Name = 'x'", 'Name is set by Salesforce and cannot be changed.'],
    ["Once__c = 'x'", 'Once__c can only be given when a contact is made.'],
    ['IsDeleted = 1', 'IsDeleted is what DELETE is for'],
    ['LastName = NULL', 'LastName cannot be empty.'],
    ["LastName = ''", 'LastName cannot be empty.'],
    ["LastName = '  '", 'LastName cannot be empty.'],
    ['LastName = char(13, 10)', 'LastName cannot be empty.'],
    ['DoNotCall = NULL', 'DoNotCall takes 0 or 1.'],
    ["Seen__c = 'soon'", 'Seen__c takes a time in UTC'],
    ["Rises__c = 'early'", 'Rises__c takes a time'],
    ["FirstName = printf('%.41c', 'a')", 'FirstName is too long: it takes 40 characters.'],
  ])('refuses SET %s', async (set, message) => {
    const two = shared;
    expect(() => two.program.exec(`UPDATE contacts SET ${set} WHERE Id = '${idOf(1)}'`)).toThrow(message);
    expect(() => two.program.exec(`UPDATE OR REPLACE contacts SET ${set} WHERE Id = '${idOf(1)}'`)).toThrow(
      message,
    );
    expect(await two.asked()).toEqual([]);
    expect(two.sql('SELECT * FROM contact_local')).toEqual([]);
  });

  test('of a contact that waits for its creation goes into that', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec("INSERT INTO contacts (_key, LastName, Email) VALUES ('k', 'A', 'a@example.com')");
    const [before] = await two.asked();
    two.program.exec("UPDATE contacts SET Email = NULL, FirstName = 'F', Once__c = 'o' WHERE _key = 'k'");
    const [entry, ...more] = await two.asked();
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ op: 'create', base: null, contactKey: 'k' });
    expect(entry!.changes).toEqual({ LastName: 'A', FirstName: 'F', Once__c: 'o' });
    // Under another key: whoever has read the entry before cannot send its former values for these.
    expect(entry!.key).not.toBe(before!.key);
    expect(() => two.program.exec("UPDATE contacts SET Later__c = 'x' WHERE _key = 'k'")).toThrow(
      'Later__c can only be changed when the contact has its Id.',
    );
  });

  test('behind one that is under way is an entry of its own, based on what Salesforce said last', async () => {
    await using two = await openTwoWayMirror();
    const { outbox } = two.mirror;
    two.program.exec(`UPDATE contacts SET Email = 'a@example.com' WHERE Id = '${idOf(1)}'`);
    const [first] = await two.asked();
    await outbox.markSent([first!.key], 'collection', epoch);
    two.program.exec(`UPDATE contacts SET Email = 'p1@example.com', FirstName = 'X' WHERE Id = '${idOf(1)}'`);
    expect((await two.asked())[1]).toMatchObject({
      changes: { Email: 'p1@example.com', FirstName: 'X' },
      base: { Email: 'p1@example.com', FirstName: 'First1' },
    });
    // Salesforce has taken the first: that is what the second one meets.
    await outbox.settle([{ key: first!.key, state: 'done', contactId: idOf(1), created: false, at: epoch }]);
    const [, second] = await two.asked();
    const writes = await outbox.ownWritesSince([idOf(1)], firstPoint(second!));
    expect(baseNow(second!, writes)).toEqual({ Email: 'a@example.com', FirstName: 'First1' });
    expect(two.row(idOf(1))).toMatchObject({ Email: 'p1@example.com', FirstName: 'X', _state: 'pending' });
  });

  test('of all contacts at once is one entry each', async () => {
    const many = Array.from({ length: 500 }, (_, n) => person(n + 1));
    await using two = await openTwoWayMirror(many);
    two.program.exec("UPDATE contacts SET FirstName = 'F' || LastName");
    expect(await two.mirror.outbox.counts()).toMatchObject({ pending: 500 });
    expect(two.sql("SELECT count(*) AS n FROM contacts WHERE FirstName = 'F' || LastName")).toEqual([
      { n: 500 },
    ]);
  });
});

describe('DELETE', () => {
  test('takes the contact out of the view and asks for its deletion', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`DELETE FROM contacts WHERE Id = '${idOf(1)}'`);
    expect(two.row(idOf(1))).toBeUndefined();
    expect(two.sql('SELECT count(*) AS n FROM contacts')).toEqual([{ n: 2 }]);
    expect(await two.asked()).toMatchObject([
      {
        op: 'delete',
        contactId: idOf(1),
        base: { LastName: 'Last1', Email: 'p1@example.com', DoNotCall: false },
      },
    ]);
  });

  test('of a creation that was not sent leaves nothing of both', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(
      "INSERT INTO contacts (_key, LastName) VALUES ('k', 'A'); DELETE FROM contacts WHERE _key = 'k'",
    );
    expect(await two.asked()).toEqual([]);
    expect(two.row('k')).toBeUndefined();
    expect(two.sql('SELECT * FROM contact_local')).toEqual([]);
    expect(await two.mirror.outbox.counts()).toMatchObject({ dropped: 1, pending: 0 });
  });

  test('of a creation that is under way waits for it', async () => {
    await using two = await openTwoWayMirror();
    const { outbox } = two.mirror;
    two.program.exec("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
    const [create] = await two.asked();
    await outbox.markSent([create!.key], 'ui-api', epoch);
    two.program.exec("DELETE FROM contacts WHERE _key = 'k'");
    expect(two.row('k')).toBeUndefined();
    expect((await two.asked())[1]).toMatchObject({ op: 'delete', contactId: null });
    await outbox.settle([{ key: create!.key, state: 'done', contactId: idOf(9), created: true, at: epoch }]);
    expect((await two.asked())[1]).toMatchObject({ op: 'delete', contactId: idOf(9), state: 'pending' });
    expect(two.row('k')).toBeUndefined();
  });

  test('takes the place of edits that were not sent, and knows what those were based on', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`UPDATE contacts SET Email = 'a@example.com' WHERE Id = '${idOf(1)}'`);
    two.program.exec(`DELETE FROM contacts WHERE Id = '${idOf(1)}'`);
    expect(await two.asked()).toMatchObject([{ op: 'delete', base: { Email: 'p1@example.com' } }]);
  });
});

describe('a DELETE that waits behind an edit', () => {
  test('in conflict is seen in the view with the reason, and gives way to the next edit', async () => {
    await using two = await openTwoWayMirror();
    const { outbox } = two.mirror;
    two.program.exec(`UPDATE contacts SET Email = 'a@example.com' WHERE Id = '${idOf(1)}'`);
    const [edit] = await two.asked();
    await outbox.markSent([edit!.key], 'collection', epoch);
    two.program.exec(`DELETE FROM contacts WHERE Id = '${idOf(1)}'`);
    expect(two.row(idOf(1))).toBeUndefined();
    const errors = [{ code: 'CONFLICT', message: 'Both have changed it.', fields: ['Email'] }];
    await outbox.settle([{ key: edit!.key, state: 'conflict', errors, contactId: idOf(1), at: epoch }]);
    const shown = { Email: 'a@example.com', _state: 'conflict', _error: 'CONFLICT: Both have changed it.' };
    expect(two.row(idOf(1))).toMatchObject(shown);
    two.program.exec(`UPDATE contacts SET FirstName = 'X' WHERE Id = '${idOf(1)}'`);
    expect(two.row(idOf(1))).toMatchObject({ ...shown, FirstName: 'X' });
    expect((await two.asked()).map(({ op, state }) => [op, state])).toEqual([
      ['update', 'conflict'],
      ['update', 'pending'],
    ]);
    await two.mirror.commit({});
    expect(two.row(idOf(1))).toMatchObject({ ...shown, FirstName: 'X' });
  });
});

describe('what becomes of an edit', () => {
  test('a creation that is done is one row, with its Id, whoever has brought that first', async () => {
    for (const pulledFirst of [false, true]) {
      await using two = await openTwoWayMirror();
      const { mirror } = two;
      two.program.exec("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
      const [{ key } = { key: '' }] = await two.asked();
      await mirror.outbox.markSent([key], 'ui-api', epoch);
      if (pulledFirst) await two.pull([person(9, { LastName: 'A' })]);
      await mirror.outbox.settle([{ key, state: 'done', contactId: idOf(9), created: true, at: epoch }]);
      expect(two.row('k')).toMatchObject({ Id: idOf(9), LastName: 'A', _state: 'synced' });
      if (!pulledFirst) await two.pull([person(9, { LastName: 'A' })]);
      await mirror.commit({ effects: [{ kind: 'confirm-read-back', keys: [key] }] });
      expect(two.sql('SELECT Id, _key, _state FROM contacts WHERE Id = ?', idOf(9))).toEqual([
        { Id: idOf(9), _key: 'k', _state: 'synced' },
      ]);
      expect(two.sql('SELECT * FROM contact_local')).toEqual([]);
      two.program.exec("UPDATE contacts SET FirstName = 'New' WHERE _key = 'k'");
      expect((await two.asked()).at(-1)).toMatchObject({ contactKey: 'k', contactId: idOf(9), op: 'update' });
    }
  });

  test('of the row that a pull has brought goes to the creation that is done, under another key', async () => {
    await using two = await openTwoWayMirror();
    const { outbox } = two.mirror;
    two.program.exec("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
    const [{ key } = { key: '' }] = await two.asked();
    await outbox.markSent([key], 'ui-api', epoch);
    await two.pull([person(9, { LastName: 'A' })]);
    two.program.prepare("UPDATE contacts SET FirstName = 'New' WHERE _key = ?").run(idOf(9));
    const [, before] = await two.asked();
    expect(before).toMatchObject({ contactKey: idOf(9), state: 'pending' });
    await outbox.settle([{ key, state: 'done', contactId: idOf(9), created: true, at: epoch }]);
    const [, after] = await two.asked();
    expect(after).toMatchObject({ seq: before!.seq, contactKey: 'k', contactId: idOf(9), state: 'pending' });
    // A drain that has read it before does not send it beside what is before it now.
    expect(after!.key).not.toBe(before!.key);
    expect(two.sql('SELECT _key FROM contacts WHERE Id = ?', idOf(9))).toEqual([{ _key: 'k' }]);
  });

  test('a creation that was sent is told, until it is known what came of it', async () => {
    await using two = await openTwoWayMirror();
    const { outbox } = two.mirror;
    for (const key of ['made', 'refused', 'doubtful', 'given up', 'unsent'])
      two.program.prepare('INSERT INTO contacts (_key, LastName) VALUES (?, ?)').run(key, key);
    expect(await outbox.openCreations()).toEqual([]);
    const [made, refused, doubtful, givenUp] = (await two.asked()).map(({ key }) => key);
    const sent = [made!, refused!, doubtful!, givenUp!];
    await outbox.markSent(sent, 'collection', epoch, epoch + 7, '005000000000001AAA');
    const told = async () => (await outbox.openCreations()).map(({ contactKey }) => contactKey);
    expect(await told()).toEqual(['made', 'refused', 'doubtful', 'given up']);
    const at = epoch;
    await outbox.settle([
      { key: made!, state: 'done', contactId: idOf(9), created: true, at },
      { key: refused!, state: 'rejected', errors: [], at },
      { key: doubtful!, state: 'in-doubt', errors: [], at },
      { key: givenUp!, state: 'in-doubt', errors: [], at },
    ]);
    await outbox.move([givenUp!], ['in-doubt'], 'dropped', at);
    const doubt = freshDoubt({ endedOrgAt: epoch + 9 });
    await outbox.noteDoubts([{ key: doubtful!, doubt }]);
    expect(await outbox.openCreations()).toEqual([
      { contactKey: 'doubtful', sentOrgAt: epoch + 7, sentBy: '005000000000001AAA', doubt },
    ]);
    await outbox.move([doubtful!], ['in-doubt'], 'pending', at);
    expect(await told()).toEqual([]);
  });

  test('a refused one says why, and the next edit revives it', async () => {
    await using two = await openTwoWayMirror();
    const { outbox } = two.mirror;
    two.program.exec("INSERT INTO contacts (_key, LastName, FirstName) VALUES ('k', 'A', 'bad')");
    const [{ key } = { key: '' }] = await two.asked();
    await outbox.markSent([key], 'collection', epoch);
    const errors = [
      { code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'No bad names.', fields: ['FirstName'] },
    ];
    await outbox.settle([{ key, state: 'rejected', errors, at: epoch }]);
    expect(two.row('k')).toMatchObject({
      _state: 'rejected',
      _error: 'FIELD_CUSTOM_VALIDATION_EXCEPTION: No bad names.',
      FirstName: 'bad',
    });
    two.program.exec("UPDATE OR FAIL contacts SET FirstName = 'good' WHERE _key = 'k'");
    // What is to be made anew stands there already: no clause of the program may make a failure of that.
    two.program.exec("UPDATE outbox SET state = 'rejected' WHERE contact_key = 'k'");
    two.program.exec("UPDATE OR FAIL contacts SET FirstName = 'better' WHERE _key = 'k'");
    two.program.exec("UPDATE OR ABORT contacts SET FirstName = 'good' WHERE _key = 'k'");
    expect(two.row('k')).toEqual({ _key: 'k', _state: 'pending', LastName: 'A', FirstName: 'good' });
    expect(await two.asked()).toMatchObject([
      {
        op: 'create',
        state: 'pending',
        sentAt: null,
        errors: [],
        changes: { LastName: 'A', FirstName: 'good' },
      },
    ]);
  });

  test('one that was edited while it was under way, and then refused, goes as one', async () => {
    await using two = await openTwoWayMirror();
    const { outbox } = two.mirror;
    two.program.exec("INSERT INTO contacts (_key, LastName, FirstName) VALUES ('k', 'A', 'bad')");
    const [{ key } = { key: '' }] = await two.asked();
    await outbox.markSent([key], 'collection', epoch);
    two.program.exec("UPDATE contacts SET FirstName = 'good' WHERE _key = 'k'");
    await outbox.settle([{ key, state: 'rejected', errors: [], at: epoch }]);
    expect(await two.asked()).toMatchObject([
      { op: 'create', state: 'pending', base: null, changes: { LastName: 'A', FirstName: 'good' } },
    ]);
    expect(two.row('k')).toMatchObject({ FirstName: 'good', _state: 'pending' });
  });

  test('a dropped one leaves what Salesforce says', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`UPDATE contacts SET Email = 'a@example.com' WHERE Id = '${idOf(1)}'`);
    two.program.exec("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
    two.program.exec(`DELETE FROM contacts WHERE Id = '${idOf(2)}'`);
    const keys = (await two.asked()).map(({ key }) => key);
    await two.mirror.outbox.move(keys, ['pending'], 'dropped', epoch);
    expect(two.row(idOf(1))).toMatchObject({ Email: 'p1@example.com', _state: 'synced' });
    expect(two.row(idOf(2))).toMatchObject({ _state: 'synced' });
    expect(two.row('k')).toBeUndefined();
    expect(two.sql('SELECT * FROM contact_local')).toEqual([]);
  });

  test('a dropped creation takes along what was to follow it', async () => {
    await using two = await openTwoWayMirror();
    const { outbox } = two.mirror;
    two.program.exec("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
    const [{ key } = { key: '' }] = await two.asked();
    await outbox.markSent([key], 'collection', epoch);
    two.program.exec("UPDATE contacts SET FirstName = 'F' WHERE _key = 'k'");
    await outbox.settle([{ key, state: 'in-doubt', errors: [], at: epoch }]);
    await outbox.move([key], ['in-doubt'], 'dropped', epoch);
    expect(await two.asked()).toEqual([]);
    expect(two.row('k')).toBeUndefined();
  });

  test('held, in conflict, in doubt: the row says so', async () => {
    await using two = await openTwoWayMirror();
    const { outbox } = two.mirror;
    two.program.exec(`UPDATE contacts SET Email = 'a@example.com' WHERE Id IN ('${idOf(1)}', '${idOf(2)}')`);
    const [first, second] = (await two.asked()).map(({ key }) => key);
    await outbox.move([first!], ['pending'], 'held', epoch);
    const errors = [{ code: 'CONFLICT', message: 'Both have changed it.', fields: ['Email'] }];
    await outbox.settle([{ key: second!, state: 'conflict', errors, contactId: idOf(2), at: epoch }]);
    expect(two.row(idOf(1))).toMatchObject({ _state: 'held', Email: 'a@example.com' });
    expect(two.row(idOf(2))).toMatchObject({ _state: 'conflict', _error: 'CONFLICT: Both have changed it.' });
    two.program.exec(`UPDATE contacts SET FirstName = 'X' WHERE _state <> 'synced'`);
    expect((await two.asked()).map(({ state }) => state)).toEqual(['held', 'conflict']);
    const [held] = await two.asked();
    await outbox.move([held!.key], ['held'], 'pending', epoch);
    expect(two.row(idOf(1))).toMatchObject({ _state: 'pending', FirstName: 'X' });
  });

  test('a pull brings the fields that were not edited, and keeps the base', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`UPDATE contacts SET Email = 'a@example.com' WHERE Id = '${idOf(1)}'`);
    await two.pull([person(1, { FirstName: 'New', Email: 'sf@example.com', SystemModstamp: stamp(30) })]);
    expect(two.row(idOf(1))).toMatchObject({ Email: 'a@example.com', FirstName: 'New' });
    expect(await two.asked()).toMatchObject([
      { changes: { Email: 'a@example.com' }, base: { Email: 'p1@example.com' } },
    ]);
  });

  test('local rows are nothing of their own: made anew, they are the same', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`
      INSERT INTO contacts (_key, LastName, DoNotCall, Spent__c, Visits__c, Seen__c, Rises__c)
        VALUES ('k', 'A''"b', 1, 1.25, 3, '2026-01-01T00:00:00Z', '10:11:12');
      UPDATE contacts SET Email = NULL, DoNotCall = 1, Spent__c = 3, FirstName = 'ä' WHERE Id = '${idOf(1)}';
      DELETE FROM contacts WHERE Id = '${idOf(2)}';`);
    const before = two.sql('SELECT * FROM contact_local ORDER BY _key');
    two.program.exec('INSERT INTO contact_due SELECT _key, 0 FROM contact_local');
    await two.mirror.journal.startRun('push', epoch, {});
    expect(two.sql('SELECT * FROM contact_due')).toEqual([]);
    expect(two.sql('SELECT * FROM contact_local ORDER BY _key')).toEqual(before);
    expect(before).toHaveLength(3);
  });
});

describe('around it', () => {
  test('Id, key and Email are looked up by an index', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`UPDATE contacts SET FirstName = 'X' WHERE Id = '${idOf(1)}'`);
    for (const where of ['Id = ?', '_key = ?', 'Email = ?']) {
      for (const sql of [
        `SELECT * FROM contacts WHERE ${where}`,
        `SELECT count(*) FROM contacts WHERE ${where}`,
        `SELECT LastName FROM contacts WHERE ${where} ORDER BY LastName LIMIT 3`,
        `UPDATE contacts SET FirstName = 'y' WHERE ${where}`,
        `DELETE FROM contacts WHERE ${where}`,
      ]) {
        const plan = two.program.prepare(`EXPLAIN QUERY PLAN ${sql}`).all('x') as { detail: string }[];
        const details = plan.map(({ detail }) => detail);
        // Local rows are few: only those that wait.
        expect(
          details.filter((detail) => /^SCAN contact\b(?!_)/.test(detail)),
          `${sql}: ${details.join('; ')}`,
        ).toEqual([]);
        expect(details.some((detail) => /^SEARCH contact USING/.test(detail))).toBe(true);
      }
    }
  });

  test('turned off, the view is what it was, and writes are refused', async () => {
    await using two = await openTwoWayMirror();
    const view = () => two.sql("SELECT sql FROM sqlite_schema WHERE tbl_name = 'contacts' ORDER BY name");
    const on = view();
    await two.mirror.setTwoWay({ on: false, conflicts: 'manual' });
    const off = view();
    expect(off).not.toEqual(on);
    expect(() => two.program.exec('DELETE FROM contacts')).toThrow(
      /^the view contacts is read-only: .*parahack-sync push.*parahack-sync orgs set ORG --two-way on/,
    );
    await two.mirror.setTwoWay({ on: true, conflicts: 'manual' });
    expect(view()).toEqual(on);
    expect(await two.mirror.twoWay()).toEqual({ on: true, conflicts: 'manual' });
  });

  test('turned off with edits that wait, these stay and are shown until they are settled', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
    await two.mirror.setTwoWay({ on: false, conflicts: 'salesforce-wins' });
    expect(two.row('k')).toMatchObject({ LastName: 'A', _state: 'pending' });
    expect(() => two.program.exec("UPDATE contacts SET LastName = 'B'")).toThrow(
      'two-way by SQL is turned off',
    );
    const [{ key } = { key: '' }] = await two.asked();
    await two.mirror.outbox.move([key], ['pending'], 'dropped', epoch);
    expect(() => two.program.exec("UPDATE contacts SET LastName = 'B'")).toThrow(
      'the view contacts is read-only',
    );
    expect(two.sql("SELECT sql FROM sqlite_schema WHERE name = 'contacts'")).toEqual([
      { sql: expect.not.stringContaining('contact_local') },
    ]);
  });

  test('triggers and local rows as a former build has made them are made anew by whoever opens the mirror', async () => {
    await using two = await openTwoWayMirror();
    const { program, folder, sql } = two;
    const parts = () => sql("SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'contacts' ORDER BY name");
    const made = parts();
    program.exec(`UPDATE contacts SET FirstName = 'X' WHERE Id = '${idOf(1)}';
      DROP TRIGGER contacts_update;
      CREATE TRIGGER contacts_update INSTEAD OF UPDATE ON contacts BEGIN SELECT 1; END;
      UPDATE contact_local SET _deleted = 1, _state = 'conflict'`);
    await using mirrors = openMirrors({ folder, log: silentLogger, clock: systemClock });
    await using mirror = await mirrors.open(instanceUrl, { create: false, lease: heldLease() });
    await mirror.commit({});
    expect(parts()).toEqual(made);
    expect(two.row(idOf(1))).toMatchObject({ FirstName: 'X', _state: 'pending' });
  });

  test('a field that comes, goes or changes its type is followed, with what was edited', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`UPDATE contacts SET FirstName = 'X', Visits__c = 5 WHERE Id = '${idOf(1)}'`);
    const changed = [
      ...writtenFields
        .filter(({ name }) => name !== 'Email')
        .map((one) => (one.name === 'Visits__c' ? { ...one, type: 'string', length: 10 } : one)),
      field('New__c', 'string', { length: 5 }),
    ];
    await two.mirror.schema.applyDescribe(describeOf(changed), epoch + 1);
    expect(two.row(idOf(1))).toMatchObject({ FirstName: 'X', Visits__c: '5' });
    two.program.exec(`UPDATE contacts SET New__c = 'n' WHERE Id = '${idOf(1)}'`);
    expect(two.row(idOf(1))).toMatchObject({ New__c: 'n', FirstName: 'X' });
    expect(() => two.program.exec(`UPDATE contacts SET New__c = 'toolong' WHERE Id = '${idOf(1)}'`)).toThrow(
      'New__c is too long: it takes 5 characters.',
    );
    expect(() =>
      two.program.exec(`UPDATE contacts SET Email = 'x@example.com' WHERE Id = '${idOf(1)}'`),
    ).toThrow('Email is no field of the org any more and cannot be changed.');
  });

  test('an object of 800 fields can be written', async () => {
    await using two = await openTwoWayMirror();
    const wide = Array.from({ length: 800 }, (_, n) =>
      field(`Field_with_a_long_name_${n}__c`, 'string', { length: 255 }),
    );
    await two.mirror.schema.applyDescribe(describeOf([...writtenFields, ...wide]), epoch + 1);
    two.program.exec(`UPDATE contacts SET Field_with_a_long_name_799__c = 'x' WHERE Id = '${idOf(1)}'`);
    two.program.exec("INSERT INTO contacts (LastName, Field_with_a_long_name_5__c) VALUES ('A', 'y')");
    two.program.exec(`DELETE FROM contacts WHERE Id = '${idOf(2)}'`);
    expect(await two.asked()).toMatchObject([
      { changes: { Field_with_a_long_name_799__c: 'x' } },
      { changes: { LastName: 'A', Field_with_a_long_name_5__c: 'y' } },
      { op: 'delete' },
    ]);
  });
});

test('contacts are listed, counted, found and shown with the edits laid over', async () => {
  await using two = await openTwoWayMirror();
  two.program.exec(`INSERT INTO contacts (_key, LastName) VALUES ('k', 'Newman');
    UPDATE contacts SET LastName = 'Changed' WHERE Id = '${idOf(1)}';
    DELETE FROM contacts WHERE Id = '${idOf(2)}'`);
  await using reader = new SqliteContactReader(two.mirror.location);
  expect((await reader.list({ limit: 1, deleted: false })).total).toBe(3);
  expect((await reader.search('newma', { limit: 5 })).total).toBe(1);
  expect((await reader.search('changed', { limit: 5 })).total).toBe(1);
  expect((await reader.search('last1', { limit: 5 })).total).toBe(1);
  expect((await reader.search('last2', { limit: 5 })).total).toBe(0);
  const lastName = async (id: string) => {
    const shown = await reader.show(id);
    return shown?.row[shown.columns.findIndex(({ name }) => name === 'LastName')];
  };
  expect(await lastName('k')).toBe('Newman');
  expect(await lastName(idOf(1))).toBe('Changed');
  expect(await lastName(idOf(3))).toBe('Last3');
  for (const open of ['k', idOf(1), idOf(2)])
    expect(await reader.show(open)).toMatchObject({ state: 'pending', error: null });
  expect(await reader.show(idOf(3))).toMatchObject({ state: 'synced', error: null });
  two.program.exec(`UPDATE contact_local SET _state = 'rejected', _error = 'why' WHERE Id = '${idOf(1)}'`);
  expect(await reader.show(idOf(1))).toMatchObject({ state: 'rejected', error: 'why' });
});

describe('a fresh copy', () => {
  test('takes the place with what programs have written laid over it', async () => {
    await using two = await openTwoWayMirror();
    const lease = heldLease();
    two.program.exec(`INSERT INTO contacts (_key, LastName) VALUES ('k', 'A');
      UPDATE contacts SET Email = 'a@example.com' WHERE Id = '${idOf(1)}'`);
    await two.mirror[Symbol.asyncDispose]();
    const copy = await two.mirrors.copies.open(instanceUrl, { create: true, lease });
    await copy.schema.applyDescribe(describeOf([...writtenFields, field('New__c', 'string')]), epoch);
    const columns = writtenFields.map(({ name }) => name);
    await copy.commit({ page: csvPage(columns, [person(1, { FirstName: 'Fresh' }), person(4)], epoch) });
    await copy[Symbol.asyncDispose]();
    await two.mirrors.copies.replaceMirror(instanceUrl, { lease, force: false });
    expect(two.row(idOf(1))).toMatchObject({ Email: 'a@example.com', FirstName: 'Fresh', _state: 'pending' });
    expect(two.row('k')).toMatchObject({ LastName: 'A', _state: 'pending' });
    two.program.exec(`UPDATE contacts SET New__c = 'n' WHERE Id = '${idOf(4)}'`);
    expect(two.row(idOf(4))).toMatchObject({ New__c: 'n' });
  });
});

describe('what a watch looks at', () => {
  test('changes with the commits of programs, and with no write of this tool', async () => {
    await using two = await openTwoWayMirror();
    using commits = two.mirrors.programCommits(instanceUrl);
    const before = commits.look();
    await two.pull([person(1, { FirstName: 'Pulled', SystemModstamp: stamp(5) })]);
    await two.mirror.journal.startRun('push', epoch, {});
    expect(commits.look()).toBe(before);
    two.program.exec('BEGIN');
    two.program.exec("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
    expect(commits.look()).toBe(before);
    two.program.exec('COMMIT');
    const written = commits.look();
    expect(written).not.toBe(before);
    const [{ key } = { key: '' }] = await two.asked();
    await two.mirror.outbox.markSent([key], 'ui-api', epoch);
    await two.mirror.outbox.settle([{ key, state: 'done', contactId: idOf(9), created: true, at: epoch }]);
    expect(commits.look()).toBe(written);
    two.program.exec("UPDATE contacts SET FirstName = 'F' WHERE _key = 'k'");
    expect(commits.look()).not.toBe(written);
  });

  test('changes where a person decides about an entry, for others may wait behind it', async () => {
    await using two = await openTwoWayMirror();
    using commits = two.mirrors.programCommits(instanceUrl);
    two.program.exec("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
    const [{ key } = { key: '' }] = await two.asked();
    const error = { field: null, code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'No.', fields: [] };
    await two.mirror.outbox.markSent([key], 'collection', epoch);
    await two.mirror.outbox.settle([{ key, state: 'rejected', errors: [error], at: epoch }]);
    const refused = commits.look();
    expect(await two.mirror.outbox.move([key], ['rejected'], 'pending', epoch)).toEqual([key]);
    const letGo = commits.look();
    expect(letGo).not.toBe(refused);
    expect(await two.mirror.outbox.move([key], ['rejected'], 'pending', epoch)).toEqual([]);
    expect(commits.look()).toBe(letGo);
    expect(await two.mirror.outbox.move([key], ['pending'], 'dropped', epoch)).toEqual([key]);
    expect(commits.look()).not.toBe(letGo);
  });

  test('is nothing where there is no mirror, and what lies there later is looked at', async () => {
    await using two = await openTwoWayMirror();
    using commits = two.mirrors.programCommits('https://other.my.salesforce.com');
    expect(commits.look()).toBeNull();
    await using other = await two.mirrors.open('https://other.my.salesforce.com', { create: true });
    expect(commits.look()).toBe(0);
    expect(await other.twoWay()).toEqual({ on: false, conflicts: 'salesforce-wins' });
  });
});

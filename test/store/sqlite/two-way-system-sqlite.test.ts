import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { haveRealPart } from '../../support/real-part.ts';
import { idOf, openTwoWayMirror, person, type TwoWayMirror } from './two-way-mirror.ts';

/** Runs statements as a program with the system's own SQLite does, each with its values. */
function inPython({ mirror }: TwoWayMirror, statements: readonly [string, unknown[]][]): void {
  const script = `import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=15, isolation_level=None)
for statement, values in json.load(sys.stdin):
    db.execute(statement, values)`;
  const { status, stderr } = spawnSync('python3', ['-c', script, mirror.location], {
    input: JSON.stringify(statements),
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

/** Plain ones, such as need 16 and 17 digits to be told from their neighbours, very small ones and whole ones. */
function degrees(count: number): number[] {
  const plain = [
    48.1,
    0.1,
    -0.5,
    12,
    0,
    1e-7,
    52.520006599999995,
    2.2250738585072014e-308,
    1 / 3,
    999.9999999999999,
  ];
  let state = 7;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  const random = Array.from({ length: count - plain.length }, (_, i) => {
    const value = next() * 360 - 180 + next() / 2 ** 31;
    return i % 3 === 0 ? value : Number(value.toFixed(i % 16));
  });
  return [...plain, ...random];
}

describe.skipIf(!haveRealPart("Python's sqlite3", ['python3']))(
  'a program with the SQLite of the system',
  () => {
    test('changes numbers to the last digit, and says to the last digit what they were', async () => {
      const [was, becomes, then] = [degrees(600), degrees(620).slice(20), degrees(640).slice(40)];
      await using two = await openTwoWayMirror(was.map((value, i) => person(i, { North__c: value })));
      const update = 'UPDATE contacts SET North__c = ? WHERE Id = ?';
      inPython(two, [
        ['BEGIN', []],
        ...becomes.map((value, i): [string, unknown[]] => [update, [value, idOf(i)]]),
        ['COMMIT', []],
      ]);
      expect(edits(await two.asked())).toEqual(was.map((value, i) => [idOf(i), becomes[i], value]));
      // Folded into the edits that wait: the base stays, and is written anew.
      inPython(two, [
        ['BEGIN', []],
        ["UPDATE contacts SET FirstName = 'Bo' WHERE Id IN (SELECT Id FROM contacts)", []],
        ...then.map((value, i): [string, unknown[]] => [update, [value, idOf(i)]]),
        ['COMMIT', []],
      ]);
      expect(edits(await two.asked())).toEqual(was.map((value, i) => [idOf(i), then[i], value]));
    });

    test('makes contacts with numbers to the last digit', async () => {
      const values = degrees(300);
      await using two = await openTwoWayMirror();
      inPython(
        two,
        values.map((value, i): [string, unknown[]] => [
          'INSERT INTO contacts (_key, LastName, North__c) VALUES (?, ?, ?)',
          [`k${i}`, 'Ng', value],
        ]),
      );
      // Each field that is not touched is written anew.
      inPython(two, [["UPDATE contacts SET FirstName = 'Bo' WHERE _key LIKE 'k%'", []]]);
      expect((await two.asked()).map(({ contactKey, changes }) => [contactKey, changes])).toEqual(
        values.map((value, i) => [`k${i}`, { LastName: 'Ng', FirstName: 'Bo', North__c: value }]),
      );
    });

    test('deletes contacts whose numbers are long', async () => {
      const values = degrees(300);
      await using two = await openTwoWayMirror(values.map((value, i) => person(i, { North__c: value })));
      inPython(two, [['DELETE FROM contacts', []]]);
      expect((await two.asked()).map(({ op, contactId, base }) => [op, contactId, base?.North__c])).toEqual(
        values.map((value, i) => ['delete', idOf(i), value]),
      );
    });

    test('sets a number back to what it was, and nothing is left to send', async () => {
      const values = degrees(300);
      await using two = await openTwoWayMirror(values.map((value, i) => person(i, { North__c: value })));
      inPython(two, [
        ['CREATE TEMP TABLE was AS SELECT Id, North__c AS north FROM contacts', []],
        ['UPDATE contacts SET North__c = 5.5', []],
        ['UPDATE contacts SET North__c = (SELECT north FROM was WHERE was.Id = contacts.Id)', []],
      ]);
      expect(await two.asked()).toEqual([]);
    });
  },
);

function edits(asked: Awaited<ReturnType<TwoWayMirror['asked']>>): unknown[] {
  return asked.map(({ contactId, changes, base }) => [contactId, changes.North__c, base?.North__c]);
}

import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { searchFields } from '../../../src/store/fields/search-fields.ts';
import { loadFields } from '../../../src/store/sqlite/contact-schema.ts';
import { searchByIndex } from '../../../src/store/sqlite/contact-search.ts';
import { searchCondition } from '../../../src/store/sqlite/search-condition.ts';
import { SqliteContactReader } from '../../../src/store/sqlite/sqlite-contact-reader.ts';
import { isDeep } from '../../support/deep.ts';
import { heldLease } from '../../support/leases.ts';
import fc from '../../support/properties.ts';
import { rowsRead } from '../../support/rows-read.ts';
import { contactFields, describeOf, field } from './contact-fields.ts';
import { contactId, contactRow, csvPage, epoch, type Row, stampOf } from './pages.ts';
import { instanceUrl, openTempMirror, type TempMirrors } from './temp-mirrors.ts';

const fields = [...contactFields, field('Name', 'string'), field('Fax', 'phone')];
const columns = fields.filter(({ type }) => type !== 'address').map(({ name }) => name);
const searched = ['FirstName', 'LastName', 'Name', 'Email', 'Phone', 'Fax'] as const;

/** What every search of the mirror as it lies there finds, by the condition alone and by the reader. */
async function searches(path: string, texts: readonly string[], limit: number) {
  const db = new Database(path, { readonly: true });
  await using reader = new SqliteContactReader(path);
  const wanted = searchFields(loadFields(db, 'Contact').filter(({ current }) => current));
  try {
    const results = [];
    for (const text of texts) {
      const { sql, parameters } = searchCondition(text, wanted);
      const plain = db.prepare(`SELECT Id FROM contacts WHERE ${sql} ORDER BY Id`).pluck().all(parameters);
      const listing = await reader.search(text, { limit });
      const rows = await rowsRead(listing.batches());
      results.push({
        text,
        plain: { total: plain.length, ids: plain.slice(0, limit) },
        found: { total: listing.total, ids: rows.map(([id]) => id) },
        byIndex: searchByIndex(db, text, wanted) !== null,
      });
    }
    return results;
  } finally {
    db.close();
  }
}

async function indexAll({ mirror }: Pick<TempMirrors, 'mirror'>): Promise<void> {
  while (await mirror.extendSearchIndex());
}

async function filled(rows: readonly Row[]): Promise<TempMirrors> {
  const temp = await openTempMirror();
  await temp.mirror.schema.applyDescribe(describeOf(fields), epoch);
  await temp.mirror.commit({ page: csvPage(columns, rows, epoch) });
  return temp;
}

// Letters that some table folds to others of ASCII (ſ, the Kelvin sign, İ), marks of FTS5's and LIKE's languages, and
// what people write between digits.
const letter = fc.constantFrom(
  ...'aAsSkK1105ßſKİıüÜé😀%_"\'*:^()-.+/\\ ,'.split(''),
  '😀',
  'e\u0301',
  '\u00a0',
);
const word = fc.array(letter, { maxLength: 9 }).map((letters) => letters.join('').trim());
const values = fc.record(Object.fromEntries(searched.map((name) => [name, fc.option(word)])));
const contact = fc.nat({ max: 11 });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('page'),
      rows: fc.array(fc.tuple(contact, values), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('index') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('bury'),
      contact,
      gone: fc.constantFrom('deleted', 'merged', 'purged', 'hidden'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('columns'), only: fc.option(fc.subarray([...searched])) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('retype'), type: fc.constantFrom('phone', 'string', 'double') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('swap'),
      rows: fc.array(fc.tuple(contact, values), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('vacuum') }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class Played implements AsyncDisposable {
  readonly #temp: TempMirrors;
  mirror: TempMirrors['mirror'];
  readonly stored: string[] = [];
  #now = 1;
  #faxType = 'phone';
  #only: string[] | undefined;

  constructor(temp: TempMirrors) {
    this.#temp = temp;
    this.mirror = temp.mirror;
  }

  get #fields() {
    return fields.map((known) => (known.name === 'Fax' ? field('Fax', this.#faxType) : known));
  }

  async describe(): Promise<void> {
    await this.mirror.schema.applyDescribe(describeOf(this.#fields), epoch + this.#now, this.#only);
  }

  #page(rows: readonly (readonly [number, Record<string, string | null>])[]) {
    const latest = new Map(rows);
    const whole = [...latest].map(([n, own]) => {
      this.stored.push(...Object.values(own).filter((value) => value !== null));
      const fax = this.#faxType === 'double' ? 15.5 : (own.Fax ?? null);
      return contactRow(n, { ...own, Fax: fax, SystemModstamp: stampOf(this.#now) });
    });
    const asked = columns.filter(
      (name) =>
        this.#only === undefined ||
        this.#only.includes(name) ||
        !(searched as readonly string[]).includes(name),
    );
    return csvPage(asked, whole, epoch + this.#now * 1_000);
  }

  async play(step: Step): Promise<void> {
    this.#now += 2;
    const at = epoch + this.#now * 1_000;
    if (step.kind === 'page') await this.mirror.commit({ page: this.#page(step.rows) });
    if (step.kind === 'index') await indexAll(this);
    if (step.kind === 'bury') {
      const systemModstamp = step.gone === 'purged' || step.gone === 'hidden' ? null : stampOf(this.#now);
      const tombstone = {
        id: contactId(step.contact),
        gone: step.gone,
        systemModstamp,
        masterRecordId: null,
        evidenceAt: at,
      };
      await this.mirror.commit({ tombstones: [tombstone as never] });
    }
    if (step.kind === 'columns') {
      const others = columns.filter((name) => !(searched as readonly string[]).includes(name));
      this.#only = [...others, ...(step.only ?? searched)];
      await this.describe();
    }
    if (step.kind === 'retype') {
      this.#faxType = step.type;
      await this.describe();
    }
    if (step.kind === 'vacuum') {
      const db = new Database(this.mirror.location);
      db.exec('VACUUM');
      db.close();
    }
    if (step.kind === 'swap') {
      const { path, mirror } = this;
      await mirror[Symbol.asyncDispose]();
      this.mirror = await this.#temp.mirrors.copies.open(instanceUrl, { create: true, lease: heldLease() });
      await this.describe();
      await this.mirror.commit({ page: this.#page(step.rows) });
      await this.mirror[Symbol.asyncDispose]();
      await this.#temp.mirrors.copies.replaceMirror(instanceUrl, { force: false, lease: heldLease() });
      await this.#temp.mirrors.copies.remove(instanceUrl, heldLease());
      this.mirror = await this.#temp.mirrors.open(instanceUrl, { create: false, lease: heldLease() });
      expect(this.path).toBe(path);
    }
  }

  get path(): string {
    return this.mirror.location;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#temp[Symbol.asyncDispose]();
  }
}

describe('a search', () => {
  test('property: finds with the index what it finds without, after any history', async () => {
    let byIndex = 0;
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.array(word, { maxLength: 4 }),
        fc.array(
          fc.tuple(fc.nat(), fc.nat({ max: 4 }), fc.constantFrom('as it is', 'upper', 'lower', 'bare')),
          { maxLength: 12 },
        ),
        fc.constantFrom(1, 3, 50, 600),
        async (steps, words, parts, limit) => {
          await using played = new Played(await openTempMirror());
          await played.describe();
          for (const each of [...steps, { kind: 'index' } as const]) {
            await played.play(each);
            const texts = parts.map(([which, from, how]) => {
              const part = (played.stored[which % played.stored.length] ?? '').slice(from);
              if (how === 'bare') return part.replace(/[^0-9]/g, '');
              return how === 'upper' ? part.toUpperCase() : how === 'lower' ? part.toLowerCase() : part;
            });
            for (const result of await searches(played.path, ['', ...words, ...texts], limit)) {
              expect({ text: result.text, ...result.found }).toEqual({ text: result.text, ...result.plain });
              if (result.byIndex) byIndex++;
              if (result.byIndex && result.found.total > 0) hits++;
            }
          }
          expect(await played.mirror.checkIntegrity()).toEqual([]);
        },
      ),
      { numRuns: isDeep ? 500 : 25 },
    );
    expect(byIndex).toBeGreaterThan(50);
    expect(hits).toBeGreaterThan(10);
  });

  test('is right at every slice of a large index, and knows what has changed since', async () => {
    const rows = Array.from({ length: 45_000 }, (_, n) => contactRow(n, { Name: `First${n} Last${n}` }));
    await using temp = await filled(rows);
    const wants = async () => {
      await using reader = new SqliteContactReader(temp.mirror.location);
      return await reader.wantsSearchIndex();
    };
    const found = async (text: string) => {
      const [result] = await searches(temp.mirror.location, [text], 50);
      expect(result!.found).toEqual(result!.plain);
      return result!;
    };
    expect(await wants()).toBe(true);
    for (const more of [true, true, false]) {
      expect(await temp.mirror.extendSearchIndex()).toBe(more);
      expect((await found('first44999')).found.total).toBe(1);
      expect((await found('first123')).found.total).toBe(111);
    }
    expect(await wants()).toBe(false);
    expect(await found('last31415')).toMatchObject({ byIndex: true, found: { ids: [contactId(31_415)] } });
    // Half of all: reading them in their order is faster.
    expect((await found('example')).byIndex).toBe(false);
    expect((await found('9')).byIndex).toBe(false);
    expect((await found("it's")).byIndex).toBe(true);

    const changed = contactRow(31_415, {
      LastName: 'Ångström',
      Name: 'Ada Ångström',
      SystemModstamp: stampOf(90_000),
    });
    await temp.mirror.commit({ page: csvPage(columns, [changed, contactRow(50_000)], epoch + 90_000_000) });
    expect(await found('ångström')).toMatchObject({ byIndex: true, found: { ids: [contactId(31_415)] } });
    expect((await found('last31415')).found.total).toBe(0);
    expect((await found('last50000')).found.total).toBe(1);
    expect(temp.sql('SELECT count(*) AS noted FROM contact_search_changed')).toEqual([{ noted: 1 }]);
    await indexAll(temp);
    expect(temp.sql('SELECT count(*) AS noted FROM contact_search_changed')).toEqual([{ noted: 0 }]);
    expect(await found('ångström')).toMatchObject({ byIndex: true, found: { ids: [contactId(31_415)] } });
    expect((await found('last31415')).found.total).toBe(0);
  });

  test('reads no further note where nothing that it looks at has changed', async () => {
    await using temp = await filled([contactRow(1), contactRow(2)]);
    await indexAll(temp);
    const later = [contactRow(1, { Visits__c: 7, SystemModstamp: stampOf(90) })];
    await temp.mirror.commit({ page: csvPage(columns, later, epoch + 90_000) });
    expect(temp.sql('SELECT Visits__c FROM contact WHERE Id = ?', contactId(1))).toEqual([{ Visits__c: 7 }]);
    expect(temp.sql('SELECT count(*) AS noted FROM contact_search_changed')).toEqual([{ noted: 0 }]);
  });

  test('makes the index anew when as much is out of date in it as there are contacts', async () => {
    await using temp = await filled([contactRow(1), contactRow(2)]);
    await indexAll(temp);
    const state = () =>
      JSON.parse(temp.sql<{ value: string }>("SELECT value FROM meta WHERE key = 'search_index'")[0]!.value);
    for (const [n, again] of [
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 0],
    ] as const) {
      const row = contactRow(1, { LastName: `Later${n}`, SystemModstamp: stampOf(n * 100) });
      await temp.mirror.commit({ page: csvPage(columns, [row], epoch + n * 100_000) });
      await indexAll(temp);
      expect(state()).toMatchObject({ to: 2, again });
    }
    const later = await searches(temp.mirror.location, ['later4', 'later3'], 5);
    expect(later.map(({ found }) => found.total)).toEqual([1, 0]);
  });

  test('does without the index where its trigger has gone, and the next step makes it anew', async () => {
    await using temp = await filled([contactRow(1)]);
    await indexAll(temp);
    const db = new Database(temp.mirror.location);
    db.exec("DROP TRIGGER contact_search_note; UPDATE contact SET LastName = 'Unnoticed'");
    db.close();
    const [before] = await searches(temp.mirror.location, ['unnoticed'], 5);
    expect(before).toMatchObject({ byIndex: false, found: { total: 1 } });
    await indexAll(temp);
    const [after] = await searches(temp.mirror.location, ['unnoticed'], 5);
    expect(after).toMatchObject({ byIndex: true, found: { total: 1 } });
  });

  test('finds a phone number by parts of it, however they are written', async () => {
    await using temp = await filled([contactRow(1, { Phone: '+1 (415) 555-0123 ext. 7' }), contactRow(2)]);
    await indexAll(temp);
    for (const text of ['(415) 555', '415555', '415.555.0123', '555-0123 EXT', '0123 ext. 7', '5-0']) {
      const [result] = await searches(temp.mirror.location, [text], 5);
      // Of some texts too little is left without the marks.
      expect(result).toMatchObject({ byIndex: text.length > 3, found: result!.plain });
      expect({ text, ...result!.found }).toEqual({ text, total: 1, ids: [contactId(1)] });
    }
  });

  test('does without an index that lacks a field or has it in another form, until it is made anew', async () => {
    const few = ['Id', 'SystemModstamp', 'LastName', 'Fax'];
    const both = describeOf(fields);
    await using temp = await openTempMirror();
    const found = async (text: string) => {
      const [before] = await searches(temp.mirror.location, [text], 5);
      await indexAll(temp);
      const [after] = await searches(temp.mirror.location, [text], 5);
      expect(after).toMatchObject({ byIndex: true, found: before!.found });
      return { byIndex: before!.byIndex, total: before!.found.total };
    };
    await temp.mirror.schema.applyDescribe(both, epoch, few);
    const row = contactRow(1, { Fax: '030/12' });
    await temp.mirror.commit({ page: csvPage(few, [row], epoch) });
    expect(await found('last1')).toEqual({ byIndex: false, total: 1 });
    expect(await found('last1')).toEqual({ byIndex: true, total: 1 });

    await temp.mirror.schema.applyDescribe(both, epoch + 1, columns);
    await temp.mirror.commit({
      page: csvPage(columns, [row], epoch + 1, { partial: true }),
      effects: [{ kind: 'mark-filled', fields: columns, at: 1 }],
    });
    expect(await found('first1')).toEqual({ byIndex: false, total: 1 });
    expect(await found('030/')).toEqual({ byIndex: true, total: 1 });

    const renamed = fields.map((known) => (known.name === 'Fax' ? field('Fax', 'email') : known));
    await temp.mirror.schema.applyDescribe(describeOf(renamed), epoch + 2, columns);
    expect(await found('030/')).toEqual({ byIndex: false, total: 1 });
  });
});

import { describe, expect, test } from 'vitest';
import type { PageBody } from '../../../src/sync/ports/page.ts';
import { repeats } from '../../support/deep.ts';
import fc from '../../support/properties.ts';
import { contactFields, describeOf, field, storedNames } from './contact-fields.ts';
import {
  blocksOf,
  collectionPage,
  contactId,
  contactRow,
  csvOf,
  csvPage,
  epoch,
  queryPage,
  queryText,
  type Row,
  stampOf,
} from './pages.ts';
import { openTempMirror, type TempMirrors } from './temp-mirrors.ts';

async function described(): Promise<TempMirrors> {
  const temp = await openTempMirror();
  await temp.mirror.schema.applyDescribe(describeOf(), epoch);
  return temp;
}

const names = storedNames.map((name) => `"${name}"`).join(', ');

/** What a row must look like in SQLite: booleans 0 or 1, empty text null. */
function stored(row: Row): Record<string, unknown> {
  return Object.fromEntries(
    storedNames.map((name) => {
      const value = row[name] ?? null;
      return [name, typeof value === 'boolean' ? Number(value) : value === '' ? null : value];
    }),
  );
}

const awkward: Row[] = [
  contactRow(1, { LastName: 'comma, "quoted"', FirstName: 'line\nbreak\r\nand\ttab', Email: null }),
  contactRow(2, {
    LastName: 'Müller-Lüdenscheidt 💇🏽‍♀️ \u0001',
    FirstName: '\\ back / slash',
    MailingLatitude: -33.4567,
  }),
  contactRow(3, { LastName: '"', FirstName: '""', DoNotCall: true, Birthdate: '1970-01-31', Visits__c: 0 }),
  contactRow(4, { LastName: 'x'.repeat(40_000), FirstName: 'é'.repeat(32_000), MailingLatitude: 7 }),
  contactRow(5, { LastName: ' leading and trailing ', FirstName: '0123', Phone: '+1 (415) 555' }),
];

describe('the three formats store the same values', () => {
  for (const [format, page] of [
    ['csv', csvPage],
    ['query', queryPage],
    ['collection', collectionPage],
  ] as const) {
    test(`${format}: texts, numbers, booleans, times and nulls in the contract's storage`, async () => {
      await using temp = await described();
      const outcome = await temp.mirror.commit({ page: page(storedNames, awkward, epoch + 5) });
      expect(outcome.page).toMatchObject({
        rows: 5,
        inserted: 5,
        updated: 0,
        unchanged: 0,
        absent: 0,
        done: true,
      });
      expect(outcome.page?.lastKey).toEqual({ createdDate: stampOf(5), id: contactId(5) });
      expect(temp.sql(`SELECT ${names} FROM contact ORDER BY Id`)).toEqual(awkward.map(stored));
      expect(
        temp.sql(
          'SELECT DISTINCT _read_at, typeof(MailingLatitude) t FROM contact WHERE MailingLatitude NOT NULL',
        ),
      ).toEqual([{ _read_at: stampOf(0).replace('.000', '.005'), t: 'real' }]);
      expect(await temp.mirror.checkIntegrity()).toEqual([]);
    });

    test(`${format}: any texts, in blocks of any size`, async () => {
      await using temp = await described();
      const text = fc.string({
        unit: fc.oneof(
          fc.constantFrom('"', ',', '\n', '\r', '\\', 'ü', '€', '😀', '{', ']'),
          fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
        ),
        maxLength: 20,
      });
      let next = 1;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(text, text), { maxLength: 8 }),
          fc.integer({ min: 1, max: 90 }),
          async (texts, size) => {
            const rows = texts.map(([LastName, FirstName]) => contactRow(next++, { LastName, FirstName }));
            const body = page(storedNames, rows, epoch);
            const whole: Uint8Array[] = [];
            for await (const block of body.blocks) whole.push(block);
            await temp.mirror.commit({ page: { ...body, blocks: blocksOf(Buffer.concat(whole), size) } });
            const ids = JSON.stringify(rows.map(({ Id }) => Id));
            expect(
              temp.sql(
                `SELECT ${names} FROM contact WHERE Id IN (SELECT value FROM json_each(?)) ORDER BY Id`,
                ids,
              ),
            ).toEqual(rows.map(stored));
          },
        ),
        { numRuns: repeats(40) },
      );
    });
  }

  test('a page read again in another format changes nothing', async () => {
    await using temp = await described();
    await temp.mirror.commit({ page: csvPage(storedNames, awkward, epoch + 5) });
    for (const page of [queryPage, collectionPage, csvPage]) {
      const outcome = await temp.mirror.commit({ page: page(storedNames, awkward, epoch + 6) });
      expect(outcome.page).toMatchObject({ rows: 5, inserted: 0, updated: 0, unchanged: 5 });
    }
  });
});

describe('CSV', () => {
  test('columns are found by the page’s own header, whatever their order; CRLF and a missing last line end are fine', async () => {
    await using temp = await described();
    const shuffled = storedNames.toReversed();
    const text = csvOf(shuffled, [contactRow(1), contactRow(2)])
      .replaceAll('\n', '\r\n')
      .trimEnd();
    await temp.mirror.commit({
      page: { ...csvPage(storedNames, [], epoch), expectedRows: 2, blocks: blocksOf(text, 7) },
    });
    expect(temp.sql(`SELECT ${names} FROM contact`)).toEqual([stored(contactRow(1)), stored(contactRow(2))]);
  });

  test('a page without rows is a header, or nothing at all', async () => {
    await using temp = await described();
    for (const text of [csvOf(storedNames, []), '']) {
      const page = { ...csvPage(storedNames, [], epoch), blocks: blocksOf(text) };
      expect((await temp.mirror.commit({ page })).page).toMatchObject({
        rows: 0,
        inserted: 0,
        lastKey: null,
      });
    }
  });
});

describe('JSON', () => {
  test('compound fields, relationships and members of another order are read rightly; escapes are resolved', async () => {
    await using temp = await described();
    const text = `{ "done" : true , "records" : [ {"SystemModstamp":"${stampOf(9)}", "MailingAddress":{"city":"A \\"B\\" }","geo":[1,{"x":null}]},
      "Account":null, "Id":"${contactId(9)}","LastName":"M\\u00fcller \\ud83d\\ude00 \\ud800 \\n\\/", "attributes":{"type":"Contact"} } ] , "totalSize" : 1 }\n`;
    await temp.mirror.commit({ page: { ...queryPage(storedNames, [], epoch), blocks: blocksOf(text, 3) } });
    expect(temp.sql('SELECT Id, LastName, FirstName FROM contact')).toEqual([
      { Id: contactId(9), LastName: 'Müller 😀 \ufffd \n/', FirstName: null },
    ]);
  });

  test('members come in any order', async () => {
    await using temp = await described();
    const rows = [...awkward, contactRow(6, { DoNotCall: true, MailingLatitude: 1.5 })];
    let readAt = epoch;
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(storedNames, { minLength: storedNames.length }), async (order) => {
        const page = { ...queryPage(storedNames, [], readAt++), blocks: blocksOf(queryText(order, rows)) };
        await temp.mirror.commit({ page });
        expect(temp.sql(`SELECT ${names} FROM contact ORDER BY Id`)).toEqual(rows.map(stored));
      }),
      { numRuns: repeats(20) },
    );
  });

  test('a collection counts the ids that were not there', async () => {
    await using temp = await described();
    const outcome = await temp.mirror.commit({
      page: collectionPage(storedNames, [null, contactRow(1), null], epoch),
    });
    expect(outcome.page).toMatchObject({ rows: 3, inserted: 1, absent: 2 });
  });

  test('a query page says its totalSize and whether it was the last', async () => {
    await using temp = await described();
    const outcome = await temp.mirror.commit({
      page: queryPage(storedNames, [contactRow(1)], epoch, { totalSize: 7 }),
    });
    expect(outcome.page).toMatchObject({ rows: 1, done: false, totalSize: 7 });
  });
});

describe('a page that is not whole stores nothing and says so', () => {
  const rows = [contactRow(1), contactRow(2), contactRow(3)];
  const csv = csvOf(storedNames, rows);
  const json = queryText(storedNames, rows);
  const list = `[${json.slice(json.indexOf('[') + 1, json.lastIndexOf(']'))}]`;
  const faults: [name: string, page: Partial<PageBody> & { text: string }, code: string][] = [
    ['CSV with fewer rows than announced', { format: 'csv', expectedRows: 4, text: csv }, 'PAGE_INCOMPLETE'],
    ['CSV with more rows than announced', { format: 'csv', expectedRows: 2, text: csv }, 'PAGE_INCOMPLETE'],
    [
      'CSV cut in a quoted cell',
      { format: 'csv', expectedRows: null, text: csv.slice(0, -9) },
      'PAGE_INCOMPLETE',
    ],
    [
      'CSV cut between two cells',
      { format: 'csv', expectedRows: null, text: csv.slice(0, csv.lastIndexOf(',')) },
      'PAGE_INCOMPLETE',
    ],
    [
      'CSV with a row too short',
      { format: 'csv', expectedRows: null, text: `${csv}"x","y"\n` },
      'PAGE_INCOMPLETE',
    ],
    [
      'CSV with a row too long',
      { format: 'csv', expectedRows: null, text: csv.replace(/"\n$/, '","more"\n') },
      'PAGE_INCOMPLETE',
    ],
    [
      'CSV with text behind a quoted cell',
      { format: 'csv', expectedRows: null, text: csv.replace('"Last2"', '"Last2"x') },
      'PAGE_INCOMPLETE',
    ],
    [
      'CSV with a row that has no Id',
      { format: 'csv', expectedRows: 3, text: csv.replace(contactId(2), '') },
      'PAGE_INCOMPLETE',
    ],
    [
      'CSV with an unknown column',
      { format: 'csv', expectedRows: 3, text: csv.replace('"Phone"', '"Fax"') },
      'UNEXPECTED_COLUMN',
    ],
    [
      'CSV that lacks a column',
      { format: 'csv', expectedRows: 0, text: csvOf(storedNames.slice(0, -1), []) },
      'UNEXPECTED_COLUMN',
    ],
    [
      'an HTML page',
      { format: 'csv', expectedRows: null, text: '<html><body>Down for maintenance</body></html>' },
      'UNEXPECTED_COLUMN',
    ],
    ['JSON cut in a record', { format: 'query', text: json.slice(0, -90) }, 'PAGE_INCOMPLETE'],
    [
      'JSON cut between records',
      { format: 'query', text: json.slice(0, json.lastIndexOf(',{"attributes"')) },
      'PAGE_INCOMPLETE',
    ],
    ['JSON without its last brace', { format: 'query', text: json.slice(0, -1) }, 'PAGE_INCOMPLETE'],
    [
      'a last page with fewer rows than totalSize',
      { format: 'query', text: json.replace('"totalSize":3', '"totalSize":4') },
      'PAGE_INCOMPLETE',
    ],
    [
      'JSON without totalSize',
      { format: 'query', text: json.replace('"totalSize":3,', '') },
      'PAGE_INCOMPLETE',
    ],
    [
      'a query answer without records',
      { format: 'query', text: '{"totalSize":0,"done":true}' },
      'PAGE_INCOMPLETE',
    ],
    [
      'an error answer in place of rows',
      { format: 'query', text: '[{"errorCode":"X","message":"y"}]' },
      'PAGE_INCOMPLETE',
    ],
    [
      'JSON with a field that was not asked for',
      { format: 'query', text: json.replace('"Phone":', '"Fax":').replace('"Fax":null', '"Fax":"1"') },
      'UNEXPECTED_COLUMN',
    ],
    [
      'a collection cut between two items',
      { format: 'collection', expectedRows: 3, text: list.slice(0, -1) },
      'PAGE_INCOMPLETE',
    ],
    [
      'a collection with fewer items than ids',
      { format: 'collection', expectedRows: 4, text: list },
      'PAGE_INCOMPLETE',
    ],
    ['an empty body', { format: 'query', text: '' }, 'PAGE_INCOMPLETE'],
  ];
  for (const [name, { text, ...page }, code] of faults) {
    test(name, async () => {
      await using temp = await described();
      const run = await temp.mirror.journal.startRun('backfill', epoch, {});
      const { addedChunks } = await temp.mirror.commit({
        effects: [{ kind: 'replace-chunks', runId: run, ids: [], by: [{ kind: 'span', spec: {} }] }],
      });
      const [chunk] = addedChunks;
      const failing = temp.mirror.commit({
        page: { ...queryPage(storedNames, [], epoch), ...page, blocks: blocksOf(text, 50) },
        effects: [
          { kind: 'move-cursors', to: { updated: epoch } },
          {
            kind: 'advance-chunk',
            id: chunk!.id,
            from: { rows: 0, isBegun: false },
            position: 'last-key',
            state: 'done',
          },
        ],
      });
      await expect(failing).rejects.toMatchObject({ code });
      expect(temp.sql('SELECT count(*) n FROM contact')).toEqual([{ n: 0 }]);
      expect(await temp.mirror.journal.cursors()).toEqual({ updated: null, deleted: null });
      expect(await temp.mirror.journal.chunks(run)).toMatchObject([
        { state: 'pending', position: null, rows: 0 },
      ]);
      // And the mirror goes on.
      const outcome = await temp.mirror.commit({ page: csvPage(storedNames, rows, epoch) });
      expect(outcome.page?.inserted).toBe(3);
    });
  }

  test('a field that the mirror does not know is refused before anything is read', async () => {
    await using temp = await described();
    const page = queryPage([...storedNames, 'Fax'], [], epoch);
    await expect(temp.mirror.commit({ page })).rejects.toMatchObject({ code: 'UNEXPECTED_COLUMN' });
    await temp.mirror.schema.applyDescribe(describeOf([...contactFields, field('Fax', 'phone')]), epoch);
    await temp.mirror.commit({ page: queryPage([...storedNames, 'Fax'], [], epoch) });
  });
});

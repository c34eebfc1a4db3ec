import { describe, expect, test } from 'vitest';
import type { CellKind } from '../../../src/store/page/cell-kind.ts';
import type { CellSink } from '../../../src/store/page/cell-sink.ts';
import type { PageShape } from '../../../src/store/page/page-parser.ts';
import { PageReader } from '../../../src/store/page/page-reader.ts';
import { PlainRows } from '../../../src/store/page/plain-rows.ts';
import { SharedBuffers } from '../../../src/store/page/shared-buffers.ts';
import { RowRecord } from '../../../src/store/sqlite/spool/row-record.ts';

const kinds: Record<string, CellKind> = {
  Id: 'id',
  LastName: 'text',
  IsDeleted: 'boolean',
  Birthdate: 'date',
  SystemModstamp: 'datetime',
};
const fields = Object.keys(kinds);
const good = {
  Id: '003000000000001AAA',
  LastName: 'A',
  IsDeleted: 'false',
  Birthdate: '1990-02-28',
  SystemModstamp: '2026-01-31T12:00:00.000Z',
};
type Row = Record<string, unknown>;

type MakeSink = (kinds: CellKind[], columns: readonly string[]) => CellSink;
const sinks: [string, MakeSink][] = [
  ['SQLite’s records', (cells, columns) => new RowRecord(cells, { add() {} }, new SharedBuffers(), columns)],
  ['plain values', (cells, columns) => new PlainRows(cells, columns)],
];

function readerInto(makeSink: MakeSink, format: 'csv' | 'query' | 'collection', more: object): PageReader {
  const shape: PageShape = {
    fields,
    kindOf: (name) => kinds[name],
    openSink: (columns) =>
      makeSink(
        columns.map((name) => kinds[name] ?? 'text'),
        columns,
      ),
  };
  return new PageReader({ format, fields, expectedRows: null, ...more }, shape, new SharedBuffers());
}

function read(page: PageReader, text: string): number {
  page.add(new TextEncoder().encode(text));
  page.end();
  return page.parser.rows;
}

const csv = (...rows: Row[]) =>
  [fields, ...rows.map((row) => fields.map((name) => row[name] ?? ''))]
    .map((cells) => `${cells.map((cell) => `"${cell}"`).join(',')}\n`)
    .join('');
const json = (...records: Row[]) => JSON.stringify({ totalSize: records.length, done: true, records });
const fault = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error as { code: string; message: string };
  }
  return null;
};

describe.each(sinks)('into %s:', (_, makeSink) => {
  const reader = (format: 'csv' | 'query' | 'collection', more: object = {}) =>
    readerInto(makeSink, format, more);

  describe('a value that is not of its field’s type', () => {
    const bad: [string, string][] = [
      ['Id', 'not-an-id'],
      ['Id', '001000000000001AAA'],
      ['Id', '003000000000001'],
      ['Id', '00300000000000\u00e9AA'],
      ['SystemModstamp', 'yesterday'],
      ['SystemModstamp', '2026-13-31T12:00:00.000Z'],
      ['SystemModstamp', '2026-01-31 12:00:00.000Z'],
      ['SystemModstamp', '2026-01-31T12:00:00.000'],
      ['SystemModstamp', '2026-01-31T25:00:00.000Z'],
      ['SystemModstamp', '20260131T120000.00000000Z'],
      ['SystemModstamp', '1'],
      ['Birthdate', '28.2.1990'],
      ['Birthdate', '1990-00-28'],
      ['IsDeleted', 'perhaps'],
    ];
    test.each(bad)('in %s (%s) is the org’s fault, and its page is not taken', (name, value) => {
      for (const work of [
        () => read(reader('csv'), csv(good, { ...good, [name]: value })),
        () => read(reader('query'), json(good, { ...good, [name]: value })),
        () => read(reader('collection'), JSON.stringify([good, { ...good, [name]: value }])),
      ]) {
        expect(fault(work)).toMatchObject({
          code: 'SALESFORCE_ERROR',
          message: expect.stringContaining(name),
        });
      }
    });

    test.each(['{"a":1}', '["A"]', '{}', '[]', 'nope', 'nul'])(
      'in JSON (LastName: %s) is so too, and is not taken for none',
      (value) => {
        const bad = JSON.stringify({ ...good, LastName: null }).replace(':null', `:${value}`);
        const texts = {
          query: `{"totalSize":2,"done":true,"records":[${JSON.stringify(good)},${bad}]}`,
          collection: `[${JSON.stringify(good)},${bad}]`,
        };
        for (const [format, text] of Object.entries(texts)) {
          const error = fault(() => read(reader(format as keyof typeof texts), text));
          expect(error).toMatchObject({
            code: 'SALESFORCE_ERROR',
            message: expect.stringContaining('LastName holds'),
            details: { column: 'LastName' },
          });
        }
      },
    );

    test('is no record that is not there', () => {
      const error = fault(() => read(reader('collection'), `[${JSON.stringify(good)},nope]`));
      expect(error).toMatchObject({ code: 'PAGE_INCOMPLETE' });
    });

    test('is told from those that Salesforce writes', () => {
      const stamps = [
        '2026-01-31T12:00:00.000Z',
        '2026-01-31T12:00:00.000+0000',
        '2026-01-31T12:00:00Z',
        '2026-01-31T14:00:00.000+02:00',
        '1700-01-01T00:00:00.000Z',
        '4000-12-31T23:59:59.000Z',
      ];
      const rows = stamps.map((SystemModstamp) => ({ ...good, SystemModstamp }));
      expect(read(reader('csv'), csv(...rows))).toBe(rows.length);
      expect(read(reader('query'), json(...rows))).toBe(rows.length);
      expect(read(reader('query'), json({ ...good, IsDeleted: false, Birthdate: null }))).toBe(1);
      const more = { attributes: { type: 'Contact' }, Account: { Name: 'A' }, Tags: ['a'], Owner: null };
      expect(read(reader('query'), json({ ...more, ...good, LastName: null }))).toBe(1);
      expect(read(reader('collection'), JSON.stringify([null, { ...more, ...good }]))).toBe(1);
    });
  });

  describe('a page without measure', () => {
    const block = new TextEncoder().encode('x'.repeat(512 * 1024));

    test.each([
      ['csv', `${csv()}"003000000000001AAA","`],
      ['csv', '"Id'],
      ['query', '{"totalSize":1,"done":true,"records":[{"Id":"'],
      ['query', '{"totalSize":1,"note":"'],
      ['query', '{"totalSize":1,"records":[{"attributes":{"a":"'],
      ['collection', '[{"LastName":"'],
      ['collection', '[nu'],
    ] as const)('(%s: %s…) ends at the length of a row', (format, start) => {
      const page = reader(format);
      const started = performance.now();
      const error = fault(() => {
        page.add(new TextEncoder().encode(start));
        for (let n = 0; n < 2_000; n++) page.add(block.slice());
      });
      expect(error).toMatchObject({ code: 'SALESFORCE_ERROR' });
      // A bound against hanging.
      expect(performance.now() - started).toBeLessThan(60_000);
    });

    test('has no cell longer than a field can be', () => {
      const long = { ...good, LastName: 'x'.repeat(5 * 1024 * 1024) };
      expect(fault(() => read(reader('csv'), csv(long)))).toMatchObject({ code: 'SALESFORCE_ERROR' });
      const largest = { ...good, LastName: '\u20ac'.repeat(131_072) };
      expect(read(reader('csv'), csv(largest))).toBe(1);
    });

    test('ends at the first row beyond those announced', () => {
      const page = reader('csv', { expectedRows: 1 });
      expect(fault(() => page.add(new TextEncoder().encode(csv(good, good))))).toMatchObject({
        code: 'PAGE_INCOMPLETE',
      });
      const asked = reader('query', { mostRows: 1 });
      expect(fault(() => asked.add(new TextEncoder().encode(json(good, good))))).toMatchObject({
        code: 'SALESFORCE_ERROR',
      });
    });
  });

  describe('a page of other rows than those asked for', () => {
    const other = { ...good, Id: '003000000000002AAA' };

    test('is not taken for them', () => {
      const ids = [good.Id, other.Id];
      const page = (...rows: unknown[]) =>
        fault(() => read(reader('collection', { ids }), JSON.stringify(rows)));
      expect(page(good, other)).toBeNull();
      expect(page(good, null)).toBeNull();
      expect(page(null, other)).toBeNull();
      expect(page(good, good)).toMatchObject({ code: 'SALESFORCE_ERROR' });
      expect(page(other, good)).toMatchObject({ code: 'SALESFORCE_ERROR' });
    });

    test.each(['-1', '"2"', 'null', '1e3', '[]'])('whose totalSize is %s is not taken', (totalSize) => {
      const text = `{"totalSize":${totalSize},"done":true,"records":[]}`;
      expect(fault(() => read(reader('query'), text))).toMatchObject({ code: 'SALESFORCE_ERROR' });
    });
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { SharedBuffers } from '../../../src/store/page/shared-buffers.ts';
import { RowRecord } from '../../../src/store/sqlite/spool/row-record.ts';
import { SpoolFile } from '../../../src/store/sqlite/spool/spool-file.ts';
import { isDeep, repeats } from '../../support/deep.ts';
import fc from '../../support/properties.ts';

/** Writes rows of texts (null for none), each row's cells in the order given, and reads them back with SQLite. */
function roundTrip(
  columns: number,
  rows: readonly (readonly (string | null)[])[],
  order: (cells: number) => Iterable<number> = (cells) => Array(cells).keys(),
): unknown[][] {
  const folder = mkdtempSync(join(tmpdir(), 'parahack-spool-'));
  try {
    const path = join(folder, 'page.db');
    const spool = new SpoolFile(path, columns);
    const kinds = Array.from({ length: columns }, () => 'text' as const);
    const record = new RowRecord(kinds, spool, new SharedBuffers());
    for (const row of rows) {
      const cells = row.map((cell) => (cell === null ? null : new TextEncoder().encode(cell)));
      record.reserve(cells.reduce((sum, cell) => sum + (cell?.length ?? 0), 0));
      record.begin();
      for (const i of order(cells.length)) {
        const cell = cells[i];
        if (cell === null || cell === undefined) continue;
        const from = record.end;
        record.bytes.set(cell, from);
        record.close(i, from, from + cell.length);
      }
      record.finish();
    }
    spool.finish();
    const db = new Database(path, { readonly: true });
    try {
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
      const stored = db.prepare('SELECT rowid, * FROM page ORDER BY rowid').raw().all() as unknown[][];
      expect(stored.map(([rowid]) => rowid)).toEqual(rows.map((_, i) => i + 1));
      return stored.map(([, ...cells]) => cells);
    } finally {
      db.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a spool file is a database that SQLite itself finds sound', () => {
  test('with no row at all', () => {
    expect(roundTrip(3, [])).toEqual([]);
  });

  test('with cells of every size around the limits of a page, of an overflow page and of a varint', () => {
    const sizes = [
      1, 57, 58, 121, 127, 128, 16_383, 16_384, 65_480, 65_490, 65_495, 65_501, 65_510, 65_532, 131_072,
      400_000,
    ];
    const rows = sizes.flatMap((size) => [
      ['x'.repeat(size), null, 'b'],
      ['y', 'z'.repeat(size - 1) || null, null],
    ]);
    expect(roundTrip(3, rows)).toEqual(rows);
  });

  test('with more columns than a one-byte header length can tell', () => {
    const columns = 900;
    const row = Array.from({ length: columns }, (_, i) => (i % 3 === 0 ? null : `v${i}`));
    expect(roundTrip(columns, [row, row])).toEqual([row, row]);
  });

  // 400 MB of pages; the deep run affords it.
  test.runIf(isDeep)('with more leaves than one interior page can name', () => {
    // A leaf of its own for each row: two do not fit one page.
    const rows = Array.from({ length: 6_100 }, (_, i) => [`${i}`.padEnd(33_000, '.')]);
    const stored = roundTrip(1, rows);
    expect(stored.length).toBe(rows.length);
    expect(stored.every(([cell], i) => cell === rows[i]![0])).toBe(true);
  });

  test('with any texts', () => {
    const cell = fc.option(
      fc.oneof(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.nat(70_000).map((n) => 'ü'.repeat(n + 1)),
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell, cell), { maxLength: 40 }), (rows) => {
        expect(roundTrip(4, rows)).toEqual(rows);
      }),
      { numRuns: repeats(60) },
    );
  });

  test('with any number of columns, cells of any size, and cells in any order', () => {
    const size = fc.oneof(
      { weight: 60, arbitrary: fc.integer({ min: 1, max: 40 }) },
      { weight: 20, arbitrary: fc.integer({ min: 41, max: 3_000 }) },
      { weight: 4, arbitrary: fc.integer({ min: 65_400, max: 65_600 }) },
      { weight: 1, arbitrary: fc.integer({ min: 100_000, max: isDeep ? 2_000_000 : 300_000 }) },
    );
    const columns = fc.oneof(fc.integer({ min: 1, max: 900 }), fc.constantFrom(1, 2, 57, 126, 127, 128, 900));
    const file = columns.chain((count) =>
      fc.record({
        count: fc.constant(count),
        // Sizes are drawn for a few cells and laid over the row, so that wide rows cost no more than narrow ones.
        rows: fc.array(fc.array(fc.option(size), { minLength: 1, maxLength: 12 }), { maxLength: 60 }),
        shuffle: fc.integer({ min: 0, max: count - 1 }),
      }),
    );
    fc.assert(
      fc.property(file, ({ count, rows: drawn, shuffle }) => {
        const rows = drawn.map((sizes, row) =>
          Array.from({ length: count }, (_, i) => {
            const length = i < sizes.length ? sizes[i] : i % 7 === row % 7 ? 3 : null;
            return length === null || length === undefined ? null : `${row}.${i}`.padEnd(length, 'é');
          }),
        );
        const rotated = (cells: number) => Array.from({ length: cells }, (_, i) => (i + shuffle) % cells);
        expect(roundTrip(count, rows, rotated)).toEqual(rows);
      }),
      { numRuns: repeats(35) },
    );
  });
});

import { describe, expect, test } from 'vitest';
import { printableLine } from '../../../src/base/printable.ts';
import { createInk } from '../../../src/cli/ink.ts';
import { csvLine } from '../../../src/cli/render/csv-line.ts';
import { cutToWidth, displayWidth } from '../../../src/cli/render/display-width.ts';
import { count, counted, percent } from '../../../src/cli/render/quantity.ts';
import { relativeTime } from '../../../src/cli/render/relative-time.ts';
import { renderTable } from '../../../src/cli/render/table.ts';
import { now } from '../support/run-main.ts';

const { style } = createInk({ colour: false });

test.each([
  ['', 0],
  ['Ng', 2],
  ['李小龍', 6],
  ['e\u0301', 1],
  ['👩‍👩‍👧', 2],
  ['한글', 4],
  ['\u200b', 0],
  ['❤\ufe0f', 2],
  ['🇩🇪', 2],
  ['ﾊﾞ', 2],
  ['가', 2],
  ['ก็', 1],
  ['〈', 2],
])('%j takes %i columns', (text, columns) => {
  expect(displayWidth(text)).toBe(columns);
});

test('a text is cut by columns, never in the middle of a letter', () => {
  expect(cutToWidth('abcdef', 6)).toBe('abcdef');
  expect(cutToWidth('abcdef', 4)).toBe('abc…');
  expect(cutToWidth('李小龍', 4)).toBe('李…');
});

test('data stays on its line and sends nothing to the terminal', () => {
  expect(printableLine('a\r\nb\tc\u001b[2Jd\u0007\u009b31m')).toBe('a b cd');
});

describe('a table', () => {
  const columns = [{ title: 'NAME' }, { title: 'N', align: 'right' as const }, { title: 'TEXT' }];

  test('aligns what is wide, and ends no line in spaces', () => {
    const rows = [
      ['李', '1', 'x'],
      ['Ng', '10', ''],
    ];
    expect(renderTable(columns, rows, { style, columns: null })).toBe(
      'NAME   N  TEXT\n李     1  x\nNg    10\n',
    );
  });

  test('on 60 columns keeps its key whole and leaves columns out from the right', () => {
    const key = 'b1946ac9-0000-4000-8000-000000000000';
    const many = ['KEY', 'STATE', 'CONTACT', 'DOES', 'ERROR', 'AGE'].map((title) => ({
      title,
      key: title === 'KEY',
    }));
    const rows = [
      [key, 'rejected', '李小龍 e\u0301 <bruce.lee@example.com>', 'create', 'X: '.repeat(40), '1h ago'],
      [key, 'in-doubt', 'אבג', 'update', '', '2h ago'],
    ];
    const lines = renderTable(many, rows, { style, columns: 60 }).trimEnd().split('\n');
    expect(lines.slice(3)).toEqual([
      'Too narrow for the whole of CONTACT, DOES, ERROR, AGE. A wider terminal or --json shows all of it.',
    ]);
    for (const line of lines.slice(0, 3)) expect(displayWidth(line)).toBeLessThanOrEqual(60);
    expect(lines[0]).toMatch(/^KEY +STATE +CONTACT$/);
    expect(lines[1]).toContain(`${key}  rejected  李小`);
    expect(lines[2]).toContain(`${key}  in-doubt  אבג`);
  });

  test('shows its key whole even where the terminal is narrower than that', () => {
    const rows = [['003000000000001AAA', 'Ng']];
    expect(renderTable([{ title: 'ID', key: true }, { title: 'NAME' }], rows, { style, columns: 10 })).toBe(
      'ID\n003000000000001AAA\nToo narrow for the whole of NAME. A wider terminal or --json shows all of it.\n',
    );
    const two = [{ title: 'ALIAS', key: true }, { title: 'USER' }, { title: 'URL', key: true }];
    expect(renderTable(two, [['a', 'me@acme.com', 'https://acme']], { style, columns: 20 })).toBe(
      'ALIAS  URL\na      https://acme\nToo narrow for the whole of USER. A wider terminal or --json shows all of it.\n',
    );
    // What is empty in every row is missed by nobody.
    expect(renderTable(two, [['a', '', 'https://acme']], { style, columns: 14 })).toBe(
      'ALIAS  URL\na      https://acme\n',
    );
  });

  test('takes as many rows as there are', () => {
    const rows = Array.from({ length: 200_000 }, () => ['1']);
    expect(renderTable([{ title: 'N' }], rows, { style, columns: 60 })).toHaveLength(2 + 2 * 200_000);
  });

  test('is cut to a terminal and never for a script', () => {
    const rows = [['a'.repeat(30), '1', 'b'.repeat(30)]];
    const wide = renderTable(columns, rows, { style, columns: null });
    expect(wide).toContain('b'.repeat(30));
    const narrow = renderTable(columns, rows, { style, columns: 40 });
    expect(Math.max(...narrow.split('\n').slice(0, 2).map(displayWidth))).toBe(40);
    expect(narrow).toContain('…');
    expect(narrow.split('\n')[2]).toMatch(/^Too narrow for the whole of NAME, TEXT\./);
    expect(renderTable(columns, rows, { style, columns: 80 })).not.toContain('Too narrow');
  });
});

test.each([
  [null, 'never'],
  ['2026-03-01T12:00:00.000Z', 'just now'],
  ['2026-03-01T11:58:30.000Z', '1m 30s ago'],
  ['2026-02-27T12:00:00.000Z', '2d ago'],
  // The clock of an org, or this machine's when it was set, may be ahead: what has been is not to come.
  ['2026-03-01T12:01:45.000Z', 'just now'],
  ['2026-03-01T12:14:25.000Z', "14m 25s ahead of this machine's clock"],
])('%s is %s', (iso, text) => {
  expect(relativeTime(iso, now)).toBe(text);
});

test('quantities', () => {
  expect(count(1_234_567)).toBe('1,234,567');
  expect(count(null)).toBe('unknown');
  expect(counted(1, 'entry', 'entries')).toBe('1 entry');
  expect(counted(0, 'contact')).toBe('0 contacts');
  expect(percent(0.125)).toBe('12.5%');
  expect([0, 0.0001, 0.0012, 0.005].map(percent)).toEqual(['0%', '0.01%', '0.12%', '0.5%']);
});

test('CSV quotes what needs it (RFC 4180)', () => {
  expect(csvLine(['a', 'b,c', 'd"e', 'f\ng', ' h', null, undefined, 0, false])).toBe(
    'a,"b,c","d""e","f\ng"," h",,,0,false\n',
  );
});

import { describe, expect, test } from 'vitest';
import { printable, printableLine } from '../../src/base/printable.ts';
import { printableJson } from '../../src/base/printable-json.ts';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';
import { slowdown } from '../support/slowdown.ts';

/** What a terminal acts upon or hides; joiners and variation selectors have tests of their own. */
const unsafe =
  /[^\P{Cc}\t\n]|[\u061c\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e00ff}\p{Cs}]/u;

const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom(
      '\u001b',
      '\u001b[',
      '\u009b',
      '\u001b]0;',
      '\u0007',
      '\u202e',
      '\r',
      '\n',
      '\u200d',
      'm',
      '1',
    ),
  ),
  maxLength: 60,
});

test('nothing that a terminal acts upon gets through, whatever the text', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(printable(text)).not.toMatch(unsafe);
      expect(printableLine(text)).not.toMatch(unsafe);
      expect(printableLine(text)).not.toMatch(/[\n\t]/);
      expect(JSON.parse(printableJson(text))).toBe(text);
      expect(printableJson(text)).not.toMatch(unsafe);
    }),
    { numRuns: repeats(2_000) },
  );
});

describe('one line', () => {
  test.each([
    ['escape sequences go whole', 'a\u001b[2Jb\u001b]0;title\u0007c\u001b(Bd\u009b31me', 'abcde'],
    ['what taking one away leaves is no sequence either', '\u001b\u001b[m[2J', '2J'],
    ['an unfinished one loses its beginning', 'a\u001b]0;title', 'a0;title'],
    ['line breaks of every kind become a space', 'a\r\nb\u2028c\u0085d\u000be', 'a b c d e'],
    ['a text direction that is turned over', 'admin\u202ecod.exe', 'admincod.exe'],
    ['marks of direction in a phone number', '\u202a+1 555 0100\u202c', '+1 555 0100'],
    ['invisible characters', 'a\u200bd\u2060m\u00adi\ufeffn', 'admin'],
    ['joiners between letters that do not join', 'ad\u200dm\u200cin', 'admin'],
    ['half of a pair of surrogates', 'a\ud800', 'a\ufffd'],
  ])('%s', (_what, text, clean) => {
    expect(printableLine(text)).toBe(clean);
  });

  test.each([
    'می\u200cخواهم',
    'क्\u200dष',
    '👩\u200d👩\u200d👧',
    '❤\ufe0f',
    '1\ufe0f\u20e3',
    '葛\u{e0100}',
    'Zoë',
    '李小龍',
    'שלום',
    'e\u0301',
  ])('%j is written as it is', (text) => {
    expect(printableLine(text)).toBe(text);
  });
});

test('several lines keep their line feeds', () => {
  expect(printable('a\r\nb\rc\td\u001b[1m\n')).toBe('a\nb\nc\td\n');
});

test('JSON stays the same value', () => {
  expect(printableJson({ a: '\u009b\u202e\u{e0041}é' }, 2)).toBe(
    '{\n  "a": "\\u009b\\u202e\\udb40\\udc41é"\n}',
  );
});

test.each([
  ['unfinished control strings', '\u001b]'],
  ['unfinished 8-bit control strings', '\u009d\u001b'],
  ['unfinished sequences', '\u001b[0000'],
  ['one sequence of parameters', '0;'],
  ['joiners', '\u200d'],
  ['variation selectors', '\ufe0f'],
  ['line breaks', '\r'],
])('many more %s take no more than their number', (_what, piece) => {
  const text = (n: number) => `\u001b]${piece.repeat(n)}`;
  expect(slowdown((n) => void printableLine(text(n)), 20_000)).toBeLessThan(80);
});

import { describe, expect, test } from 'vitest';
import { fieldsOf, notesOf, parse } from './parse.ts';

describe('what holds no contacts is refused, where it would pass for a header without records', () => {
  test.each(['null', 'null\n', 'true', ' 42 \n'])('%j alone', async (text) => {
    await expect(parse(text)).rejects.toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });

  test.each([
    ['bzip2', 'BZh91AY&SY'],
    ['a GIF', 'GIF89a'],
    ['a binary property list', 'bplist00'],
    ['Parquet', 'PAR1xx'],
    ['an empty zip', 'PK\x05\x06'],
    ['a PNG', '\x89PNG\r\n\x1a\n'],
    ['a JPEG', '\xff\xd8\xff\xe0'],
    ['xz', '\xfd7zXZ\0\0'],
    ['SQLite', 'SQLite format 3\0'],
    ['RTF', '{\\rtf1\\ansi x}'],
  ])('%s, by its name', async (_, bytes) => {
    await expect(parse(Buffer.from(bytes, 'latin1'))).rejects.toThrow(/^-: this is (a|an|compressed) ?/);
  });

  test('a header with control characters', async () => {
    await expect(parse('LastName\x01,FirstName\n')).rejects.toThrow(
      "-, line 1, column 1: the column's name holds a control character",
    );
    expect(await fieldsOf('"Last\nName"\nx\n')).toEqual([{ 'Last\nName': 'x' }]);
  });
});

describe('a table that was made for the eye', () => {
  test.each([
    '| LastName | FirstName |\n|---|:---:|\n| L | F |\n',
    'LastName,FirstName\n--------,---------\nL,F\n',
  ])('has a line of dashes, which is no contact: %j', async (text) => {
    await expect(parse(text)).rejects.toThrow('-, line 2: this row is a line of dashes');
  });

  test('a contact may be called so further down, and be of one dash', async () => {
    const rows = await fieldsOf('LastName\n-\n--\n');
    expect(rows).toEqual([{ LastName: '-' }, { LastName: '--' }]);
  });

  test('what stands above the header is named, where it is taken for it', async () => {
    await expect(parse('# of 2024\n\nLastName,FirstName\nL,F\n')).rejects.toThrow(
      expect.objectContaining({
        message: '-, line 3 (record 1): the row has 2 cells, the header (line 1: "# of 2024") has 1.',
        hint: expect.stringContaining('Take out what stands above the header line.'),
      }),
    );
  });
});

describe('cells of a spreadsheet', () => {
  test('formulas and errors are passed on and told', async () => {
    const text = 'LastName,Phone\nA,"=""0170"""\nB,#REF!\nC,#n/a\nD,#1\nE,=\n';
    expect((await fieldsOf(text)).map(({ Phone }) => Phone)).toEqual(['="0170"', '#REF!', '#n/a', '#1', '=']);
    expect(await notesOf(text)).toEqual([
      expect.stringMatching(/^-: 3 cells hold a spreadsheet's formula or error .*line 2: ="0170"$/),
    ]);
    expect(await notesOf('LastName,Phone\nA,#N/A\n')).toEqual([]);
  });
});

describe('text in the encoding of an old Mac', () => {
  test('its letter is shown, and how to convert it', async () => {
    await expect(parse(Buffer.from('LastName\rM\x9fller\r', 'latin1'))).rejects.toThrow(
      expect.objectContaining({ hint: expect.stringContaining('MACINTOSH makes it "ü"') }),
    );
  });
});

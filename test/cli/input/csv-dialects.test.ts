import { describe, expect, test } from 'vitest';
import { fieldsOf, parse } from './parse.ts';

describe('the delimiter', () => {
  test.each([
    ['sep=; is obeyed', 'sep=;\r\na;b,c\r\n1;2\r\n', { a: '1', 'b,c': '2' }],
    ['sep= in quotes', '"sep=;"\na;b\n1;2\n', { a: '1', b: '2' }],
    ['sep=\\t', 'SEP=\\t\na\tb\n1\t2\n', { a: '1', b: '2' }],
    ['sep= with the tab itself', 'sep=\t\na\tb\n1\t2\n', { a: '1', b: '2' }],
    ['sep=, over a header with semicolons', 'sep=,\na;x,b\n1,2\n', { 'a;x': '1', b: '2' }],
    [
      'quoted names hold others',
      '"a, the first; and only";b\n1;2\n',
      { 'a, the first; and only': '1', b: '2' },
    ],
    ['a quoted name over two lines', '"a\n,,,";b\n1;2\n', { 'a\n,,,': '1', b: '2' }],
    ['the one that stands most often', 'a, the first;b;c\n1;2;3\n', { 'a, the first': '1', b: '2', c: '3' }],
    ['bars', 'a|b\n1|2\n', { a: '1', b: '2' }],
    ['blank lines before the header', '\n \r\na,b\n1,2\n', { a: '1', b: '2' }],
  ])('%s', async (_, csv, fields) => {
    expect(await fieldsOf(csv)).toEqual([fields]);
  });

  test('lines are counted from the top of the file, the line sep= included', async () => {
    expect((await parse('\r\nsep=;\r\na;b\r\n1;2\r\n'))[0]?.line).toBe(4);
  });
});

describe('quotes', () => {
  test.each([
    [
      'within a cell that is not quoted',
      'a,b\nRobert "Bob" Smith,5\'10"\n',
      { a: 'Robert "Bob" Smith', b: '5\'10"' },
    ],
    ['after blanks, as people type', 'a, "b"\n1 , "2, ""x""" \n', { a: '1 ', b: '2, "x"' }],
    ['blanks within quotes stay', 'a,b\n" 1 ",2\n', { a: ' 1 ', b: '2' }],
  ])('%s', async (_, csv, fields) => {
    expect(await fieldsOf(csv)).toEqual([fields]);
  });
});

describe('a fault has its place', () => {
  test.each([
    ['a,b\n1,2\n1\n', '-, line 3 (record 2): the row has 1 cell, the header has 2.'],
    ['a,b\n1,2,3\n', '-, line 2 (record 1): the row has 3 cells, the header has 2.'],
    ['a,b\n1,2\n3,"4\n5,6\n', '-, line 3, column 2: the quote that opens here is never closed.'],
    [
      'a,b\n"1\r\n2"x,2\n',
      '-, line 3, column 1: text follows the quote that closes a cell (its quote opened on line 2).',
    ],
    [
      `a,${'b'.repeat(1_001)}\n1,2\n`,
      "-, line 1, column 2: the column's name has more than 1,000 characters.",
    ],
    ['a,b,A\n1,2,3\n', '-, line 1, column 3: the column "A" is there twice, first as column 1.'],
  ])('%j', async (csv, message) => {
    await expect(parse(csv)).rejects.toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        message,
        hint: expect.stringContaining('Nothing was sent.'),
      }),
    );
  });

  test('a quote that is not closed is found before it fills the memory', async () => {
    const row = 'name,name@example.com\n'.repeat(4_000);
    let given = 0;
    const endless = (function* () {
      yield Buffer.from('a,b\nx,y\n"z,w\n');
      for (; given < 1_000; given++) yield Buffer.from(row);
    })();
    const { Readable } = await import('node:stream');
    const { recordBatches } = await import('../../../src/cli/input/record-batches.ts');
    const stdin = Readable.from(endless) as unknown as NodeJS.ReadStream;
    const reading = async () => {
      const sources = { files: [], format: 'csv', maps: [] } as const;
      const { signal } = new AbortController();
      for await (const _ of recordBatches(sources, { stdin, cwd: '/' }, { signal }));
    };
    await expect(reading()).rejects.toThrow(
      '-, line 3, column 1: the quote that opens here is not closed within 10,000,000 characters.',
    );
    expect(given).toBeLessThan(200);
  });

  test('a long quoted cell comes whole from small pieces, and what follows it too', async () => {
    const long = 'say "yes",\n'.repeat(120_000);
    const text = `a,b\n1,"${long.replaceAll('"', '""')}"\n2,3\n`;
    for (const chunkBytes of [4_099, 65_536])
      expect(await fieldsOf(text, { chunkBytes })).toEqual([
        { a: '1', b: long },
        { a: '2', b: '3' },
      ]);
  });

  test('a long cell without quotes comes whole from small pieces, and what follows it too', async () => {
    const long = 'no quotes; '.repeat(120_000).trim();
    for (const chunkBytes of [4_099, 65_536])
      expect(await fieldsOf(`a,b\n1,${long}\n2,3\n`, { chunkBytes })).toEqual([
        { a: '1', b: long },
        { a: '2', b: '3' },
      ]);
  });

  test('a cell without quotes that does not end is refused with its own mend', async () => {
    await expect(parse(`a\n1\n${'x'.repeat(10_000_001)}`)).rejects.toMatchObject({
      message: expect.stringContaining('line 3, column 1: this cell is longer than 10,000,000 characters'),
      hint: expect.stringContaining('end each record with a line end'),
    });
  });

  test('a file without any line end is no header', async () => {
    await expect(parse(`a\n${'x,'.repeat(20_000)}\n`)).rejects.toThrow('more than 10,000 cells');
  });
});

test('a record of another object is refused, a column that says Contact is no value', async () => {
  expect(await fieldsOf('_,LastName\n[Contact],Ng\n')).toEqual([{ LastName: 'Ng' }]);
  expect(await fieldsOf('attributes.type,attributes.url,LastName\nContact,/x,Ng\n')).toEqual([
    { LastName: 'Ng' },
  ]);
  const [read, own] = await parse('attributes.url,LastName\n/x,Ng\n,Li\n');
  expect(read?.readFrom).toEqual({ name: 'attributes.url', url: '/x' });
  expect(own).not.toHaveProperty('readFrom');
  const [record] = await parse('_,Name\n[Account],Acme\n');
  expect(record?.faults).toEqual([
    {
      field: '_',
      code: 'NOT_A_CONTACT',
      message: 'the record says to be of Account, and only contacts can be pushed.',
    },
  ]);
});

test('characters without width in a header are no part of a name', async () => {
  expect(await fieldsOf('Last\u200bName\u00a0,\ufeffEmail\nNg,ng@x\n')).toEqual([
    { LastName: 'Ng', Email: 'ng@x' },
  ]);
});

test('a header named as an object has by nature keeps its value', async () => {
  const [fields] = await fieldsOf('__proto__,toString\n1,2\n');
  expect(Object.entries(fields!)).toEqual([
    ['__proto__', '1'],
    ['toString', '2'],
  ]);
});

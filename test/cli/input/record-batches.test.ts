import { describe, expect, test } from 'vitest';
import { NumberText } from '../../../src/base/number-text.ts';
import type { InputFormat } from '../../../src/cli/input/input-formats.ts';
import { repeats } from '../../support/deep.ts';
import fc from '../../support/properties.ts';
import { asNumbers, fieldsOf, notesOf, parse } from './parse.ts';

describe('the format is seen by the content', () => {
  test.each<[string, string, Record<string, unknown>[]]>([
    ['a JSON object', '{"LastName":"Ng"}', [{ LastName: 'Ng' }]],
    ['a JSON object over several lines', '{\n  "LastName": "Ng"\n}\n', [{ LastName: 'Ng' }]],
    ['JSON with a byte order mark', '\ufeff[{"LastName":"Ng"}]', [{ LastName: 'Ng' }]],
    [
      'a JSON array',
      ' [ {"LastName":"Ng"} ,\n{"LastName":"Li"} ] ',
      [{ LastName: 'Ng' }, { LastName: 'Li' }],
    ],
    ['an empty JSON array', '[]', []],
    [
      'NDJSON, with CRLF and an empty line',
      '{"LastName":"Ng"}\r\n\r\n{"LastName":"Li"}\r\n',
      [{ LastName: 'Ng' }, { LastName: 'Li' }],
    ],
    [
      'what jq prints',
      '{\n"LastName":"Ng"\n}\n{\n"LastName":"Li"\n}',
      [{ LastName: 'Ng' }, { LastName: 'Li' }],
    ],
    ['CSV', 'LastName,Email\nNg,ng@x\n', [{ LastName: 'Ng', Email: 'ng@x' }]],
    ['CSV with a byte order mark', '\ufeffLastName\nNg', [{ LastName: 'Ng' }]],
    ['CSV with semicolons', 'LastName;Email\r\n"Ng; ""x""";\r\n', [{ LastName: 'Ng; "x"' }]],
    ['CSV with tabs', 'LastName\tEmail\nNg\tng@x', [{ LastName: 'Ng', Email: 'ng@x' }]],
    ['CSV of a header alone', 'LastName,Email\n', []],
  ])('%s', async (_, text, records) => {
    expect(await fieldsOf(text)).toEqual(records);
  });

  test('--format overrules it', async () => {
    expect(await fieldsOf('{x},y\n1,2\n', { format: 'csv' })).toEqual([{ '{x}': '1', y: '2' }]);
    await expect(parse('LastName\nNg', { format: 'json' })).rejects.toThrow('line 1, column 1');
    expect(await fieldsOf('', { format: 'ndjson' })).toEqual([]);
    await expect(parse(' \n')).rejects.toThrow('- (standard input) is empty.');
  });

  test('a web page or an address book saved in place of CSV is named', async () => {
    await expect(parse('<!DOCTYPE html>\n<html>')).rejects.toThrow('this is HTML or XML');
    await expect(parse('BEGIN:VCARD\nVERSION:3.0\n')).rejects.toThrow('this is a vCard');
  });
});

describe('each record knows its place', () => {
  test.each([
    ['[\n{"a":1},\n\n{"a":\n2},{"a":3}]', [2, 4, 5]],
    ['\n\n{"a":1}\r\n{"a":2}\r{"a":3}\n', [3, 4, 5]],
    ['a\n1\n\n"2\n2"\n3\n', [2, 4, 6]],
  ])('%j', async (text, lines) => {
    const records = await parse(text);
    expect(records.map(({ line }) => line)).toEqual(lines);
    expect(records.map(({ index }) => index)).toEqual(lines.map((_, at) => at));
  });
});

test('JSON values keep their types, CSV values are text that takes its type later', async () => {
  expect((await parse('{"a":1.5,"b":true,"c":null,"d":"1"}'))[0]).toMatchObject({
    fields: { a: 1.5, b: true, c: null, d: '1' },
    untyped: false,
  });
  const [record] = await parse('a,b,c,d\n1.5,true,#N/A,\n');
  expect(record).toMatchObject({ fields: { a: '1.5', b: 'true', c: null }, untyped: true });
  expect(record?.fields).not.toHaveProperty('d');
});

describe('records that come in pieces', () => {
  const sameAtEveryBorder = async (input: Buffer, format: InputFormat = 'auto') => {
    const whole = await parse(input, { format }).catch((error: Error) => error.message);
    for (let chunkBytes = 1; chunkBytes < Math.min(input.length, 40); chunkBytes++) {
      expect(await parse(input, { format, chunkBytes }).catch((error: Error) => error.message)).toEqual(
        whole,
      );
    }
  };

  test.each([
    ['CSV', 'sep=;\r\n"Last;""Name";Phone\r\nNé,"x";"1\r\n2"\r  "q" ; \n;;\r\n\r\nA;#N/A\r\n'],
    ['an open quote', 'a,b\n1,"2\n3,4\n'],
    ['text behind a quote', 'a,b\n1,"2\n3"x,4\n'],
    ['JSON', '[ {"a":"é\\"}]{","b":[1e400,{"c":null}]} ,\r\n{"d":-1.50}]\n'],
    ['NDJSON', '{"a":"\\u00e9😀"}\r\n\r\n{"b":9007199254740993}\n'],
    ['an answer', '{"status":0,"result":{"records":[{"a":1},{"a":2}],"totalSize":2,"done":true}}'],
    ['an answer that is a record', '{"status":"x","a":[1]}'],
    ['broken JSON', '[{"a":1},{"a":tru}]'],
    ['a record that does not end', '{"a":1}\n{"a":{"b":1}\n'],
  ])('%s: the same at every border', async (_, text) => {
    await sameAtEveryBorder(Buffer.from(text));
    // The decoder holds back the beginning; behind it, borders are borders.
    await sameAtEveryBorder(Buffer.concat([Buffer.from('\n'.repeat(600)), Buffer.from(text)]));
    await sameAtEveryBorder(Buffer.from(`\ufeff${'\n'.repeat(600)}${text}`, 'utf16le'));
  });
});

test('JSON as JSON.parse reads it; what it refuses is refused at a place', async () => {
  const json = fc.json({ maxDepth: 4 });
  await fc.assert(
    fc.asyncProperty(
      json,
      fc.nat(),
      fc.constantFrom('', '"', '{', ']', ',', ':', '\\', '0', 'e', '\u0001'),
      async (value, where, noise) => {
        const at = where % (value.length + 1);
        const text = `{"a":${value.slice(0, at)}${noise}${value.slice(at)}}`;
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          await expect(parse(text)).rejects.toThrow(/^-, line \d+, column \d+ \(record \d+\): /);
          return;
        }
        expect((await fieldsOf(text)).map(asNumbers)).toEqual([expected]);
      },
    ),
    { numRuns: repeats(1_000) },
  );
});

test('CSV that was written is read as it was, whatever ends its lines', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', ';', '\t', ' ', '\r', '\n', '#', '=') });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(text, text, fc.constantFrom('\n', '\r\n', '\r')), { minLength: 1 }),
      fc.constantFrom(',', ';', '\t'),
      fc.integer({ min: 1, max: 50 }),
      async (rows, delimiter, chunkBytes) => {
        const cell = (value: string) =>
          value.includes('"') || /[,;\t\r\n]|^\s|\s$/.test(value)
            ? `"${value.replaceAll('"', '""')}"`
            : value;
        const csv = `a${delimiter}b${rows[0]![2]}${rows
          .map(([one, two, end]) => `${cell(one)}${delimiter}${cell(two)}${end}`)
          .join('')}`;
        let line = 2;
        const expected = rows.flatMap(([a, b]) => {
          const place = line;
          line += 1 + (`${a}\0${b}`.match(/\r\n|\r|\n/g)?.length ?? 0);
          if (`${a}${b}`.trim() === '') return [];
          return [{ line: place, fields: { ...(a.trim() && { a }), ...(b.trim() && { b }) } }];
        });
        const records = await parse(csv, { chunkBytes, format: 'csv' });
        expect(records.map(({ line, fields }) => ({ line, fields }))).toEqual(expected);
      },
    ),
    { numRuns: repeats(500) },
  );
});

test('whatever bytes come, they are records or INVALID_INPUT', async () => {
  const token = fc.constantFrom(
    ...['{', '}', '[', ']', '"', ',', ':', ';', '\n', '\r', '\t', '\\', ' ', 'a', '1', '-', '.', 'e', '#N/A'],
    ...[
      '"records":[',
      '"result":{',
      '"done":',
      'false',
      'null',
      '{"a":1}',
      'sep=',
      '_',
      '[Contact]',
      'é',
      '\0',
    ],
  );
  const text = fc.array(token, { maxLength: 30 }).map((tokens) => Buffer.from(tokens.join('')));
  const bytes = fc.uint8Array({ maxLength: 30 }).map((own) => Buffer.from(own));
  const wide = text.map((own) => Buffer.from(own.toString(), 'utf16le'));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(text, bytes, wide),
      fc.integer({ min: 1, max: 9 }),
      async (input, chunkBytes) => {
        try {
          const records = await parse(input, { chunkBytes });
          expect(records.every(({ fields }) => typeof fields === 'object')).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ name: 'AppError', code: 'INVALID_INPUT', hint: expect.any(String) });
          expect(String(error)).toMatch(/^AppError: -/);
        }
      },
    ),
    { numRuns: repeats(2_000) },
  );
});

describe('line ends', () => {
  test.each([
    ['a header with LF over rows with CRLF', 'a,b\n1,2\r\n3,4\r\n', [2, 3]],
    ['a header with CRLF over rows with LF', 'a,b\r\n1,2\n3,4\n', [2, 3]],
    ['CR alone, as old Macs write', 'a,b\r1,2\r3,4', [2, 3]],
    ['CRLF within quotes counts as one line', '"a",b\r\n1,"2\r\n2"\r\n3,4\r\n', [2, 4]],
  ])('%s', async (_, text, lines) => {
    const records = await parse(text);
    expect(records.map(({ line }) => line)).toEqual(lines);
    expect(records.at(-1)?.fields).toEqual({ a: '3', b: '4' });
  });
});

describe('what was left out is told', () => {
  test('blank records, empty columns without a name', async () => {
    const csv = 'a,b,,\n1,2,,\n,,,\n  \n"","",,\n\n3,4,, \n5,6\t,,,,\n';
    expect(await fieldsOf(csv)).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
      { a: '5', b: '6\t' },
    ]);
    expect(await notesOf(csv)).toEqual([
      '-: 3 blank records were skipped.',
      '-: 2 empty columns without a name ignored.',
    ]);
    expect(await notesOf('a\n1\n\n')).toEqual([]);
  });

  test('a value in a column without a name is a fault at its place', async () => {
    await expect(parse('a,,b\n1,,2\n3,x,4\n')).rejects.toThrow(
      '-, line 3, column 2 (record 2): "x" stands in a column without a name.',
    );
  });

  test('an answer that holds fewer records than it says', async () => {
    expect(await notesOf('{"totalSize":3,"done":true,"records":[{"a":1}]}')).toEqual([
      '-: the answer names 3 records in all and the file holds 1.',
    ]);
  });
});

test('numbers keep their digits where a double would not', async () => {
  const digits = [
    '9007199254740993',
    '0.1234567890123456789',
    '1e400',
    '1.10',
    '-0',
    '123456789012345678901',
  ];
  const [fields] = await fieldsOf(
    `{${digits.map((number) => `"${number}":${number}`).join(',')},"a":[1.5,1e3]}`,
  );
  for (const number of digits) expect(fields?.[number]).toEqual(new NumberText(number));
  expect(fields?.a).toEqual([1.5, new NumberText('1e3')]);
  expect(await fieldsOf('{"a":0.1,"b":-12,"c":9007199254740991}')).toEqual([
    { a: 0.1, b: -12, c: 9007199254740991 },
  ]);
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InputFormat } from '../../../src/cli/input/input-formats.ts';
import { decodeInput } from '../../../src/cli/input/input-text.ts';
import { parseRecords } from '../../../src/cli/input/parse-records.ts';

const parse = (text: string, format: InputFormat = 'auto') => parseRecords(text, 'in', format);
const fieldsOf = (text: string, format?: InputFormat) => parse(text, format).map(({ fields }) => fields);

describe('the format is seen by the content', () => {
  test.each([
    ['a JSON object', '{"LastName":"Ng"}', [{ LastName: 'Ng' }]],
    ['a JSON object over several lines', '{\n  "LastName": "Ng"\n}\n', [{ LastName: 'Ng' }]],
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
  ])('%s', (_, text, records) => {
    expect(fieldsOf(text)).toEqual(records);
  });

  test('--format overrules it', () => {
    expect(fieldsOf('{x},y\n1,2\n', 'csv')).toEqual([{ '{x}': '1', y: '2' }]);
    expect(() => parse('LastName\nNg', 'json')).toThrow('line 1, column 1');
    expect(fieldsOf('', 'ndjson')).toEqual([]);
    expect(() => parse(' \n')).toThrow('in is empty.');
  });
});

describe('each record knows its place', () => {
  test.each([
    ['[\n{"a":1},\n\n{"a":\n2},{"a":3}]', [2, 4, 5]],
    ['{"a":1}\n{"a":2}\n', [1, 2]],
    ['a\n1\n\n"2\n2"\n3\n', [2, 4, 6]],
  ])('%j', (text, lines) => {
    expect(parse(text).map(({ line }) => line)).toEqual(lines);
    expect(parse(text).map(({ index }) => index)).toEqual(lines.map((_, at) => at));
  });
});

test('JSON values keep their types, CSV values are text that takes its type later', () => {
  expect(parse('{"a":1.5,"b":true,"c":null,"d":"1"}')[0]).toMatchObject({
    fields: { a: 1.5, b: true, c: null, d: '1' },
    untyped: false,
  });
  expect(parse('a,b,c,d\n1.5,true,#N/A,\n')[0]).toMatchObject({
    fields: { a: '1.5', b: 'true', c: null },
    untyped: true,
  });
  expect(parse('a,b,c,d\n1.5,true,#N/A,\n')[0]?.fields).not.toHaveProperty('d');
});

test('the attributes of a record that came from Salesforce are left out', () => {
  expect(fieldsOf('{"attributes":{"type":"Contact"},"LastName":"Ng"}')).toEqual([{ LastName: 'Ng' }]);
});

describe('a fault has its place', () => {
  test.each([
    ['{"a":1,}', 1, 8, '"}" stands where a field name in double quotes should'],
    ['{"a":1\n"b":2}', 2, 1, 'a comma or "}" should'],
    ['{"a" 1}', 1, 6, 'a colon should'],
    ["{'a':1}", 1, 2, 'a field name in double quotes should'],
    ['{"a":1', 1, 7, 'the text ends where a comma or "}" should follow'],
    ['{"a":"x\ny"}', 1, 8, 'a string does not end on its line'],
    ['{"a":"x', 1, 6, 'a string does not end'],
    ['{"a":"\\x"}', 1, 7, 'a backslash begins no known escape'],
    ['{"a":"\t"}', 1, 7, 'a bare control character'],
    ['{"a":01}', 1, 7, 'a comma or "}" should'],
    ['{"a":nul}', 1, 6, 'a value should'],
    ['{"a":NaN}', 1, 6, 'a value should'],
    ['[{"a":1}', 1, 9, 'the array does not end'],
    ['[{"a":1},]', 1, 10, 'a value should'],
    ['[{"a":1}]\nx', 2, 1, 'something follows the end of the array'],
    ['[{"a":1},\n 5]', 2, 2, 'a contact should begin here'],
    ['{"a":1}\n[{"a":1}]', 2, 1, 'a contact should begin here'],
    ['{"a":1}\n{"a":2}\n{"a":\n', 4, 1, 'the text ends where a value should follow'],
    [`{"a":${'['.repeat(300)}`, 1, 205, 'nested more than'],
  ])('%j', (text, line, column, reason) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        message: expect.stringMatching(new RegExp(`^in, line ${line}, column ${column}: .*`)),
        details: { source: 'in', line, column },
      }),
    );
    expect(() => parse(text)).toThrow(reason);
  });

  test.each([
    ['a,b\n1,2\n1\n', 'in, line 3: the row has another number of cells than the header'],
    ['a,b\n1,2,3\n', 'in, line 2: the row has another number of cells than the header'],
    ['a,b\n"1,2\n', 'a quoted cell does not end'],
    ['a,b\n"1"x,2\n', 'text follows a closing quote'],
    ['a,,b\n1,2,3\n', 'in, line 1: column 2 has no name'],
    ['a,b,A\n1,2,3\n', 'in, line 1: column "A" is there twice'],
  ])('%j', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

test('what JSON.parse takes, the scanner takes; what it refuses, the scanner refuses at a place', () => {
  const json = fc.json({ maxDepth: 4 });
  fc.assert(
    fc.property(
      json,
      fc.nat(),
      fc.constantFrom('', '"', '{', ']', ',', ':', '\\', '0', 'e', '\u0000'),
      (value, where, noise) => {
        const at = where % (value.length + 1);
        const text = `{"a":${value.slice(0, at)}${noise}${value.slice(at)}}`;
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expect(() => parse(text)).toThrow(/^in, line \d+, column \d+: /);
          return;
        }
        expect(fieldsOf(text)).toEqual([expected]);
      },
    ),
    { numRuns: 2_000 },
  );
});

describe('bytes', () => {
  test('UTF-8 and UTF-16 by their marks', () => {
    expect(decodeInput(Buffer.from('\ufeffé'), 'in')).toBe('é');
    expect(decodeInput(Buffer.from('\ufeffé', 'utf16le'), 'in')).toBe('é');
  });

  test('anything else is told, not guessed', () => {
    expect(() => decodeInput(Buffer.from([0x4e, 0xe9]), 'in.csv')).toThrow('in.csv is not UTF-8 text.');
  });
});

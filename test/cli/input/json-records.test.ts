import { describe, expect, test } from 'vitest';
import { fieldsOf, parse } from './parse.ts';

test('the attributes of a record that came from Salesforce are left out', async () => {
  expect(await fieldsOf('{"attributes":{"type":"Contact"},"LastName":"Ng"}')).toEqual([{ LastName: 'Ng' }]);
});

test('the address that a record was read from comes along, unless --map leaves it out', async () => {
  const text = '[{"attributes":{"type":"Contact","url":"/x"},"LastName":"Ng"},{"LastName":"Li"}]';
  const [read, own] = await parse(text);
  expect(read?.readFrom).toEqual({ name: 'attributes', url: '/x' });
  expect(own).not.toHaveProperty('readFrom');
  const [dropped] = await parse(text, { maps: ['attributes='] });
  expect(dropped).not.toHaveProperty('readFrom');
});

test('a record that says to be of another object is no contact', async () => {
  const [record, contact] = await parse(
    '[{"attributes":{"type":"Account"},"Name":"Acme"},{"attributes":{"type":"contact"}}]',
  );
  expect(record?.faults).toEqual([
    expect.objectContaining({ code: 'NOT_A_CONTACT', message: expect.stringContaining('Account') }),
  ]);
  expect(contact).not.toHaveProperty('faults');
});

test('a name given twice in one object is told with both places', async () => {
  const [record] = await parse('\n{"LastName":"Ng",\n "LastName":"Li","Account":{"Name":1,"Name":1}}');
  expect(record?.faults).toEqual([
    {
      field: 'LastName',
      code: 'GIVEN_TWICE',
      message: '"LastName" is given twice: at line 2, column 2, and at line 3, column 2.',
    },
    expect.objectContaining({ field: 'Name', code: 'GIVEN_TWICE' }),
  ]);
  // Other case is another name here; whether it is another field, describe tells.
  expect((await parse('{"lastname":"Ng","LastName":"Li"}'))[0]).not.toHaveProperty('faults');
});

describe('answers of Salesforce and of sf stand for their records', () => {
  const records = '[{"attributes":{"type":"Contact"},"LastName":"Ng"},{"LastName":"Li"}]';
  const two = [{ LastName: 'Ng' }, { LastName: 'Li' }];
  test.each([
    ['records alone', `{"records":${records}}`, two],
    ['a query', `{"totalSize":2,"done":true,"records":${records}}`, two],
    ['with its members behind', `{"records":${records},\n"totalSize":2,"done":true}`, two],
    [
      'a tooling query',
      `{"size":2,"totalSize":2,"done":true,"queryLocator":null,"entityTypeName":"Contact","records":${records}}`,
      two,
    ],
    [
      'sf data query --json',
      `{\n"status":0,"result":{"records":${records},"totalSize":2,"done":true},"warnings":[]}`,
      two,
    ],
    ['a list as result', `{"status":0,"result":${records}}`, two],
    [
      'sf data get record --json',
      '{"status":0,"result":{"attributes":{"type":"Contact"},"LastName":"Ng"},"warnings":[]}',
      [{ LastName: 'Ng' }],
    ],
    [
      'several, one after the other',
      `{"records":${records}}\n{"records":[]}\n{"records":[{"a":1}]}`,
      [...two, { a: 1 }],
    ],
    ['no records', '{"totalSize":0,"done":true,"records":[]}', []],
    [
      'a contact with a column of such a name',
      '{"status":"new","LastName":"Ng"}',
      [{ status: 'new', LastName: 'Ng' }],
    ],
    ['a contact with a text of such a name', '{"records":"x"}', [{ records: 'x' }]],
  ])('%s', async (_, text, expected) => {
    expect(await fieldsOf(text)).toEqual(expected);
    expect((await parse(text)).map(({ index }) => index)).toEqual(expected.map((_, at) => at));
  });

  test.each([
    ['before', '{"totalSize":4000,"done":false,"nextRecordsUrl":"/q/01g-2000","records":[{"a":1}]}'],
    ['behind', '{"records":[{"a":1}],"done":false}'],
    ['in what sf prints', '{"status":0,"result":{"totalSize":2,"done":false,"records":[{"a":1}]}}'],
  ])('a part of an answer is refused: done stands %s', async (_, text) => {
    await expect(parse(text)).rejects.toThrow('this is the first part of an answer ("done": false)');
  });

  test('what stands beside the records and is not known is a fault', async () => {
    await expect(parse('{"records":[{"a":1}],"LastName":"Ng"}')).rejects.toThrow(
      '-, line 1, column 22: "LastName" stands beside the records',
    );
    await expect(parse('{"records":[{"a":1}]')).rejects.toThrow(
      'a comma or "}" should stand behind the records',
    );
  });
});

describe('a fault has its place', () => {
  test.each([
    ['{"a":1,}', 1, 8, 0, '"}" stands where a field name in double quotes should'],
    ['{"a":1\n"b":2}', 2, 1, 0, 'a comma or "}" should'],
    ['{"a" 1}', 1, 6, 0, 'a colon should'],
    ["{'a':1}", 1, 2, 0, 'a field name in double quotes should'],
    ['{"a":1', 1, 7, 0, 'the text ends where a comma or "}" should follow'],
    ['{"a":"x\ny"}', 1, 8, 0, 'a string does not end on its line'],
    ['{"a":"x', 1, 6, 0, 'a string does not end'],
    ['{"a":"\\x"}', 1, 7, 0, 'a backslash begins no known escape'],
    ['{"a":"\t"}', 1, 7, 0, 'a bare control character'],
    ['{"a":01}', 1, 7, 0, 'a comma or "}" should'],
    ['{"a":nul}', 1, 6, 0, 'a value should'],
    ['{"a":NaN}', 1, 6, 0, 'a value should'],
    ['{"a":[1}', 1, 8, 0, 'a comma or "]" should'],
    ['[{"a":1}', 1, 9, null, 'the array does not end'],
    ['[{"a":1},]', 1, 10, 1, 'a value should'],
    ['[{"a":1}]\nx', 2, 1, null, 'something follows the end of the array'],
    ['[{"a":1},\n 5]', 2, 2, 1, 'a contact should begin here'],
    ['{"a":1}\n[{"a":1}]', 2, 1, 1, 'a contact should begin here'],
    ['{"a":1}\n{"a":2}\n{"a":\n', 4, 1, 2, 'the text ends where a value should follow'],
    ['[{"a":1},{"a":2},{"a":3,,"b":1}]', 1, 25, 2, 'a field name in double quotes should'],
    [`{"a":${'['.repeat(300)}`, 1, 205, 0, 'nested more than'],
  ])('%j', async (text, line, column, index, reason) => {
    const record = index === null ? '' : ` (record ${index + 1})`;
    await expect(parse(text)).rejects.toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        message: expect.stringContaining(`-, line ${line}, column ${column}${record}: `),
        details: { source: '-', line, column, index },
      }),
    );
    await expect(parse(text)).rejects.toThrow(reason);
  });

  test('a long record comes whole from small pieces, and what follows it too', async () => {
    const long = 'say "yes"}'.repeat(120_000);
    const text = `${JSON.stringify({ LastName: long })}\n{"LastName":"Ng"}\n`;
    for (const chunkBytes of [4_099, 65_536])
      expect(await fieldsOf(text, { chunkBytes })).toEqual([{ LastName: long }, { LastName: 'Ng' }]);
  });

  test('a record that does not end is found before it fills the memory', async () => {
    const text = `{"a":1,"b":{${'"x":"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",'.repeat(400_000)}`;
    await expect(parse(text)).rejects.toThrow('what begins here does not end within 16,000,000 characters');
  });

  test('a list of contacts in a member, too long for one record, is told with the way to take them out', async () => {
    const text = `{"total":400,"data":[${`{"LastName":"${'y'.repeat(50_000)}"},`.repeat(400)}`;
    await expect(parse(text)).rejects.toThrow(/the list in "data" .* `jq '\.\["data"\]\[\]'`/);
  });
});

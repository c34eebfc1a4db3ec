import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fieldsOf, notesOf, parse } from './parse.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'parahack-map-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const csv = 'Last Name,E-mail 1 - Value,Notes\nNg,ng@x,old\n';
const mapped = [{ LastName: 'Ng', Email: 'ng@x' }];

describe('--map', () => {
  test.each([
    ['the very name', ['Last Name=LastName', 'E-mail 1 - Value=Email', 'Notes=']],
    ['other case and blanks', ['lastname=LastName', 'E-MAIL 1-VALUE = Email', ' notes =']],
  ])('reads columns as fields and drops some: %s', async (_, maps) => {
    expect(await fieldsOf(csv, { maps })).toEqual(mapped);
  });

  test('reads the members of JSON as fields', async () => {
    const json = '[{"Last Name":"Ng","E-mail 1 - Value":"ng@x","Notes":{"a":1}}]';
    expect(
      await fieldsOf(json, { maps: ['last name=LastName', 'E-mail 1 - Value=Email', 'Notes='] }),
    ).toEqual(mapped);
  });

  test('splits at the last equals sign, for a header may have one', async () => {
    expect(await fieldsOf('E=mail\nng@x\n', { maps: ['E=mail=Email'] })).toEqual([{ Email: 'ng@x' }]);
  });

  test('a header that differs by case alone from two entries is neither', async () => {
    expect(await fieldsOf('name,Name,NAME\n1,2,3\n', { maps: ['name=FirstName', 'Name=LastName'] })).toEqual([
      { FirstName: '1', LastName: '2', NAME: '3' },
    ]);
  });

  test('of two columns that differ by case alone, one can be dropped by its very name', async () => {
    expect(await fieldsOf('Email,email\n1,2\n', { maps: ['email='] })).toEqual([{ Email: '1' }]);
  });

  test('two columns may be read as one field where only one has a value in a row, or both the same', async () => {
    const maps = ['Business Phone=Phone', 'Primary Phone=Phone'];
    const phones = 'Business Phone,Primary Phone\n1,\n,2\n3,3\n';
    expect(await fieldsOf(phones, { maps })).toEqual([{ Phone: '1' }, { Phone: '2' }, { Phone: '3' }]);
    expect(await fieldsOf('phone,Business Phone\n1,\n,2\n3,3\n', { maps: ['Business Phone=Phone'] })).toEqual(
      [{ phone: '1' }, { phone: '2' }, { phone: '3' }],
    );
    const [record] = await parse('Business Phone,Primary Phone\n1,2\n', { maps });
    expect(record?.faults).toEqual([expect.objectContaining({ field: 'Phone', code: 'GIVEN_TWICE' })]);
    const json = '{"Business Phone":null,"Primary Phone":"2"}\n{"Business Phone":"1","Primary Phone":"2"}';
    const [one, two] = await parse(json, { maps });
    expect(one).toMatchObject({ fields: { Phone: '2' } });
    expect(one).not.toHaveProperty('faults');
    expect(two?.faults).toEqual([expect.objectContaining({ field: 'Phone', code: 'GIVEN_TWICE' })]);
  });

  test('a rejects file has the fields as headers already, and is pushed by the same command', async () => {
    const rejects = 'LastName,Email,_source,_index,_line,_errors\nNg,ng@x,-,0,2,no\n';
    expect(await fieldsOf(rejects, { maps: ['Last Name=LastName', 'E-mail 1 - Value=Email'] })).toEqual(
      mapped,
    );
  });

  test.each([
    [['Nmae=FirstName'], '--map names "Nmae", and no input has such a header.'],
    [['Notes=Description', 'Notes=Title'], '--map maps "Notes" to two fields.'],
    [['=LastName'], 'there is no header before "="'],
    [['Notes=a,b'], '"a,b" is no field\'s name'],
    [[''], '--map is empty.'],
    [['nowhere.map'], '--map nowhere.map: the file cannot be read (ENOENT).'],
  ])('%j is refused', async (maps, message) => {
    await expect(parse(csv, { maps, cwd })).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining(message) }),
    );
  });
});

describe('--map FILE', () => {
  const write = (name: string, text: string) => writeFileSync(join(cwd, name), text);

  test.each([
    ['lines', '# Google\n\nLast Name=LastName\r\nE-mail 1 - Value = Email\nNotes=\n'],
    [
      'Data Loader',
      '#Mapping values\n#Thu Nov 26 02:00:00 UTC 2026\nLast\\ Name=LastName\nE\\u002dmail\\ 1\\ -\\ Value=Email\nNotes=\n',
    ],
    ['CSV', '\ufeffHeader,Field\n"Last Name",LastName\nE-mail 1 - Value,Email\nNotes,\n'],
    ['JSON', '{"Last Name":"LastName","E-mail 1 - Value":"Email","Notes":null}'],
  ])('%s', async (_, text) => {
    write('a.map', text);
    expect(await fieldsOf(csv, { maps: ['a.map'], cwd })).toEqual(mapped);
    expect(await notesOf(csv, { maps: ['a.map'], cwd })).toEqual([]);
  });

  test("Data Loader's parents are parents' fields", async () => {
    write('a.sdl', 'Boss=ReportsTo\\:Email\nOwner=Owner\\:User-Username\n');
    expect(await fieldsOf('Boss,Owner\n1,2\n', { maps: ['a.sdl'], cwd })).toEqual([
      { 'ReportsTo.Email': '1', 'Owner.Username': '2' },
    ]);
  });

  test('a name with an equals sign is given with its folder', async () => {
    write('a=b', 'Last Name=LastName\nE-mail 1 - Value=Email\nNotes=\n');
    expect(await fieldsOf(csv, { maps: ['./a=b'], cwd })).toEqual(mapped);
    expect(await fieldsOf(csv, { maps: [join(cwd, 'a=b')], cwd })).toEqual(mapped);
  });

  test('what it names and the input has not is told; the command line goes before it', async () => {
    write('a.map', 'Last Name=LastName\nE-mail 1 - Value=Email\nNotes=Description\nBirthday=Birthdate\n');
    const options = { maps: ['Notes=', 'a.map'], cwd };
    expect(await fieldsOf(csv, options)).toEqual(mapped);
    expect(await notesOf(csv, options)).toEqual(['--map a.map: no input has "Birthday".']);
  });

  test.each([
    ['no entry', 'Last Name LastName\n', '--map a.map, line 1: there is no "="'],
    ['an object in JSON', '{"a":{"b":1}}', '--map a.map: "a" has no field\'s name'],
    ['three cells', 'header,field\na,b,c\n', 'a.map, line 2: a line has a header and a field'],
  ])('%s is refused', async (_, text, message) => {
    write('a.map', text);
    await expect(parse(csv, { maps: ['a.map'], cwd })).rejects.toThrow(message);
  });
});

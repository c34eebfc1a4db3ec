import { describe, expect, test } from 'vitest';
import { jsonOf, membersOfJson } from '../../../src/base/number-text.ts';
import { type RejectsForm, writeRejects } from '../../../src/cli/input/rejects-file.ts';
import { csvLine } from '../../../src/cli/render/csv-line.ts';
import type { PushRecord, RejectedRecord } from '../../../src/contract/push.ts';
import { contact } from '../../../src/org/synced-object.ts';
import type { StagingRecord } from '../../../src/sync/ports/outbox-staging.ts';
import type { Queries } from '../../../src/sync/ports/queries.ts';
import { RecordChecker } from '../../../src/sync/push/check/check-records.ts';
import { Columns } from '../../../src/sync/push/check/columns.ts';
import { Parents } from '../../../src/sync/push/check/parents.ts';
import { repeats } from '../../support/deep.ts';
import { plainField as field } from '../../support/plain-field.ts';
import fc from '../../support/properties.ts';
import { parse } from './parse.ts';

const fields = [
  field('Id', 'id', { createable: false, updateable: false, nillable: false, defaultedOnCreate: true }),
  field('LastName', 'string', { nillable: false }),
  field('Title', 'string'),
  field('Salutation', 'picklist'),
  field('Description', 'textarea'),
  field('Score__c', 'double', { precision: 18, scale: 4 }),
  field('Count__c', 'int', { digits: 9 }),
  field('DoNotCall', 'boolean', { nillable: false, defaultedOnCreate: true }),
  field('Birthdate', 'date'),
  field('AccountId', 'reference', { referenceTo: ['Account'], relationshipName: 'Account' }),
];
const accountFields = [field('ExtId__c', 'string', { externalId: true })];
/** Any parent that is asked for is there. */
const org = {
  requestBytes: (soql: string) => soql.length,
  async all(soql: string) {
    const values = [...soql.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, text]) =>
      text!.replace(/\\(.)/g, '$1'),
    );
    return { records: values.map((ExtId__c) => ({ Id: '001000000000001AAA', ExtId__c })) };
  },
} as unknown as Queries;

type Decimal = 'point' | 'comma' | null;

/** What the outbox would take in. */
async function checked(records: readonly PushRecord[], decimal: Decimal): Promise<StagingRecord[]> {
  const columns = new Columns(contact, fields, async () => accountFields);
  const checker = new RecordChecker(fields, columns, new Parents(org, contact.name), {
    object: contact,
    upsert: null,
    allowDuplicates: false,
    byJob: false,
    ignoreUnknown: true,
    ignoreReadOnly: false,
    allowDamaged: true,
    decimal,
    atomicGroup: null,
    keepGiven: true,
    now: 0,
  });
  return checker.check(records, { signal: new AbortController().signal });
}

async function written(name: string, staged: readonly StagingRecord[], form: RejectsForm): Promise<string> {
  let text = '';
  const file = {
    async write(piece: string) {
      text += piece;
    },
    async complete() {},
    async [Symbol.asyncDispose]() {},
  };
  const errors = [{ code: 'NO', message: 'No; "never",\nnot.', fields: [], duplicates: [] }];
  const rejects = async function* () {
    yield staged.map(({ source, index, line, entry, given }): RejectedRecord => {
      return { source, index, line, fields: membersOfJson(jsonOf(given!)), key: entry.key, errors };
    });
  };
  await writeRejects(file, name, { rejects }, form);
  return text;
}

/** What is to become of a record. A new record's null in a field that cannot be null says no more than nothing. */
function meaning({ entry: { op, contactId, changes } }: StagingRecord) {
  const said = Object.entries(changes).filter(
    ([name, value]) => op !== 'create' || value !== null || fields.find((own) => own.name === name)!.nillable,
  );
  return { op, contactId, changes: Object.fromEntries(said) };
}

const codesOf = ({ faults }: StagingRecord) => faults.map(({ code }) => code);

/** Every record that was without fault is the same again, or says itself that it is not. */
async function roundTrip(
  name: string,
  input: string,
  { decimal, maps = [], semicolons = false }: { decimal: Decimal; maps?: string[]; semicolons?: boolean },
) {
  const before = await checked(await parse(input, { maps }), decimal);
  const comma = decimal === 'comma' ? 'said' : semicolons && decimal === null ? 'possible' : null;
  const text = await written(name, before, { mapped: maps.length > 0, decimalComma: comma });
  const told: string[] = [];
  for (const [again, isSame] of [
    [await parse(text, { maps }), true],
    // Without the flags of the first push it is the same, or a fault.
    [await parse(text), false],
  ] as const) {
    const after = await checked(again, isSame ? decimal : null);
    expect(after).toHaveLength(before.length);
    after.forEach((record, at) => {
      const [former, codes] = [before[at]!, codesOf(record)];
      expect(record.replaces).toBe(former.entry.key);
      if (codes.includes('NOT_IN_CSV')) told.push(...codes);
      else if (codesOf(former).includes('AMBIGUOUS_NUMBER')) expect(codes).toContain('AMBIGUOUS_NUMBER');
      else if (former.faults.length === 0 && (isSame || codes.length === 0)) {
        expect({ codes, ...meaning(record) }).toEqual({ codes: [], ...meaning(former) });
      }
    });
  }
  return { text, told };
}

/** JSON text of a value; some have no other form than text. */
const value = fc.oneof(
  fc.constantFrom(
    ...[
      'null',
      'true',
      'false',
      '0',
      '1',
      '1.5',
      '1.10',
      '1.100',
      '1.234',
      '1e3',
      '12345678.1234',
      '123456789012345678',
    ],
    ...['[]', '["a"]', '{}', '{"ExtId__c":"x"}', '{"ExtId__c":""}', '{"ExtId__c":"#N/A"}', '{"a":1,"b":2}'],
    ...['"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\u0001"', '"\\u0001 x"'],
  ),
  fc
    .constantFrom(
      ...[
        '',
        ' ',
        '\t\n',
        '\u00a0',
        '#N/A',
        ' #N/A\n',
        '#n/a',
        '#N/A'.padEnd(30),
        'x',
        ' x ',
        'x\r\ny',
        'x\ry',
        '"x"',
        "'",
      ],
      ...['1.5', '1.234', '1.234,5', '1,5', '1234', '2026-01-31', '2026-01-31T00:00:00Z', 'true', 'YES', '0'],
      ...[
        'a;b',
        'a,b',
        'a|b\tc',
        '=1+1',
        '="01"',
        '@x',
        '-',
        '---',
        'Total: 1',
        '[Account]',
        'sep=;',
        '\ufffd',
        '\ufeffx',
        '00',
      ],
    )
    .map((text) => JSON.stringify(text)),
  fc
    .string({ unit: fc.constantFrom('a', ' ', '"', ',', ';', '\n', '\r', '#', '1', '.', '\u00a0') })
    .map((text) => JSON.stringify(text)),
);
const memberName = fc.constantFrom(
  ...[
    'LastName',
    'Title',
    'Description',
    'Score__c',
    'Count__c',
    'DoNotCall',
    'Birthdate',
    'AccountId',
    'Account',
  ],
  ...[
    'Account.ExtId__c',
    'title',
    ' Title ',
    '\ufeffTitle',
    '\u200bTitle',
    'We ird',
    'x;y',
    'x,"y"',
    '',
    ' ',
    '_',
    'a\u0007b',
  ],
  ...[
    'attributes.type',
    'attributes',
    '__proto__',
    '2026-01-31',
    'a@b.co',
    'Total',
    'id',
    'IsDeleted',
    '_own',
    'sep=;',
  ],
);
const record = fc
  .tuple(
    fc.constantFrom('{"LastName":"L"', '{"Id":"003000000000001AAA","Title":"T"', '{"Id":null,"LastName":"L"'),
    fc.uniqueArray(fc.tuple(memberName, value), { selector: ([name]) => name, maxLength: 4 }),
  )
  .map(([head, members]) => {
    const has = new Set(Object.keys(JSON.parse(`${head}}`)));
    const more = members.filter(([name]) => !has.has(name));
    return `${[head, ...more.map(([name, own]) => `${JSON.stringify(name)}:${own}`)].join(',')}}`;
  });
const decimal = fc.constantFrom<Decimal>(null, 'point', 'comma');

describe('a rejects file that is pushed again says the same of each record', () => {
  test('as CSV, or names the values that CSV has no word for', async () => {
    let kept = 0;
    let lost = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 4 }), decimal, async (all, mark) => {
        const { told } = await roundTrip('r.csv', all.join('\n'), { decimal: mark });
        if (told.length > 0) lost++;
        else kept++;
      }),
      { numRuns: repeats(600) },
    );
    expect([kept, lost].every((count) => count > 100)).toBe(true);
  });

  test('as NDJSON, always', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 4 }), decimal, async (all, mark) => {
        const { told } = await roundTrip('r.ndjson', all.join('\n'), { decimal: mark });
        expect(told).toEqual([]);
      }),
      { numRuns: repeats(600) },
    );
  });

  test.each(['r.csv', 'r.ndjson'])('%s, where a number of JSON stands among decimal commas', async (name) => {
    const { told } = await roundTrip(name, '{"LastName":"L","Score__c":1.100}', { decimal: 'comma' });
    expect(told).toEqual(name === 'r.csv' ? ['NOT_IN_CSV', 'NOT_IN_CSV'] : []);
  });

  const cell = fc.constantFrom(
    ...[
      '',
      ' ',
      'x',
      ' x',
      '#N/A',
      '1.5',
      '1.234',
      '1,5',
      '1.234,5',
      '2026-01-31',
      'true',
      'a;b',
      'a,b',
      '"q"',
      'x\ny',
    ],
  );
  // As Outlook has it: the field Title is another column's header.
  const maps = ['Title=Salutation', 'Job Title=Title', 'Worth=Score__c', 'Company='];
  const header = ['LastName', 'Title', 'Job Title', 'Worth', 'Company', 'Odd'];

  test.each(['r.csv', 'r.ndjson'])('%s, of a file with other headers and delimiters', async (name) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(cell, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(',', ';'),
        decimal,
        async (rows, delimiter, mark) => {
          const lines = [header, ...rows.map((row) => ['L', ...row])].map((row) => csvLine(row, delimiter));
          const form = { decimal: mark, maps, semicolons: delimiter === ';' };
          const { told } = await roundTrip(name, lines.join(''), form);
          expect(told).toEqual([]);
        },
      ),
      { numRuns: repeats(300) },
    );
  });
});

test('what CSV has no word for is left empty, told where the reasons are, and refused until somebody has looked', async () => {
  const input = '{"LastName":"A","Title":"#N/A","Score__c":[1]}\n{"LastName":"B","Title":"x"}';
  const staged = await checked(await parse(input), null);
  const text = await written('r.csv', staged, { mapped: false, decimalComma: null });
  const [head, first] = text.split('\n');
  expect(head).toBe('LastName,Title,_source,_index,_line,_entry,_errors,_lost');
  expect(first).toMatch(/^A,,-,0,1,/);
  expect(text).toContain('Title: it is the text #N/A, which clears a field there.');
  const again = await checked(await parse(text), null);
  expect(again.map(({ faults }) => faults.map(({ field: name, code }) => `${name} ${code}`))).toEqual([
    ['Title NOT_IN_CSV', 'Score__c NOT_IN_CSV'],
    [],
  ]);
});

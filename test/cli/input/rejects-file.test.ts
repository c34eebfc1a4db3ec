import { describe, expect, test } from 'vitest';
import { writeRejects } from '../../../src/cli/input/rejects-file.ts';
import type { RejectedRecord } from '../../../src/contract/push.ts';
import { repeats } from '../../support/deep.ts';
import fc from '../../support/properties.ts';
import { fieldsOf } from './parse.ts';

const errors = [{ code: 'INVALID', message: 'It is "wrong",\nwholly.', fields: [], duplicates: [] }];

async function written(name: string, all: Record<string, unknown>[]): Promise<string> {
  let text = '';
  const file = {
    async write(piece: string) {
      text += piece;
    },
    async complete() {},
    async [Symbol.asyncDispose]() {},
  };
  const rejects = async function* () {
    const place = { source: 'in.csv', line: 2, errors, key: null };
    yield all.map((fields, index): RejectedRecord => ({ ...place, index, fields }));
  };
  await writeRejects(file, name, { rejects }, { mapped: false, decimalComma: null });
  return text;
}

describe('a rejects file is read as what was refused', () => {
  test.each(['r.ndjson', 'r.csv'])('%s, whatever the names and texts', async (name) => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'é', '"', ',', ';', '\t', ' ', '\n', '|', '{', '[', '='),
    });
    const value = text.filter((own) => own.trim() !== '');
    // Blanks around a name are none of it.
    const header = text.map((own) => own.trim()).filter((own) => own !== '');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.dictionary(header, value, { minKeys: 1 }), { minLength: 1 }),
        async (all) => {
          expect(await fieldsOf(await written(name, all))).toEqual(all);
        },
      ),
      { numRuns: repeats(300) },
    );
  });

  test('as CSV: what clears a field, and a parent', async () => {
    const fields = {
      LastName: 'Ng',
      Phone: null,
      Title: '',
      Account: { attributes: {}, Key__c: 'x' },
      Level__c: 1.5,
    };
    expect(await fieldsOf(await written('R.CSV', [fields, { LastName: 'Li' }]))).toEqual([
      { LastName: 'Ng', Phone: null, Title: null, 'Account.Key__c': 'x', Level__c: '1.5' },
      { LastName: 'Li' },
    ]);
  });
});

test('a cell of blanks is empty, so that its NDJSON clears nothing', async () => {
  expect(await fieldsOf('LastName,Phone\nNg, \u00a0\n')).toEqual([{ LastName: 'Ng' }]);
});

import { expect, test } from 'vitest';
import { pushRecordsOf } from '../../src/library/push-records.ts';

async function batchesOf(records: Iterable<Record<string, unknown>>) {
  const batches = [];
  for await (const batch of pushRecordsOf(records)) batches.push(batch);
  return batches;
}

test('records are numbered through all batches', async () => {
  const batches = await batchesOf(Array.from({ length: 450 }, (_, n) => ({ LastName: `L${n}` })));
  expect(batches.map((batch) => batch.length)).toEqual([200, 200, 50]);
  expect(batches[2]?.at(-1)).toEqual({
    source: 'records',
    index: 449,
    line: null,
    fields: { LastName: 'L449' },
    untyped: false,
  });
});

test('a member that is undefined leaves its field alone, and one that is null clears it', async () => {
  const [[record] = []] = await batchesOf([{ Id: '003', Email: undefined, Phone: null }]);
  expect(record?.fields).toEqual({ Id: '003', Phone: null });
});

test.each([undefined, null, 5, 'LastName', { LastName: 'A' }])(
  '%j is no list of records',
  async (records) => {
    await expect(batchesOf(records as never)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      hint: expect.stringContaining('a single one as [contact]'),
    });
  },
);

test('what is no object is refused with its number', async () => {
  await expect(batchesOf([{ LastName: 'A' }, null as never])).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: 'Record 1 is no object.',
  });
});

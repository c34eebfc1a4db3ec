import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { confirmGone } from '../../src/sync/confirm-gone.ts';
import type { Remote } from '../../src/sync/ports/remote.ts';
import type { RemoteRecords } from '../../src/sync/ports/remote-records.ts';
import { contactFields, describeOf } from '../store/sqlite/contact-fields.ts';
import { contactId, stampOf } from '../store/sqlite/pages.ts';
import { inMemory, startOfTest as now } from './in-memory.ts';

type Records = Record<string, unknown>[];

/** An org that answers queryAll with what it has of the ids asked for. */
async function orgWith(
  records: Records,
  fields = contactFields,
  { describe, hidden }: { describe?: RemoteRecords['describe']; hidden?: string } = {},
) {
  const asked: string[] = [];
  const { context } = inMemory({
    records: describe === undefined ? {} : { describe },
    remote: {
      queries: {
        all: async (soql, options) => {
          expect(options?.deleted).toBe(true);
          asked.push(soql);
          if (hidden !== undefined && soql.includes(hidden)) {
            throw new AppError('INVALID_FIELD', `No such column '${hidden}' on entity 'Contact'.`);
          }
          const found = records.filter(({ Id }) => soql.includes(`'${Id}'`));
          return { records: found, totalSize: found.length, readAt: now, answeredAt: now + 5 };
        },
      } as Remote['queries'],
    },
  });
  await context.mirror.schema.applyDescribe(describeOf(fields), now);
  return { context, asked };
}

const row = (n: number, more: Record<string, unknown>) => ({
  Id: contactId(n),
  SystemModstamp: stampOf(n).replace('Z', '+0000'),
  IsDeleted: true,
  MasterRecordId: null,
  ...more,
});

describe('what is thought to be gone', () => {
  it('is what queryAll says of it: deleted, merged, purged, or alive', async () => {
    const { context } = await orgWith([
      row(1, {}),
      row(2, { MasterRecordId: contactId(9) }),
      row(3, { IsDeleted: false }),
    ]);
    const { tombstones, live } = await confirmGone(context, [1, 2, 3, 4].map(contactId), {});
    expect(live).toEqual([contactId(3)]);
    const evidence = { evidenceAt: now + 5 };
    expect(tombstones).toEqual([
      { id: contactId(1), gone: 'deleted', masterRecordId: null, systemModstamp: stampOf(1), ...evidence },
      {
        id: contactId(2),
        gone: 'merged',
        masterRecordId: contactId(9),
        systemModstamp: stampOf(2),
        ...evidence,
      },
      { id: contactId(4), gone: 'purged', masterRecordId: null, systemModstamp: null, ...evidence },
    ]);
    expect((await context.mirror.commit({ tombstones })).buried).toBe(0);
    expect(await context.mirror.contacts.counts()).toEqual({ contacts: 0, deleted: 3 });
  });

  it('is not taken for alive where the answer does not say whether it is deleted', async () => {
    for (const IsDeleted of [undefined, null, 'true', 1]) {
      const { context } = await orgWith([row(1, {}), row(2, { IsDeleted })]);
      await expect(confirmGone(context, [1, 2].map(contactId), {})).rejects.toMatchObject({
        code: 'SALESFORCE_ERROR',
        message: expect.stringContaining(contactId(2)),
      });
    }
  });

  it('is asked for in queries that Salesforce takes, each id once', async () => {
    const { context, asked } = await orgWith([]);
    const ids = Array.from({ length: 1_000 }, (_, n) => contactId(n));
    expect((await confirmGone(context, ids, {})).tombstones.map(({ id }) => id)).toEqual(ids);
    expect(asked.length).toBeGreaterThan(1);
    for (const soql of asked) expect(encodeURIComponent(soql).length).toBeLessThan(12_000);
  });

  it('is not asked for a field that the user may not read', async () => {
    const without = contactFields.filter(({ name }) => name !== 'MasterRecordId');
    const { context, asked } = await orgWith([{ ...row(1, {}), MasterRecordId: undefined }], without);
    const { tombstones } = await confirmGone(context, [contactId(1)], {});
    expect(tombstones).toMatchObject([{ gone: 'deleted', masterRecordId: null }]);
    expect(asked[0]).not.toContain('MasterRecordId');
  });

  it('is asked for without a field that was hidden since the last describe', async () => {
    const without = contactFields.filter(({ name }) => name !== 'MasterRecordId');
    let describes = 0;
    const { context, asked } = await orgWith([{ ...row(1, {}), MasterRecordId: undefined }], contactFields, {
      describe: async () => {
        describes++;
        return describeOf(without);
      },
      hidden: 'MasterRecordId',
    });
    const { tombstones } = await confirmGone(context, [contactId(1)], {});
    expect(tombstones).toMatchObject([{ gone: 'deleted', masterRecordId: null }]);
    expect(describes).toBe(1);
    expect(asked).toEqual([
      expect.stringContaining('MasterRecordId'),
      expect.not.stringContaining('MasterRecordId'),
    ]);
  });

  it('is not believed to be merged into what is no contact', async () => {
    const { context } = await orgWith([row(1, { MasterRecordId: '001000000000001AAA' })]);
    await expect(confirmGone(context, [contactId(1)], {})).rejects.toMatchObject({
      code: 'SALESFORCE_ERROR',
    });
  });
});

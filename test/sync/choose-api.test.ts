import { describe, expect, it } from 'vitest';
import { chooseApi } from '../../src/sync/backfill/choose-api.ts';
import { usualSizes } from '../../src/sync/batch-sizes.ts';
import type { Remote } from '../../src/sync/ports/remote.ts';
import { inMemory } from './in-memory.ts';

/** An org with `jobsLeft` bulk query jobs; null where it does not tell. */
function org(jobsLeft: number | null) {
  const limits = async () => ({
    all: jobsLeft === null ? {} : { DailyBulkV2QueryJobs: { Max: 10_000, Remaining: jobsLeft } },
  });
  const usage = { sent: () => 0, limits } as unknown as Remote['usage'];
  const queries = { requestBytes: (soql: string) => soql.length } as Remote['queries'];
  const { context } = inMemory({ remote: { usage, queries } });
  return { ...context, sizes: usualSizes };
}

const few = ['Id', 'LastName'];
const question = { asked: 'auto', fields: few, callsLeft: null } as const;
const used = expect.objectContaining({ code: 'API_BUDGET_EXHAUSTED' });

describe('an org whose bulk jobs of the day are used up', () => {
  it('is read by REST queries, where the share holds these', async () => {
    expect(await chooseApi(org(0), { ...question, total: 1_000_000, callsLeft: 600 })).toMatchObject({
      api: 'rest',
    });
  });

  it.each([
    [1_000_000, 100],
    [20_000, 24],
  ])('is not read by jobs where the share does not hold these: %i', async (total, callsLeft) => {
    const refused = chooseApi(org(0), { ...question, total, callsLeft });
    await expect(refused).rejects.toEqual(used);
    await expect(refused).rejects.toMatchObject({ hint: expect.not.stringContaining('--api bulk') });
    await expect(refused).rejects.toThrow('bulk query jobs left');
  });
});

it('an org that has fewer jobs left than the work takes is read by REST queries', async () => {
  const total = 50_000_000;
  expect(await chooseApi(org(150), { ...question, total })).toMatchObject({ api: 'rest' });
  expect(await chooseApi(org(300), { ...question, total })).toMatchObject({ api: 'bulk' });
});

it('an org that does not tell how many jobs are left is read by them', async () => {
  expect(await chooseApi(org(null), { ...question, total: 1_000_000 })).toMatchObject({ api: 'bulk' });
});

it('an org is read by jobs where the share does not hold the REST queries, though few jobs are left', async () => {
  const scarce = { ...question, total: 1_000_000, callsLeft: 100 };
  expect(await chooseApi(org(4), scarce)).toMatchObject({ api: 'bulk' });
  await expect(chooseApi(org(3), scarce)).rejects.toEqual(used);
});

it('a copy that the share will hold says when, which its watch keeps to: each try takes calls of the share', async () => {
  const asked: number[] = [];
  const fitsAfterMs = async (calls: number) => {
    asked.push(calls);
    return 5 * 3_600_000;
  };
  const refused = chooseApi(org(null), { ...question, total: 1_000_000, callsLeft: 10, fitsAfterMs });
  await expect(refused).rejects.toMatchObject({
    code: 'API_BUDGET_EXHAUSTED',
    message: expect.stringContaining('in 5h'),
    details: { retryAfterMs: 5 * 3_600_000 },
  });
  expect(asked).toEqual([50]);
});

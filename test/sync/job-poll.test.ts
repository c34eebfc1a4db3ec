import { expect, it } from 'vitest';
import type { SyncContext } from '../../src/sync/context.ts';
import { awaitBulkJob } from '../../src/sync/read/bulk-job.ts';

/** How many requests tell of a job that ends after so long, and how much later its end is known, ms. */
async function asked(endsMs: number): Promise<{ requests: number; lateMs: number }> {
  let now = 0;
  let requests = 0;
  const clock = {
    now: () => now,
    monotonicMs: () => now,
    sleep: async (ms: number) => {
      now += ms;
    },
  };
  const info = async () => {
    requests++;
    return { id: '750000000000001AAA', state: now >= endsMs ? 'JobComplete' : 'InProgress' };
  };
  const context = { remote: { bulk: { info } }, clock } as unknown as SyncContext;
  await awaitBulkJob(context, '750000000000001AAA');
  return { requests, lateMs: now - endsMs };
}

const minuteMs = 60_000;

it.each([
  { endsMs: 2_000, most: 8, lateMs: 3_000 },
  { endsMs: 10 * minuteMs, most: 60, lateMs: 30_000 },
  { endsMs: 60 * minuteMs, most: 130, lateMs: 180_000 },
  { endsMs: 350 * minuteMs, most: 300, lateMs: 300_000 },
])(
  'a job of $endsMs ms is asked for $most times at most, and told $lateMs ms late at most',
  async (given) => {
    const { requests, lateMs } = await asked(given.endsMs);
    expect(requests).toBeLessThanOrEqual(given.most);
    expect(lateMs).toBeLessThanOrEqual(given.lateMs);
  },
);

import type { SyncContext } from '../../context.ts';
import type { LostNote } from '../../ports/outbox-entry.ts';
import { doubtCoverage } from './doubt-coverage.ts';
import { pastEndMs } from './open-doubts.ts';
import { jobRestMs, orgNow, setBackMs } from './org-now.ts';

/** Rows of a job that was lost may be worked off so long; an end that lies further ahead was noted before a clock was set back. */
const mostAheadMs = jobRestMs + setBackMs;

/**
 * Notes which updates, deletes and upserts that were cut are surely over: what the org has begun holds its coverage back
 * until it is committed. An entry may have been repeated and be done long before, but what is sent behind it would be undone
 * by its first request. One call where one may be over by now, or where the end of one is not known. To be called by whoever holds the
 * drain lease. Throws where Salesforce cannot be asked.
 */
export async function settleLost(
  context: Pick<SyncContext, 'mirror' | 'remote' | 'records'>,
  options: { signal: AbortSignal },
): Promise<void> {
  const { outbox } = context.mirror;
  const lost = await outbox.lostRequests();
  const now = orgNow(context);
  const isDue = lost.some(
    ({ endedOrgAt }) =>
      endedOrgAt === null || now === null || now >= endedOrgAt + pastEndMs || now < endedOrgAt - mostAheadMs,
  );
  if (!isDue) return;
  const coverage = await doubtCoverage(context, null, options);
  if (coverage === null) return;
  const { covered, asOf } = coverage;
  await outbox.noteLost(
    lost.flatMap(({ entry: { key }, endedOrgAt }): LostNote[] => {
      // A clock that was set back says nothing of the time before.
      if (endedOrgAt === null || asOf < endedOrgAt - mostAheadMs) return [{ key, endedOrgAt: asOf }];
      return covered !== null && covered >= endedOrgAt + pastEndMs ? [{ key, over: asOf }] : [];
    }),
  );
}

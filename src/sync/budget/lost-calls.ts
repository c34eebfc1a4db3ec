import type { ReportedUsage, SlotCalls } from '../ports/call-ledger.ts';
import { dayMs, slotOf } from './call-slots.ts';
import { limitOf, shareOf } from './share.ts';

/**
 * What may have been called in the 24 hours before the counts were lost: as much as the org counts of everybody, less
 * what is known, and no more than pulls may take. It is spread evenly over these hours and so comes back evenly, so that
 * the share of a rolling day is not taken twice and the work yet goes on at its pace.
 */
export function lostCalls(
  reported: ReportedUsage,
  { share, known, lostAt }: { share: number; known: number; lostAt: number },
): SlotCalls[] {
  const counted = Math.min(reported.used, reported.app?.used ?? reported.used);
  const own = limitOf(shareOf(share, reported), 'pull');
  const calls = Math.max(0, Math.min(counted - known, own - known));
  const first = slotOf(lostAt - dayMs);
  const slots = slotOf(lostAt) - first + 1;
  const until = (n: number) => Math.floor((calls * n) / slots);
  return Array.from({ length: slots }, (_, n) => ({
    slot: first + n,
    calls: until(n + 1) - until(n),
  })).filter((one) => one.calls > 0);
}

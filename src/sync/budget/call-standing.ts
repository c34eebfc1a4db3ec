import type { CallLedger, ReportedUsage, SlotCalls } from '../ports/call-ledger.ts';
import { believedUsage } from './believed-usage.ts';
import { slotReturnsAt, spanAt } from './call-slots.ts';
import { callsIn, limitOf, type Share, shareOf } from './share.ts';

/** How an org's calls stand, for people and timetables. */
export interface CallStanding extends Share {
  reported: ReportedUsage | null;
  /** Own calls of the rolling day, of all processes. */
  used: number;
  /** Calls that pulls may still make. */
  left: number;
  slots: readonly SlotCalls[];
  /** When the next own calls count no longer, ms since 1970, and how many; null where none count now. */
  nextReturn: { at: number; calls: number } | null;
  /** When the last of them count no longer. */
  allReturnedAt: number | null;
}

export function standingOf(
  { slots, reported }: { slots: readonly SlotCalls[]; reported: ReportedUsage | null },
  { share: budget, now }: { share: number; now: number },
): CallStanding {
  const share = shareOf(budget, reported);
  const used = callsIn(slots);
  const [next] = slots;
  const last = slots.at(-1);
  return {
    ...share,
    reported,
    used,
    left: Math.max(0, limitOf(share, 'pull') - used),
    slots,
    nextReturn:
      next === undefined ? null : { at: Math.max(now, slotReturnsAt(next.slot)), calls: next.calls },
    allReturnedAt: last === undefined ? null : slotReturnsAt(last.slot),
  };
}

export async function callStanding(
  ledger: CallLedger,
  orgId: string,
  options: { share: number; now: number },
): Promise<CallStanding> {
  const slots = await ledger.callsOf(orgId, spanAt(options.now));
  const reported = believedUsage(await ledger.reported(orgId), options.now);
  return standingOf({ slots, reported }, options);
}

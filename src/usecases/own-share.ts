import { isoTime } from '../base/iso-time.ts';
import type { OwnShare, StretchedWatch } from '../contract/limits.ts';
import type { CallStanding } from '../sync/budget/call-standing.ts';
import type { StretchedInterval } from '../sync/ports/call-ledger.ts';

export function ownShareOf(budget: number, standing: CallStanding): OwnShare {
  const { reported, allowed, used, reserve, left, nextReturn, allReturnedAt } = standing;
  const isTold = reported !== null;
  return {
    budget,
    allowed: isTold ? allowed : null,
    used,
    reserve: isTold ? reserve : null,
    left: isTold ? left : null,
    nextReturn: nextReturn && { at: isoTime(nextReturn.at), calls: nextReturn.calls },
    allReturnedAt: isoTime(allReturnedAt),
  };
}

export function stretchedWatchOf(stretched: StretchedInterval | null): StretchedWatch | null {
  return stretched && { ...stretched, at: isoTime(stretched.at) };
}

import type { ReportedUsage, SlotCalls } from '../ports/call-ledger.ts';
import { slotReturnsAt } from './call-slots.ts';

/** What a call is made for. `look`: somebody asks how the limits stand, which no level of the org forbids. */
export type CallPurpose = 'pull' | 'push' | 'look';

/**
 * The least that an edition with an API has: 15,000 requests a day (Salesforce Developer Limits and Allocations Quick Reference,
 * "API Request Limits and Allocations", Developer Edition). Goes for an org until it has told its own limit.
 */
export const leastDailyLimit = 15_000;

/** Of the share, and calls at least, that pulls leave to pushes. */
const reservedShare = 0.1;
const leastReserved = 5;

/** The org as a whole runs high: pulls and pushes pause at these shares of its limit, and of the app's quota. */
export const pauseAt: Readonly<Record<CallPurpose, number>> = {
  pull: 0.8,
  push: 0.95,
  look: Number.POSITIVE_INFINITY,
};

/** This tool's share of an org's API requests in a rolling day, in calls. */
export interface Share {
  /** What all its calls may come to. */
  allowed: number;
  /** The last part of it, which is the pushes' alone. */
  reserve: number;
}

export function shareOf(budget: number, reported: ReportedUsage | null): Share {
  // Never none, or nothing would ever ask whether the org has raised a limit that it once told as next to nothing.
  const ofOrg = Math.max(1, Math.floor(budget * (reported?.max ?? leastDailyLimit)));
  const allowed = Math.min(ofOrg, reported?.app?.max ?? ofOrg);
  const reserve = Math.min(
    Math.floor(allowed / 2),
    Math.max(leastReserved, Math.ceil(allowed * reservedShare)),
  );
  return { allowed, reserve };
}

/**
 * Whether own calls of a rolling day are more than the org says that anybody may make: it told more before, and may any
 * time again, which only an answer says. No share is such a limit's.
 */
export function hasLimitFallen(reported: ReportedUsage | null, own: number): boolean {
  return reported !== null && (reported.max === 0 || own > reported.max);
}

export function limitOf({ allowed, reserve }: Share, purpose: CallPurpose): number {
  return purpose === 'pull' ? allowed - reserve : allowed;
}

/** Calls that count no longer after a while. */
export interface ReturningCalls {
  inMs: number;
  calls: number;
}

/** When the calls of the slots come back, the soonest first. */
export function returnsOf(slots: readonly SlotCalls[], now: number): ReturningCalls[] {
  return slots
    .map(({ slot, calls }) => ({ inMs: Math.max(0, slotReturnsAt(slot) - now), calls }))
    .sort((a, b) => a.inMs - b.inMs);
}

/** After how long `wanted` more calls fit into `limit`, milliseconds; null where they never do. */
export function roomAfterMs(
  slots: readonly SlotCalls[],
  { wanted, limit, now }: { wanted: number; limit: number; now: number },
): number | null {
  let counted = callsIn(slots);
  if (counted + wanted <= limit) return 0;
  for (const { inMs, calls } of returnsOf(slots, now)) {
    counted -= calls;
    if (counted + wanted <= limit) return inMs;
  }
  return null;
}

export function callsIn(slots: readonly SlotCalls[]): number {
  return slots.reduce((sum, { calls }) => sum + calls, 0);
}

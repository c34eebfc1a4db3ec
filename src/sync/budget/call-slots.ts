import type { SlotSpan } from '../ports/call-ledger.ts';

export const dayMs = 86_400_000;
/** Short enough for calls to come back about as evenly as they were made, long enough for few rows a day. */
export const slotMs = 300_000;

/** The slot of an instant, ms since 1970. */
export function slotOf(at: number): number {
  return Math.floor(at / slotMs);
}

/** Calls of a slot count for 24 hours from its end on, so that none of them stops counting before its own day is over. */
export function slotReturnsAt(slot: number): number {
  return (slot + 1) * slotMs + dayMs;
}

/**
 * The slots that count at `now`. Those ahead of it are there where this machine's clock was set back: they count too, but
 * not those of a clock that was more than a day ahead.
 */
export function spanAt(now: number): SlotSpan {
  return { from: slotOf(now - dayMs), to: slotOf(now + dayMs) };
}

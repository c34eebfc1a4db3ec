import type { SlotSpan } from '../sync/ports/call-ledger.ts';

/** Slots with calls that are kept of an org: more than four days of slots of five minutes, some 20 kB. */
export const mostSlots = 1_200;

/** The day that ended with `last`; a span is a day before and a day after its own instant. */
export function dayBefore(last: number, { from, to }: SlotSpan): SlotSpan {
  return { from: last - Math.ceil((to - from) / 2), to: last };
}

import type { CallLedger } from '../ports/call-ledger.ts';
import type { StoredMirror } from '../ports/stored-mirror.ts';
import { slotMs, slotOf, spanAt } from './call-slots.ts';

const slotsPerHour = 3_600_000 / slotMs;

/**
 * Notes in the ledger what a former version has counted in the mirror, once: it counts for its 24 hours, so that an update
 * gives nobody a second share of the day. Whoever is killed in between, or does so beside another, has at most counted
 * it twice.
 */
export async function takeOverCalls(
  mirror: Pick<StoredMirror, 'formerCalls' | 'forgetFormerCalls'>,
  { ledger, ledgerId, now }: { ledger: Pick<CallLedger, 'reserve'>; ledgerId: string; now: number },
): Promise<void> {
  const former = await mirror.formerCalls();
  if (former.length === 0) return;
  const span = spanAt(now);
  for (const { hour, calls } of former) {
    // When in its hour a call was made is not known: at its end, and before now.
    const slot = Math.min((hour + 1) * slotsPerHour - 1, slotOf(now));
    if (slot < span.from) continue;
    await ledger.reserve(ledgerId, { slot, span, calls, limit: Number.POSITIVE_INFINITY });
  }
  await mirror.forgetFormerCalls();
}

import { mostAheadMs } from '../../base/clock-ahead.ts';
import type { ReportedUsage } from '../ports/call-ledger.ts';

/** What an org has said of its usage, but of no time to come: that would hold until then, whatever is said since. */
export function believedUsage(usage: ReportedUsage | null, now: number): ReportedUsage | null {
  return usage !== null && usage.at > now + mostAheadMs ? null : usage;
}

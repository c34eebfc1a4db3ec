import type { ErrorCode } from '../base/error-codes.ts';
import { runAgain } from '../base/run-again.ts';

const again = `It goes on where it was: ${runAgain}.`;
const report = `Try once more: ${runAgain}. If it stays, please report it with what --verbose shows.`;
const busy = 'Another process works on this org: wait for it, or end it.';

/** What to do about an error whose thrower had nothing more exact to say. */
const hints: Readonly<Partial<Record<ErrorCode, string>>> = {
  BULK_JOB_FAILED: again,
  BULK_JOB_INCOMPLETE: again,
  BULK_JOB_SLOW: again,
  PAGE_INCOMPLETE: again,
  COPY_DIFFERS: again,
  PAGING_STUCK: report,
  UNEXPECTED_COLUMN: report,
  ORG_BUSY: busy,
  MIRROR_BUSY: busy,
  DATA_DIR_BUSY: 'Another process holds a file of the data folder: end it, or try again later.',
  LEASE_LOST: busy,
  LOCK_TIMEOUT: busy,
  SALESFORCE_ERROR: `Try once more: ${runAgain}. If it stays, --verbose shows what was asked.`,
  ORG_UNAVAILABLE: 'Try again later; nothing is lost.',
  REFUSED_FOR_NOW: 'Try again in a minute; nothing is lost.',
  NETWORK_UNREACHABLE: `Check the network and the proxy, then ${runAgain}; nothing is lost.`,
  TIMEOUT: `Check the network and the proxy, then ${runAgain}; nothing is lost.`,
  IN_DOUBT: '"parahack-sync outbox list --state in-doubt" shows it; nothing is sent twice by itself.',
};

export function usualHint(code: ErrorCode): string | null {
  return hints[code] ?? null;
}

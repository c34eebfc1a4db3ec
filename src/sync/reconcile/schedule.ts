/** The last part of the time between two, over which the orgs of an installation are spread. */
const spreadShare = 0.15;

/**
 * Whether a mirror is to be compared with its org again: `everyMs` after it last agreed with it, and by up to a seventh
 * of that earlier, by the org's address, so that orgs that were connected together do not all begin together. Times are
 * the org's, ms since 1970. Pure.
 */
export function isReconcileDue(
  reconciledAt: number,
  { now, everyMs, instanceUrl }: { now: number; everyMs: number; instanceUrl: string },
): boolean {
  return now >= reconciledAt + everyMs * (1 - spreadShare * shareOf(instanceUrl));
}

/** The same of the same text, evenly from 0 to 1. FNV-1a of 32 bits. */
function shareOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}

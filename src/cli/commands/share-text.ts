import { formatDuration } from '../../base/interval.ts';
import type { AppQuota, OwnShare, StretchedWatch } from '../../contract/limits.ts';
import { count, percent } from '../render/quantity.ts';

/** This tool's own calls to an org, as facts. */
export function shareFacts(
  share: OwnShare,
  { app, stretched }: { app: AppQuota | null; stretched: StretchedWatch | null },
): [string, string][] {
  const { allowed, used, reserve, left, nextReturn, allReturnedAt } = share;
  const ofShare =
    allowed === null
      ? `${count(used)} calls, of an unknown share (${percent(share.budget)} of the org's)`
      : `${count(used)} of ${count(allowed)} (${percent(share.budget)} of the org's), ${count(reserve)} kept for pushes, ${count(left)} left for pulls`;
  const facts: [string, string][] = [['this tool', ofShare]];
  if (nextReturn !== null) facts.push(['calls come back', returning(nextReturn, allReturnedAt)]);
  if (app !== null) facts.push(['client app', `${count(app.used)} of its ${count(app.max)}`]);
  if (stretched !== null) {
    const { intervalMs, stretchedMs } = stretched;
    facts.push([
      'interval',
      `stretched from ${formatDuration(intervalMs)} to ${formatDuration(stretchedMs)}, so that the share lasts`,
    ]);
  }
  return facts;
}

function returning({ calls, at }: NonNullable<OwnShare['nextReturn']>, allReturnedAt: string | null): string {
  return at === allReturnedAt
    ? `all ${count(calls)} at ${at}`
    : `${count(calls)} at ${at}, all by ${allReturnedAt}`;
}

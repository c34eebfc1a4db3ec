import type { CallContext } from '../contract/app.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { LimitsItem, LimitsResult } from '../contract/limits.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { ApiBudget } from '../sync/budget/api-budget.ts';
import { ledgerIdOf } from '../sync/budget/ledger-id.ts';
import { namedOrAllOrgs } from './chosen-orgs.ts';
import { budgetOf, type ConnectParts, settleCalls } from './connect-org.ts';
import { lookingOf } from './looking-budget.ts';
import { noOrg } from './no-org.ts';
import { ownShareOf, stretchedWatchOf } from './own-share.ts';
import type { OrgAccess } from './ports/org-access.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

type LimitsParts = OrgDirectory & OrgAccess & Pick<ConnectParts, 'calls' | 'clock' | 'config' | 'log'>;

export async function limits(
  parts: LimitsParts,
  { org }: { org: string | null },
  { signal }: CallContext,
): Promise<LimitsResult> {
  const orgs = await namedOrAllOrgs(parts, org);
  if (orgs.length === 0) throw await noOrg(parts);
  return { orgs: await Promise.all(orgs.map((one) => limitsOf(parts, one, signal))) };
}

async function limitsOf(parts: LimitsParts, org: OrgRecord, signal: AbortSignal): Promise<LimitsItem> {
  const { instanceUrl, alias } = org;
  const item: LimitsItem = {
    instanceUrl,
    alias,
    api: { max: null, remaining: null, used: null, app: null },
    share: {
      budget: org.budget ?? parts.config.apiBudget,
      allowed: null,
      used: 0,
      reserve: null,
      left: null,
      nextReturn: null,
      allReturnedAt: null,
    },
    stretched: null,
    limits: {},
    error: null,
  };
  try {
    await using session = await parts.openSession(org, { signal });
    const budget = budgetOf(parts, org, session);
    const remote = await parts.openRemote(session, { budget: lookingOf(budget) });
    try {
      const { all } = await remote.usage.limits({ signal });
      item.limits = Object.fromEntries(
        Object.entries(all).map(([name, { Max, Remaining }]) => [name, { max: Max, remaining: Remaining }]),
      );
    } catch (error) {
      item.error = errorInfoOf(error);
    }
    await settleCalls(budget, parts);
    return await withStanding(item, budget, await parts.calls.stretched(ledgerIdOf(session.orgId)));
  } catch (error) {
    return { ...item, error: item.error ?? errorInfoOf(error) };
  }
}

/** What the org has just said goes before what was known of it; where it says nothing now, that is told. */
async function withStanding(
  item: LimitsItem,
  budget: ApiBudget,
  stretched: Parameters<typeof stretchedWatchOf>[0],
): Promise<LimitsItem> {
  const standing = await budget.standing();
  const { DailyApiRequests: daily } = item.limits;
  const { reported } = standing;
  const max = daily?.max ?? reported?.max ?? null;
  const used = daily === undefined ? (reported?.used ?? null) : daily.max - daily.remaining;
  const remaining = daily?.remaining ?? (reported && reported.max - reported.used);
  return {
    ...item,
    api: { max, remaining, used, app: reported?.app ?? null },
    share: ownShareOf(item.share.budget, standing),
    stretched: stretchedWatchOf(stretched),
  };
}

import { AppError } from '../base/errors.ts';
import type { CallContext } from '../contract/app.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { LimitsItem, LimitsResult } from '../contract/limits.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Remote } from '../sync/ports/remote.ts';
import { namedOrAllOrgs } from './chosen-orgs.ts';
import { type ConnectParts, connectOrg } from './connect-org.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

type LimitsParts = OrgDirectory & ConnectParts;

export async function limits(
  services: LimitsParts,
  { org }: { org: string | null },
  { signal }: CallContext,
): Promise<LimitsResult> {
  const orgs = await namedOrAllOrgs(services, org);
  if (orgs.length === 0) {
    throw new AppError('LOGIN_REQUIRED', 'No org is connected yet.', {
      hint: 'Run `parahack-sync login` first.',
    });
  }
  return { orgs: await Promise.all(orgs.map((one) => limitsOf(services, one, signal))) };
}

async function limitsOf(services: LimitsParts, org: OrgRecord, signal: AbortSignal): Promise<LimitsItem> {
  const { instanceUrl, alias } = org;
  const budget = org.budget ?? services.config.apiBudget;
  const item: LimitsItem = {
    instanceUrl,
    alias,
    api: { max: null, remaining: null, used: null },
    share: { budget, allowed: null, used: 0 },
    limits: {},
    error: null,
  };
  try {
    // The mirror knows how many calls were this tool's own; without one, there were none.
    if (await services.mirrors.exists(instanceUrl)) {
      await using connected = await connectOrg(services, org, { signal });
      return await tell(item, connected.remote, connected.budget.ownCalls, signal);
    }
    await using session = await services.openSession(org, { signal });
    return await tell(item, await services.openRemote(session), 0, signal);
  } catch (error) {
    return { ...item, error: errorInfoOf(error) };
  }
}

async function tell(
  item: LimitsItem,
  remote: Remote,
  used: number,
  signal: AbortSignal,
): Promise<LimitsItem> {
  const { dailyApiRequests, all } = await remote.usage.limits({ signal });
  const { max, remaining } = dailyApiRequests;
  return {
    ...item,
    api: { max, remaining, used: max - remaining },
    share: { ...item.share, allowed: Math.floor(max * item.share.budget), used },
    limits: Object.fromEntries(
      Object.entries(all).map(([name, { Max, Remaining }]) => [name, { max: Max, remaining: Remaining }]),
    ),
  };
}

import { AppError } from '../../base/errors.ts';
import { changedOrgSteps } from '../../org/changed-org-steps.ts';
import { sameId } from '../../org/record-id.ts';
import type { OrgRecord } from '../org-record.ts';

/** Who has just logged in, as the org itself said. */
export interface LoginIdentity {
  instanceUrl: string;
  orgId: string;
  userId: string;
  username: string;
}

/** What a login means for the orgs that are connected already. */
export type LoginPlan =
  | { kind: 'new' }
  /** The same user of the same org: store the new grant, then revoke the old one. */
  | { kind: 'replace'; org: OrgRecord }
  /** Another user, by the user's own word: the mirror must be described and reconciled before it is used. */
  | { kind: 'replace-user'; org: OrgRecord }
  /** The org answers at another address: calls go there at once, the files move on the user's word. */
  | { kind: 'renamed'; org: OrgRecord; from: string; to: string; replacesUser: boolean };

/**
 * Tells the same org, another user of it, a refreshed sandbox (same URL, other org id) and a renamed My Domain
 * (other URL, same org id) apart. Throws AppError `ORG_CHANGED` or `OTHER_USER`, before anything was stored.
 */
export function planLogin(
  known: readonly OrgRecord[],
  identity: LoginIdentity,
  { replaceUser = false }: { replaceUser?: boolean } = {},
): LoginPlan {
  const atUrl = known.find((org) => [org.instanceUrl, org.apiUrl].includes(identity.instanceUrl));
  if (atUrl !== undefined && !sameId(atUrl.orgId, identity.orgId)) throw orgChanged(atUrl, identity);
  const org = atUrl ?? known.find((candidate) => sameId(candidate.orgId, identity.orgId));
  if (org === undefined) return { kind: 'new' };
  const replacesUser = !sameId(org.userId, identity.userId);
  if (replacesUser && !replaceUser) throw otherUser(org, identity);
  if (org.apiUrl !== identity.instanceUrl) {
    return { kind: 'renamed', org, from: org.apiUrl, to: identity.instanceUrl, replacesUser };
  }
  return replacesUser ? { kind: 'replace-user', org } : { kind: 'replace', org };
}

function orgChanged(org: OrgRecord, { orgId }: LoginIdentity): AppError {
  return new AppError(
    'ORG_CHANGED',
    `${org.instanceUrl} is now another org than the one that was connected.`,
    {
      hint: changedOrgSteps(org.instanceUrl),
      details: { instanceUrl: org.instanceUrl, connectedOrgId: org.orgId, orgId },
    },
  );
}

function otherUser(org: OrgRecord, { username, userId }: LoginIdentity): AppError {
  return new AppError(
    'OTHER_USER',
    `${org.instanceUrl} is connected as ${org.username}, and this login is ${username}.`,
    {
      hint: `Log in as ${org.username}, or add --replace-user: the mirror is then compared anew with what ${username} may see.`,
      details: { instanceUrl: org.instanceUrl, connectedUserId: org.userId, userId },
    },
  );
}

import { AppError } from '../base/errors.ts';
import { changedOrgSteps } from '../org/changed-org-steps.ts';
import { differenceOf } from '../org/same-user.ts';
import type { Credential } from './credential.ts';

/**
 * A mirror is one user's view of one org, so a token of another org or user must never serve it. Null ids
 * are ones that Salesforce did not say. Throws AppError `ORG_CHANGED` or `OTHER_USER`.
 */
export function assertSameUser(
  { instanceUrl, orgId, userId }: Pick<Credential, 'instanceUrl' | 'orgId' | 'userId'>,
  found: { orgId: string | null; userId: string | null },
): void {
  const difference = differenceOf({ orgId, userId }, found);
  if (difference === 'org') {
    throw new AppError('ORG_CHANGED', `${instanceUrl} is now another org than the one that was connected.`, {
      hint: changedOrgSteps(instanceUrl),
      details: { instanceUrl, connectedOrgId: orgId, orgId: found.orgId },
    });
  }
  if (difference === 'user') {
    throw new AppError('OTHER_USER', `The login of ${instanceUrl} now belongs to another user.`, {
      hint: 'Log in again as before, or with --replace-user to see the org as the new user does.',
      details: { instanceUrl, connectedUserId: userId, userId: found.userId },
    });
  }
}

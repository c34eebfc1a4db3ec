import { sameId } from './record-id.ts';

/** As whom an org is seen; an id is null where Salesforce did not say it. */
export interface OrgUser {
  orgId: string | null;
  userId: string | null;
}

/**
 * The one rule of sameness: a mirror, a copy and a login are one user's view of one org. What is not known differs from
 * nothing.
 */
export function differenceOf(known: OrgUser, found: OrgUser): 'org' | 'user' | null {
  if (differ(known.orgId, found.orgId)) return 'org';
  return differ(known.userId, found.userId) ? 'user' : null;
}

function differ(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && !sameId(a, b);
}

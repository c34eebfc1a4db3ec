import { sameId } from '../../org/record-id.ts';
import type { OrgRecord } from '../org-record.ts';

/**
 * The org that stands for its org id: the one that was connected first. Version 0.1.0 could connect one org under
 * two addresses, and two mirrors of one org would each be told of half of what is done.
 */
export function firstOfSameOrg(orgs: readonly OrgRecord[], org: OrgRecord): OrgRecord {
  return orgs
    .filter(({ orgId }) => orgId !== '' && sameId(orgId, org.orgId))
    .reduce((first, other) => (other.createdAt < first.createdAt ? other : first), org);
}

/** `orgs` without those whose org id has been connected before under another address. */
export function eachOrgOnce(orgs: readonly OrgRecord[]): OrgRecord[] {
  return orgs.filter((org) => firstOfSameOrg(orgs, org).instanceUrl === org.instanceUrl);
}

/** Above these, contacts that came or went while an org was copied and counted explain no difference. */
const smallDifference = { contacts: 100, share: 0.01 };

/** Whether changes meanwhile explain that org and mirror do not count the same. */
export function isSmallDifference({ org, mirror }: { org: number; mirror: number }): boolean {
  return Math.abs(org - mirror) <= Math.max(smallDifference.contacts, smallDifference.share * org);
}

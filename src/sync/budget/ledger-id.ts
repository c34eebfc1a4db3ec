/** One name for the same org, however long its id is written: 15 characters, or 18 for those that fold case. */
export function ledgerIdOf(orgId: string): string {
  return orgId.slice(0, 15);
}

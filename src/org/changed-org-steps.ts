/**
 * What to do where an address leads to another org than the one that is connected, for people. A login alone is refused
 * there, so that nobody takes one org for the other.
 */
export function changedOrgSteps(org: string): string {
  return `A refreshed sandbox is a new org. Run "parahack-sync logout ${org}" and log in again; "parahack-sync backfill --fresh" then archives the old mirror and starts over.`;
}

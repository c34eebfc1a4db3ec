import type { OrgRecord } from '../orgs/org-record.ts';

/**
 * Orgs worked on side by side, each with its own concurrency within; their pages take turns at the writer threads. So
 * many that a few large ones do not keep the small ones waiting; each costs some 10 MB.
 */
const maxOrgs = 8;

/** What `work` answers of each org, in the order of `orgs`. */
export async function sideBySide<T>(
  orgs: readonly OrgRecord[],
  work: (org: OrgRecord) => Promise<T>,
): Promise<T[]> {
  const items = new Array<T>(orgs.length);
  const queue = [...orgs.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [i, org] = next;
      items[i] = await work(org);
    }
  };
  await Promise.all(Array.from({ length: Math.min(maxOrgs, orgs.length) }, worker));
  return items;
}

import type { Batch } from '../../../src/sync/ports/mirror.ts';
import type { Gone, Tombstone } from '../../../src/sync/ports/page.ts';
import { storedNames } from './contact-fields.ts';
import type { OrgContact, Read } from './org-history.ts';
import { contactId, csvPage, epoch, queryPage, type Row } from './pages.ts';

export const iso = (ms: number) => new Date(epoch + ms).toISOString();

export function goneOf(seen: OrgContact): Gone | null {
  if (seen.state === 'purged') return 'purged';
  if (seen.hidden) return 'hidden';
  return seen.state === 'live' ? null : seen.state;
}

export const masterOf = (seen: OrgContact) => (seen.state === 'merged' ? contactId(99) : null);

/** What a mirror is told of a read; the history's first contact has the number `base`. */
export function batchOf({ kind, sent, answered, sights }: Read, base: number): Batch {
  if (kind === 'gone') {
    const tombstones = sights.map(({ contact, seen }): Tombstone => {
      const gone = goneOf(seen)!;
      const hasStamp = gone === 'deleted' || gone === 'merged';
      return {
        id: contactId(base + contact),
        gone,
        masterRecordId: masterOf(seen),
        systemModstamp: hasStamp ? iso(seen.stamp) : null,
        evidenceAt: epoch + answered,
      };
    });
    return { tombstones };
  }
  const rows = sights.map(
    ({ contact, seen }): Row => ({
      Id: contactId(base + contact),
      LastName: `Last${contact}`,
      Visits__c: seen.value,
      SystemModstamp: iso(seen.stamp),
      IsDeleted: seen.state !== 'live',
      MasterRecordId: masterOf(seen),
    }),
  );
  const page = sent % 2 === 0 ? queryPage : csvPage;
  return { page: page(storedNames, rows, epoch + sent, { answeredAt: () => epoch + answered }) };
}

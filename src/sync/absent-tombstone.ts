import type { Tombstone } from './ports/page.ts';

/**
 * A deletion bears the time at which it was made, and nobody sees it before its transaction is committed. Salesforce
 * tells of no longest one; hours are known.
 */
const longestTransactionMs = 86_400_000;

/** A record of the mirror that queryAll does not know any more. */
export interface AbsentRecord {
  id: string;
  /** The earliest time that a deletion of it can bear of which nobody has heard, ms since 1970. */
  deletedFrom: number;
  /** When the answer that did not know it had arrived, ms. */
  evidenceAt: number;
}

/** What `deleted` names, and since when it is told for sure (`deletedSince`). */
export interface DeletedList {
  ids: ReadonlySet<string>;
  since: number;
}

/** See `AbsentRecord.deletedFrom`; `readAt`: when the record was last asked for and there, ms since 1970. */
export function deletedFrom(readAt: number): number {
  return readAt - longestTransactionMs;
}

/**
 * What `deleted` names was purged. Of the rest, what cannot have been deleted before its list begins is not deleted and
 * therefore hidden by sharing; what can may be either, and is taken for purged, because an erased person's values must
 * not stay. Pure.
 */
export function tombstoneOfAbsent(
  { id, deletedFrom: from, evidenceAt }: AbsentRecord,
  { ids, since }: DeletedList,
): Tombstone {
  const gone = ids.has(id) || from < since ? 'purged' : 'hidden';
  return { id, gone, masterRecordId: null, systemModstamp: null, evidenceAt };
}
